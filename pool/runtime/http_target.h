#pragma once

#include <string_view>

#include "pool/runtime/http_message.h"

namespace pool {

/// Splits and decodes a request target ("/a%20b?x=1") into path and query of `request`.
/// False unless it starts with '/', has printable ASCII only, no '#', every '%' before two hex
/// digits, and no NUL in what they encode. '+' in the query is a space.
[[nodiscard]] bool read_target(std::string_view target, HttpRequest& request);

}  // namespace pool
