#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "payouts/payout_batch.h"
#include "pool/base/result.h"
#include "pool/bitcoin/address.h"
#include "pool/node/wallet.h"

namespace payouts {

/// Makes the transactions of payouts with a wallet that is not believed: what it makes is decoded
/// and compared, byte for byte, before it is signed and after.
///
/// A batch has one address for its change, however often its transactions are made: a node gives
/// out a new one each time that it is not told, and a backup of its wallet finds a thousand.
///
/// Errors besides the wallet's: refused, when what came back is not what was asked for.
class PayoutMaker {
public:
    PayoutMaker(pool::Wallet& wallet, pool::Chain chain, const PayoutCaps& caps)
        : wallet_(wallet), chain_(chain), caps_(caps)
    {
    }

    /// The next attempt of a batch that has an anchor. busy: coins of other batches.
    /// fee_rate: wanted; a replacement pays more than what it replaces in any case.
    pool::Result<PayoutTx> make(const PayoutBatch& batch, TxPurpose purpose, std::uint32_t fee_rate,
                                const std::set<pool::OutPoint>& busy);
    /// Nothing more is made for the batch.
    void forget(std::uint64_t batch) { change_.erase(batch); }
    /// The whole transaction of `tx`, from its PSBT as others have signed it.
    /// Errors besides: invalid, when it is another transaction.
    pool::Result<PayoutTx> take_signed(const PayoutTx& tx, const std::string& signed_psbt);

private:
    pool::Result<std::vector<pool::Coin>> choose_coins(const PayoutBatch& batch, TxPurpose purpose,
                                                       std::uint32_t fee_rate,
                                                       const std::set<pool::OutPoint>& busy);
    pool::Result<PayoutTx> fund(const PayoutBatch& batch, TxPurpose purpose,
                                const std::vector<pool::Coin>& coins, std::uint32_t fee_rate);
    pool::Result<void> check_outputs(const PayoutBatch& batch, TxPurpose purpose,
                                     const pool::Transaction& tx);
    pool::Result<void> check_fee(const PayoutBatch& batch, TxPurpose purpose, pool::Sats fee) const;
    pool::Result<PayoutTx> whole(PayoutTx tx, const std::string& signed_psbt);
    std::string change_of(const PayoutBatch& batch) const;

    pool::Wallet& wallet_;
    pool::Chain chain_;
    PayoutCaps caps_;
    std::map<std::uint64_t, std::string> change_;  // of batches whose last try may have failed
};

/// What the batch's stored transactions spend.
std::vector<pool::OutPoint> coins_of(const PayoutBatch& batch);

}  // namespace payouts
