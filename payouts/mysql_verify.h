#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/bitcoin/transaction.h"

/// The books made again from what they were made of. Reads only; one snapshot.
namespace payouts {

struct LedgerCheck {
    std::uint64_t events = 0;
    std::uint64_t transfers = 0;
    std::uint64_t accounts = 0;
    std::uint64_t blocks = 0;           ///< whose credit was computed again
    std::uint64_t blocks_unproven = 0;  ///< found before it was stored what their coinbase is in
    /// That say a head which no sealed slot has: of slots that a failover or a restore has lost.
    std::uint64_t heads_unknown = 0;
    std::optional<pool::BlockHash> head_unknown_in;  ///< the first of these blocks
    std::uint64_t slots = 0;
    std::uint64_t records_given_up = 0;  ///< by acceptgap: in no slot, and no difference
    std::uint64_t adjustments = 0;       ///< events that follow from people's word alone
    /// What coinbases of credited blocks pay, by script: that these are the pool's nobody here can
    /// tell.
    std::map<pool::Script, pool::Sats> paid_to;
    pool::Digest head{};     ///< of the chain of events
    std::string difference;  ///< the first one, a sentence; empty: none
    pool::Sats off;          ///< by how many satoshi, where it is about satoshi
    bool good() const { return difference.empty(); }
};

/// Makes everything again and compares:
/// slots: sums from the buckets, roots, and the chain; events: their hashes, one after the other,
/// to the head; each block's credit: the window from the slots, the split, the transfers; maturing
/// and reversal from the accrual; every balance from the transfers; accounts' totals from the
/// slots. Memory grows with the number of ledger accounts and with the largest event. Errors:
/// unavailable. A difference is no error.
pool::Result<LedgerCheck> verify_ledger(MysqlConnection& db);

/// The same in a transaction that is open.
pool::Result<LedgerCheck> verify_inside(MysqlConnection& db);

}  // namespace payouts
