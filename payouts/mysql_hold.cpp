#include "payouts/mysql_hold.h"

#include <algorithm>
#include <utility>

#include "payouts/mysql_audit.h"
#include "payouts/mysql_payouts.h"
#include "pool/base/json.h"
#include "pool/base/log.h"

namespace payouts {
namespace {

constexpr const char* other_books = "the books are not those that were paid from";

}  // namespace

using pool::fail;
using pool::Result;

// Whoever has asked for the release of an earlier hold, or has held payouts for another reason, did
// not know of this one: it needs two people anew, and its reason is the one to be shown.
Result<void> hold_payouts(MysqlConnection& db, const std::string& why, pool::UnixMillis now)
{
    if (auto locked = lock_controls(db); !locked) return locked;
    if (auto put = write_control(db, "release", {"", "zubrd"}, now); !put) return put;
    return write_control(db, "payouts", {why, "zubrd"}, now);
}

Result<BooksHold> read_books_hold(MysqlConnection& db)
{
    const auto rows = db.query("SELECT value, at_ms FROM control WHERE name = 'books'");
    if (!rows) return fail(rows.error());
    if (rows->empty()) return BooksHold{};
    return BooksHold{rows->front().text(0), pool::UnixMillis{rows->front().u64(1)}};
}

Result<BooksHold> hold_for_books(MysqlConnection& db, pool::UnixMillis now)
{
    if (auto held = hold_payouts(db, other_books, now); !held) return fail(held.error());
    auto hold = read_books_hold(db);
    if (!hold || !hold->why.empty()) return hold;
    hold->why = other_books;
    hold->since = std::max(now, pool::UnixMillis{hold->since.value + 1});
    if (auto put = write_control(db, "books", {hold->why, "zubrd"}, hold->since); !put) {
        return fail(put.error());
    }
    return hold;
}

Result<void> end_books_hold(MysqlConnection& db, const std::string& who)
{
    const auto ended =
        db.execute("UPDATE control SET value = '', set_by = ? WHERE name = 'books'", {who});
    if (!ended) return fail(ended.error());
    return {};
}

void tell_hold(const MysqlOptions& mysql, const std::string& why, pool::UnixMillis now)
{
    pool::log::warn("payouts_stopped", {{"user", "zubrd"}, {"reason", why}});
    AuditRow row;
    row.at = now;
    row.kind = "done";
    row.actor = "zubrd";
    row.method = "stoppayouts";
    pool::JsonWriter{row.params}.begin_array().string(why).end_array();
    const auto book = AuditBook::open(mysql);
    const auto written = book ? (*book)->append(std::move(row)) : fail(book.error());
    if (!written) pool::log::error("audit_not_written", {{"reason", written.error().detail}});
}

std::string lost_block_text(pool::Height height)
{
    return "mature block " + std::to_string(height.value) + " has left the chain";
}

}  // namespace payouts
