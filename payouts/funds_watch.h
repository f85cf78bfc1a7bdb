#pragma once

#include <chrono>

#include "pool/base/time.h"
#include "pool/base/types.h"

namespace payouts {

/// What a look at the books and the wallet found.
struct FundsSeen {
    pool::Sats difference{};  ///< what the books say beyond what the wallet has
    pool::Sats lacking{};     ///< of it, what nothing on its way explains; never negative
    bool behind = false;      ///< the wallet has yet to see blocks that the books count
    bool above_max = false;   ///< of payouts.hot_wallet_max
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
    /// People say that it is good now.
    void hasten() { next_ = {}; }
    /// True: told() is another than before. A wallet that is behind lacks nothing yet.
    bool saw(const FundsSeen& seen, pool::SteadyTime now);
    const FundsSeen& told() const { return told_; }
    /// Told or not: what is missing at a first look may be there at the second, and until then
    /// nothing should leave.
    bool doubtful() const { return last_.behind || last_.lacking > pool::Sats{}; }

private:
    pool::SteadyTime next_{};
    FundsSeen last_;  // look
    FundsSeen told_;
};

}  // namespace payouts
