#pragma once

#include <cstdint>
#include <span>

namespace pool {

/// CRC-32C (Castagnoli, RFC 3720): the checksum that processors have an instruction for.
std::uint32_t crc32c(std::span<const std::uint8_t> bytes);

}  // namespace pool
