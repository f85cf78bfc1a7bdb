#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "payouts/blocks.h"
#include "payouts/ledger.h"
#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/uint256.h"

/// Found blocks in MySQL and the entries of their life. Each function is a transaction of its own
/// unless it says otherwise, and may be repeated.
namespace payouts {

/// The reverse of to_string(BlockState).
BlockState block_state_of(std::string_view text);

/// fee_bps: in force when it was found; frozen with it.
pool::Result<void> insert_found(MysqlConnection& db, const FoundBlock& block, unsigned fee_bps);
pool::Result<std::vector<WatchedBlock>> read_watched(MysqlConnection& db);
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

/// Carries a plan out: its entries in the ledger and the state of the block, together. Looks
/// again under a lock first, and does nothing when the block has moved on meanwhile.
struct BlockTask {
    OpenBlock block;
    BlockPlan plan;
    pool::U128 window_score = 0;
    pool::UnixMillis now;
};
pool::Result<void> carry_out(MysqlConnection& db, const BlockTask& task);

}  // namespace payouts
