#pragma once

#include <array>
#include <cstdint>

#include "pool/base/bytes.h"

namespace pool {

/// RIPEMD-160 of the SHA-256: how addresses name keys and scripts.
std::array<std::uint8_t, 20> hash160(ByteSpan bytes);

}  // namespace pool
