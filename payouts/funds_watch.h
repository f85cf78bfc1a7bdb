#pragma once

#include <chrono>

#include "pool/base/time.h"
#include "pool/base/types.h"

namespace payouts {

/// What a look at the books and the wallet found.
struct FundsSeen {
    pool::Sats difference;   ///< what the books say beyond what the wallet has
    bool above_max = false;  ///< of payouts.hot_wallet_max
    friend bool operator==(const FundsSeen&, const FundsSeen&) = default;
};

/// When to compare the books with the wallet, and what of it to tell. A block or payment that one
/// of the two has seen and the other not yet makes a difference of seconds: only one that a second
/// look finds again is told. Pure.
class FundsWatch {
public:
    static constexpr std::chrono::minutes look_every{5};
    static constexpr std::chrono::minutes look_again{1};  ///< after a difference, or no answer

    bool due(pool::SteadyTime now) const { return now >= next_; }
    /// The wallet did not answer.
    void missed(pool::SteadyTime now) { next_ = now + look_again; }
    /// True: told() is another than before.
    bool saw(const FundsSeen& seen, pool::SteadyTime now);
    const FundsSeen& told() const { return told_; }

private:
    pool::SteadyTime next_{};
    bool differed_ = false;  // at the last look
    FundsSeen told_;
};

}  // namespace payouts
