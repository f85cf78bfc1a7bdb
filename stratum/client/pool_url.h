#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pool/base/result.h"
#include "stratum/v2/noise_keys.h"

namespace stratum::client {

/// Where a miner is told to mine.
struct PoolUrl {
    std::string address;  ///< "host:port" as it stood there; nothing has been looked up
    bool v2 = false;
    std::optional<v2::XOnlyKey> authority;  ///< whom to trust; nothing: anybody
};

/// "stratum+tcp://host:port" (the scheme may be missing), or "stratum2+tcp://host:port/KEY" with
/// the key of the pool's authority, which may be missing. Errors: invalid, when the key is none.
pool::Result<PoolUrl> parse_pool_url(std::string_view url);

/// What its owner has to know before he mines there; "" when there is nothing.
std::string_view warning_of(const PoolUrl& url);

}  // namespace stratum::client
