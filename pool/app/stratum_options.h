#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "pool/app/config.h"
#include "pool/crypto/header_hasher.h"
#include "stratum/server.h"

namespace pool {

inline constexpr std::uint8_t rolled_bytes = 8;

/// How loop number `loop` of `loops` serves miners. Draws the shard's seed.
/// Its gate is still to be set.
stratum::ServerOptions stratum_options(const Config& config, const HeaderHasher& hasher,
                                       std::size_t loop, std::size_t loops);
/// What the configuration asks for, or what is fastest on this machine. Errors: invalid.
Result<HeaderHasher> choose_hasher(const std::string& kernel);
/// Where miners may connect: the first port, then the [[listener]]s.
std::vector<Endpoint> stratum_endpoints(const Config& config);
/// The gate of all loops: with no cap in the configuration, nine tenths of the open files that the
/// system allows this process.
stratum::GateOptions gate_options(const Config& config);

}  // namespace pool
