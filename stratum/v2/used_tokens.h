#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "pool/base/time.h"
#include "stratum/v2/mining_token.h"

namespace stratum::v2 {

/// Which mining job tokens were used: of all loops of a server, so that each declares one job
/// whichever loop its miner has come to. Remembers each for as long as it could come again, in
/// bounded memory, and no account can take all of that. Thread-safe.
class UsedTokens {
public:
    static constexpr std::size_t tokens_max = std::size_t{1} << 18;  ///< within their hour
    static constexpr std::size_t of_account_max = std::size_t{1} << 13;

    enum class Use : std::uint8_t {
        first,
        again,     ///< it was used before
        too_many,  ///< of this account, or of all: not used
    };
    /// Uses a token up.
    Use use(const MiningToken& token, pool::UnixTime now);
    bool contains(std::uint64_t serial) const;

private:
    struct Entry {
        pool::UnixTime at;
        std::uint64_t serial = 0;
        std::uint64_t account = 0;
    };
    void forget_expired(pool::UnixTime now);

    mutable std::mutex mutex_;
    std::deque<Entry> order_;  // oldest first
    std::unordered_set<std::uint64_t> serials_;
    std::unordered_map<std::uint64_t, std::size_t> of_account_;
};

}  // namespace stratum::v2
