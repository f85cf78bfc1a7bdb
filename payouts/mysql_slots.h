#pragma once

#include <cstdint>
#include <string_view>

#include "payouts/fold.h"
#include "payouts/mysql_connection.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/time.h"

/// Sealing in MySQL: sums, trees and the chain of slots. Statements only, but for the walk over a
/// slot's leaves, which is as long as the slot and is never held in memory.
namespace payouts {

/// Keeps the leaves of a batch until their slots are sealed. Inside the batch's transaction.
pool::Result<void> add_leaves(MysqlConnection& db, std::string_view producer, const Folded& folded);

/// All slots up to here are sealed. lock: until the end of the transaction.
pool::Result<std::uint64_t> read_sealed_through(MysqlConnection& db, bool lock);

/// The database's own time, the only one that all servers on it share.
pool::Result<pool::UnixMillis> server_clock(MysqlConnection& db);

/// Seals slots in order up to `through`, at most 20 that hold something. Inside a transaction that
/// holds the lock. Returns how far they are sealed.
/// Errors besides: refused, when the leaves of a slot are not those of its sums.
pool::Result<std::uint64_t> seal_slots(MysqlConnection& db, std::uint64_t sealed_through,
                                       std::uint64_t through, pool::UnixMillis now);

/// Puts `score` of the reserve into slot 0, if nothing was sealed before. True: it is there.
pool::Result<bool> seed_reserve(MysqlConnection& db, pool::U128 score, pool::UnixMillis now);

/// The chain's hash of the newest sealed slot that holds something; zeros before the first.
pool::Result<pool::Digest> read_chain_head(MysqlConnection& db);

}  // namespace payouts
