#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rpc {

/// A QR code (ISO/IEC 18004, error correction M) of `text` as a picture for pages: dark on light
/// with the four modules of margin that readers want, whatever the page's colours are. Nothing for
/// a text that is empty or too long for a code (2,331 bytes).
std::optional<std::string> qr_svg(std::string_view text);

/// May a page's host stand in a URL: a name, an IPv4 address, or an IPv6 address in brackets?
bool is_host(std::string_view text);

}  // namespace rpc
