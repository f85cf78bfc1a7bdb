#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rpc/pool_view.h"

namespace rpc {

inline constexpr std::string_view exposition_content_type =
    "text/plain; version=0.0.4; charset=utf-8";

/// Prometheus' text format, families in the order in which they first appear.
std::string exposition(const std::vector<Metric>& metrics);

}  // namespace rpc
