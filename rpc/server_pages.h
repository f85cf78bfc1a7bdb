#pragma once

#include <optional>

#include "pool/runtime/http_message.h"

namespace rpc {

/// The file of the pages that is asked for ("/" is the first of them); nothing when there is none.
/// Compressed (RFC 9110, 8.4.1) for who takes gzip: all files of one language are 25 KB then.
std::optional<pool::HttpResponse> page_at(const pool::HttpRequest& request);

}  // namespace rpc
