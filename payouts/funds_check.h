#pragma once

#include <algorithm>
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
    pool::Sats difference;   ///< what the books say beyond what the wallet has; 0 is right
    std::string unseen;      ///< a block that the books count and the wallet does not; "": none
    bool above_max = false;  ///< the wallet holds more than payouts.hot_wallet_max

    /// What is missing in the wallet, whatever is on its way. A wallet that has not seen all
    /// blocks (unseen) lacks what it has yet to see.
    pool::Sats lacking() const { return std::max(pool::Sats{}, difference - change); }
};

}  // namespace payouts
