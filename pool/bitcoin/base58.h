#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pool/base/bytes.h"

namespace pool {

/// Longest text that base58check_decode looks at; an address has at most 35 characters.
inline constexpr std::size_t base58_text_max = 64;

/// Base58 of the bytes and the first four bytes of their sha256d.
std::string base58check_encode(ByteSpan bytes);
/// The bytes without their checksum; nothing when a character or the checksum is wrong, or the
/// text is longer than base58_text_max.
std::optional<Bytes> base58check_decode(std::string_view text);

}  // namespace pool
