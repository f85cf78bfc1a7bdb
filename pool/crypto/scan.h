#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "pool/base/uint256.h"

namespace pool {

inline constexpr std::size_t header_bytes_before_nonce = 76;

/// Looks for a nonce that brings a header's hash to `target` or below: what a miner does. The first
/// 64 bytes are hashed once, so that a nonce costs two compressions.
///
/// Tries first, first + 1, … up to `count` nonces, and stops after the last one there is
/// (0xffffffff). Returns the first that does.
std::optional<std::uint32_t> scan_nonces(
    std::span<const std::uint8_t, header_bytes_before_nonce> header, std::uint32_t first,
    std::uint64_t count, const Uint256& target);

}  // namespace pool
