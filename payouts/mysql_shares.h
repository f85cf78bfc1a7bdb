#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "payouts/fold.h"
#include "payouts/mysql_connection.h"
#include "payouts/pplns.h"
#include "pool/base/result.h"
#include "pool/base/time.h"

/// Shares in MySQL: producers' marks, buckets, slots. Statements only; the rules are in fold and
/// slots. What must happen together is called inside one Transaction.
namespace payouts {

struct KnownProducer {
    std::string name;
    std::uint64_t mark = 0;
    pool::UnixMillis watermark;
    bool retired = false;
};
pool::Result<std::vector<KnownProducer>> read_producers(MysqlConnection& db);
/// Makes its row if there is none.
pool::Result<void> ensure_producer(MysqlConnection& db, std::string_view name);
/// 0 for an unknown one.
pool::Result<std::uint64_t> read_mark(MysqlConnection& db, std::string_view name);
/// Mark, watermark and handles.
pool::Result<ProducerState> read_state(MysqlConnection& db, std::string_view name);
/// Nothing waits for a retired producer; its next record brings it back.
pool::Result<void> retire_producer(MysqlConnection& db, std::string_view name);

/// Moves the mark. Errors besides: conflict, when it is not at `expected` any more: someone else
/// has booked this batch, and the transaction must be given up.
pool::Result<void> move_mark(MysqlConnection& db, std::string_view name, std::uint64_t expected,
                             const ProducerState& state);
/// Adds what a batch brought: buckets, totals, handles.
pool::Result<void> add_folded(MysqlConnection& db, std::string_view producer, const Folded& folded);

/// All slots up to here are sealed. lock: until the end of the transaction.
pool::Result<std::uint64_t> read_sealed_through(MysqlConnection& db, bool lock);
/// Seals every slot up to `through`. Inside a transaction that holds the lock.
pool::Result<void> seal_slots(MysqlConnection& db, std::uint64_t sealed_through,
                              std::uint64_t through, pool::UnixMillis now);
/// Puts `score` of the reserve into slot 0, if nothing was sealed before. True: it is there.
pool::Result<bool> seed_reserve(MysqlConnection& db, pool::U128 score, pool::UnixMillis now);

/// Which slots pay a block found in slot `end`, and how much each account scored in them.
struct WindowFound {
    WindowBounds bounds;
    std::vector<AccountAmount> weights;
};
/// Only sealed slots are looked at: those before `end` must be (checked by the caller).
pool::Result<WindowFound> read_window(MysqlConnection& db, std::uint64_t end, pool::U128 size);

}  // namespace payouts
