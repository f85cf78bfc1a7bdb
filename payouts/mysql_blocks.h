#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "payouts/blocks.h"
#include "payouts/ledger.h"
#include "payouts/mysql_connection.h"
#include "payouts/mysql_lease.h"
#include "payouts/mysql_window.h"
#include "payouts/pplns.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/uint256.h"

/// Found blocks in MySQL and the entries of their life. Each function is a transaction of its own
/// unless it says otherwise, and may be repeated.
namespace payouts {

/// The reverse of to_string(BlockState).
BlockState block_state_of(std::string_view text);
/// What block_found.books holds.
BlockBooks books_of(std::string_view text);

/// With the usual fee that is in force when it is found, which is frozen with it. found_at: later
/// than MySQL's now it is taken for now, for a clock that is ahead would leave the block's window
/// open behind it, and keep terms from changing until then.
pool::Result<void> insert_found(MysqlConnection& db, FoundBlock block);
/// The same answer twice is one.
pool::Result<void> insert_answer(MysqlConnection& db, const BlockAnswer& answer);
pool::Result<std::vector<WatchedBlock>> read_watched(MysqlConnection& db);
/// Of the 200 highest blocks that stand in the chain.
struct ChainCoinbase {
    pool::BlockHash block;
    pool::TxId txid;
};
pool::Result<std::vector<ChainCoinbase>> coinbases_in_chain(MysqlConnection& db);
/// `unknown` changes nothing: the node may be syncing.
pool::Result<void> write_sighting(MysqlConnection& db, const BlockSighting& sighting);

/// A block whose life is not over, and the newest of those that matured.
struct OpenBlock {
    pool::BlockHash hash;
    pool::Height height;
    std::uint64_t epoch = 1;
    BlockView view;
};
/// Those for which something may be due: credited ones, the oldest 500 that may be credited or
/// are to be shown as orphaned, and the newest that matured.
pool::Result<std::vector<OpenBlock>> read_open_blocks(MysqlConnection& db,
                                                      std::uint64_t sealed_through);

/// Carries a plan out: its entries, the state of the block and, for an alarm, the hold of payouts,
/// together. Looks under a lock first, and does nothing when the block has moved on meanwhile.
struct BlockTask {
    OpenBlock block;
    BlockPlan plan;
    pool::UnixMillis now;
};
/// Errors besides: conflict, when the lease is lost or the event's key was used.
pool::Result<void> carry_out(MysqlConnection& db, Lease& lease, const BlockTask& task);

/// The key of a block's event: "block:<hash>:accrue:1".
std::string event_key(const pool::BlockHash& hash, std::string_view what, std::uint64_t epoch);

/// A block as its credit needs it.
struct PaidBlock {
    pool::Sats reward;
    std::uint64_t found_slot = 0;
    unsigned fee_bps = 0;
};
/// What the event of a block's first credit says of its window, as JSON. n: in force.
std::string accrual_payload(const PaidBlock& block, const WindowFound& window, pool::U128 n);

/// What a block paid in one epoch, frozen when it was first credited, terms included. By account.
pool::Result<std::vector<Credit>> read_credits(MysqlConnection& db, const pool::BlockHash& hash,
                                               std::uint64_t epoch);

}  // namespace payouts
