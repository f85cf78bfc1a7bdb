#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "payouts/payout_plan.h"
#include "payouts/payout_rules.h"
#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/node/wallet.h"

/// A payout batch as it is written down, and as people are shown it.
namespace payouts {

struct PayoutApproval {
    std::string admin;
    pool::Digest digest{};
    pool::UnixMillis at;
};

/// One of a batch's transactions. All of them spend the anchor.
struct PayoutTx {
    std::uint32_t attempt = 0;  ///< 1, 2, 3, …
    TxPurpose purpose = TxPurpose::pay;
    pool::TxId txid;   ///< of the unsigned one until it is whole (the same, if inputs are segwit)
    std::string psbt;  ///< unsigned, base64
    pool::Bytes raw;   ///< empty until it is signed
    pool::Sats fee;
    pool::TxStanding standing;  ///< not stored: as the wallet says
};

/// Somebody's word that a transaction which is none of the payout's own has spent its anchor.
struct PayoutWriteoff {
    pool::TxId spent_by;
    std::string asked_by;
    std::string approved_by;    ///< empty: it waits for another person
    pool::TxStanding standing;  ///< of spent_by; not stored
};

struct PayoutBatch {
    std::uint64_t id = 0;
    std::string request_id;  ///< whoever asks again with the same gets the same batch
    BatchState state = BatchState::draft;
    bool offline = false;  ///< signed elsewhere: exportpsbt and importpsbt
    FeePayer fee_payer = FeePayer::pool;
    pool::Sats total;    ///< of all items' amounts
    pool::Sats fee_max;  ///< of any one of its transactions
    pool::Digest digest{};
    std::string created_by;
    pool::UnixMillis created_at;
    std::optional<pool::OutPoint> anchor;
    std::uint32_t bump_rate = 0;  ///< satoshi a virtual byte that somebody wants; 0: nobody
    std::vector<PayoutItem> items;
    std::vector<PayoutApproval> approvals;
    std::vector<PayoutTx> txs;              ///< oldest first
    std::vector<PayoutWriteoff> writeoffs;  ///< one of them is approved at most
    std::vector<PassedOver> passed_over;    ///< of a new one only
    std::string trouble;                    ///< why it does not go on; not stored
};

/// What the books say about the coins, in satoshi.
struct BookedFunds {
    pool::Sats wallet;      ///< asset:wallet
    pool::Sats immature;    ///< asset:coinbase_immature
    pool::Sats uncredited;  ///< blocks in the chain that are not in the books yet
    pool::Sats orphaned;    ///< credited blocks, not mature, that are not in the chain now
};

/// The name by which the schedule creates drafts: no person.
inline constexpr std::string_view schedule_name = "schedule";

/// Two people stand behind every payment: its creator and one more, or two approvers of a draft
/// that the schedule has made.
inline std::size_t approvals_needed(const PayoutBatch& batch)
{
    return batch.created_by == schedule_name ? 2 : 1;
}

}  // namespace payouts
