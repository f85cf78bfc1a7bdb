#pragma once

#include <cstddef>
#include <cstdint>

#include "pool/app/config.h"
#include "pool/crypto/header_hasher.h"
#include "stratum/server.h"

namespace pool {

inline constexpr std::uint8_t rolled_bytes = 8;  ///< of the extranonce, the miner's own

/// What the configuration means for one Stratum loop of `loops`. Draws the shard's seed.
stratum::ServerOptions stratum_options(const Config& config, const HeaderHasher& hasher,
                                       std::size_t loop, std::size_t loops);

}  // namespace pool
