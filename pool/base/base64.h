#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pool/base/bytes.h"

namespace pool {

/// Padded base64 (RFC 4648, section 4). Nothing for any other character, a wrong length or padding,
/// or bits set that stand for no byte. An empty text gives no bytes.
std::optional<Bytes> from_base64(std::string_view text);
std::string to_base64(ByteSpan bytes);

}  // namespace pool
