#pragma once

#include <cstdint>
#include <string>

#include "pool/base/time.h"
#include "pool/base/types.h"

/// Coins that came into the wallet, or left it, without a block or a payout: the books hear of
/// them from two people (docs/money.md, "Coins from elsewhere").
namespace payouts {

struct CoinWish {
    bool in = false;  ///< into the wallet; else out of it
    /// An account's name, "pool:reserve", "pool:fee", "pool:donation" or, only out, "pool:network".
    std::string whose;
    pool::Sats amount;   ///< > 0
    std::string reason;  ///< for whoever approves it and for auditors: the transaction's id
    /// The asker's own name for it: asked again with the same one, the same entry is the answer.
    /// Empty: each time is another.
    std::string request_id{};
};

struct CoinEntry {
    std::uint64_t id = 0;
    CoinWish wish;
    std::string asked_by;
    pool::UnixMillis asked_at;
    std::string booked_by;  ///< empty: it waits for another person, and nothing has moved
};

}  // namespace payouts
