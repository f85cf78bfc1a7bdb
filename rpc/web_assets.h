#pragma once

#include <span>
#include <string_view>

namespace rpc {

/// A file of the pages, built into the program.
struct WebAsset {
    std::string_view path;  ///< "/app.js"
    std::string_view content_type;
    std::string_view body;
};

/// All of them. CMake makes the source of this from rpc/web when it configures.
std::span<const WebAsset> web_assets();

}  // namespace rpc
