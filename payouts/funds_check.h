#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "payouts/payout_batch.h"
#include "pool/base/types.h"
#include "pool/node/wallet.h"

namespace payouts {

/// The books against the wallet, in satoshi.
struct FundsCheck {
    BookedFunds books;
    pool::Sats in_flight;  ///< left the wallet by payouts that the books have not settled
    /// Own outputs of payments that wait to be mined. A wallet does not show those of a payment
    /// that its node's mempool has dropped.
    pool::Sats change;
    pool::WalletTotals wallet;
    /// Booked as come in (bookcoins) later than the chain's time that the wallet's node has
    /// reached: in the books, and perhaps in a block that it has yet to see.
    pool::Sats recent;
    pool::Sats difference;  ///< what the books say beyond what the wallet has; 0 is right
    std::string unseen;     ///< a block that the books count and the wallet does not; "": none
    std::uint64_t unseen_payout = 0;  ///< ended in the books, and the wallet does not know; 0: none
    bool above_max = false;           ///< the wallet holds more than payouts.hot_wallet_max

    /// What is missing in the wallet, whatever is on its way and whatever it may have yet to see.
    /// One that is behind() lacks more only until it has seen it.
    pool::Sats lacking() const { return std::max(pool::Sats{}, missing() - recent); }
    /// The wallet's node stands at an older block than the books: what it lacks proves nothing.
    bool behind() const
    {
        const bool explained = lacking() == pool::Sats{} || !unseen.empty() || unseen_payout > 0;
        return missing() > pool::Sats{} && explained;
    }
    pool::Sats missing() const { return difference - change; }
};

}  // namespace payouts
