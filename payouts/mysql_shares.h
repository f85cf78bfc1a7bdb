#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/fold.h"
#include "payouts/mysql_connection.h"
#include "payouts/mysql_lease.h"
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
    bool gap = false;                    ///< the accountant found records missing in its stream
    std::string owner;                   ///< see claim_producer; empty: nobody's yet
    std::optional<std::uint64_t> print;  ///< of the record at mark, where it is known
    /// A living server's journal holds records that are not booked, the oldest of this time; 0:
    /// none is known to (tell_unbooked).
    pool::UnixMillis unbooked_since;
};
pool::Result<std::vector<KnownProducer>> read_producers(MysqlConnection& db);
/// Makes its row if there is none.
pool::Result<void> ensure_producer(MysqlConnection& db, std::string_view name);
/// 0 for an unknown one.
pool::Result<std::uint64_t> read_mark(MysqlConnection& db, std::string_view name);
/// Mark and watermark, and none of its handles: see load_handles.
pool::Result<ProducerState> read_state(MysqlConnection& db, std::string_view name);
/// Nothing waits for a retired producer; its next record brings it back. Errors besides: not_found.
pool::Result<void> retire_producer(MysqlConnection& db, std::string_view name);
/// So that the process whose stream it is learns of it, wherever the accountant is.
pool::Result<void> note_gap(MysqlConnection& db, std::string_view name, bool gap);
/// Rows of workers that one transaction moves: others wait for its locks and for the lease's row.
inline constexpr std::uint64_t worker_rows_at_once = 10'000;
/// Adds sums of the oldest ten minutes before `period` that do not begin an hour to those that
/// begin theirs: what is old is kept by the hour. As roll_up_workers else.
pool::Result<bool> merge_into_hours(MysqlConnection& db, Lease& lease, std::uint64_t period,
                                    std::uint64_t at_once = worker_rows_at_once);
/// What is old enough for roll_up_workers, and how much of it is moved at once.
struct WorkerBounds {
    std::uint64_t period = 0;                     ///< sums from before it are rolled up
    std::uint64_t first_day = 0;                  ///< days before it are dropped
    std::uint64_t at_once = worker_rows_at_once;  ///< > 0
};
/// Rolls sums of the oldest period into their day, `at_once` rows by account and name; when there
/// is none, drops as many of the days that are too old. A transaction of its own, of who holds the
/// lease; what is moved is not there any more, so it goes on wherever it was killed. True: there
/// may be more to do.
pool::Result<bool> roll_up_workers(MysqlConnection& db, Lease& lease, const WorkerBounds& bounds);

/// Moves the mark. Errors besides: conflict, when it is not at `expected` any more: someone else
/// has booked this batch, and the transaction must be given up.
pool::Result<void> move_mark(MysqlConnection& db, std::string_view name, std::uint64_t expected,
                             const ProducerState& state);
/// Adds what a batch brought: buckets, totals, handles.
pool::Result<void> add_folded(MysqlConnection& db, std::string_view producer, const Folded& folded);

}  // namespace payouts
