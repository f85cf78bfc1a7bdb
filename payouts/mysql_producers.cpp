#include "payouts/mysql_producers.h"

#include <string>

namespace payouts {

using pool::Error;
using pool::fail;
using pool::Result;

Result<void> claim_producer(MysqlConnection& db, std::string_view name, std::string_view owner)
{
    const auto claimed =
        db.execute("UPDATE producer SET retired = 0, owner = ? WHERE name = ? AND owner IN ('', ?)",
                   {sql(owner), sql(name), sql(owner)});
    if (!claimed) return fail(claimed.error());
    if (claimed->rows == 0) {
        const auto made =
            db.execute("INSERT INTO producer (name, owner) VALUES (?, ?)", {sql(name), sql(owner)});
        // It is there, and somebody's: whose is seen below.
        if (!made && made.error().code != Error::Code::conflict) return fail(made.error());
    }
    const auto rows = db.query("SELECT owner FROM producer WHERE name = ?", {sql(name)});
    if (!rows) return fail(rows.error());
    if (!rows->empty() && rows->front().text(0) == owner) return {};
    return fail(Error::Code::refused,
                "another data directory writes shares as " + std::string{name} +
                    ": give this server a pool.server_id of its own; or, if that directory is lost "
                    "for good, run `zubrd takeover` once with this configuration");
}

Result<std::uint64_t> take_over_producers(MysqlConnection& db, std::string_view server_id,
                                          std::string_view owner)
{
    // "a-0" of "a", and not "a-b-0".
    const auto done = db.execute(
        "UPDATE producer SET owner = ? WHERE SUBSTRING(name, 1, CHAR_LENGTH(name) - "
        "CHAR_LENGTH(SUBSTRING_INDEX(name, '-', -1)) - 1) = ?",
        {sql(owner), sql(server_id)});
    if (!done) return fail(done.error());
    return done->rows;
}

Result<void> tell_unbooked(MysqlConnection& db, std::string_view producer, std::string_view owner,
                           pool::UnixMillis since, bool lives)
{
    const auto told = db.execute(
        "UPDATE producer SET unbooked_ms = ?, told_at_ms = CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS "
        "UNSIGNED), retired = IF(?, 0, retired) WHERE name = ? AND owner = ?",
        {since.value, std::uint64_t{lives}, sql(producer), sql(owner)});
    if (!told) return fail(told.error());
    return {};
}

Result<bool> spoke_lately(MysqlConnection& db, std::string_view producer)
{
    const auto rows = db.query(
        "SELECT 1 FROM producer WHERE name = ? AND told_at_ms + ? >= "
        "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS UNSIGNED)",
        {sql(producer),
         static_cast<std::uint64_t>(std::chrono::milliseconds{told_is_fresh}.count())});
    if (!rows) return fail(rows.error());
    return !rows->empty();
}

Result<void> give_up(MysqlConnection& db, std::string_view producer, const GivenUp& what,
                     std::string_view by, pool::UnixMillis at)
{
    auto transaction = Transaction::begin(db);
    if (!transaction) return fail(transaction.error());
    const auto moved = db.execute(
        "UPDATE producer SET mark = ?, gap = 0, print = NULL WHERE name = ? AND mark = ?",
        {what.after_seq + what.records, sql(producer), what.after_seq});
    if (!moved) return fail(moved.error());
    if (moved->rows != 1) {
        return fail(Error::Code::conflict, "the books of " + std::string{producer} +
                                               " have gone on meanwhile; look again");
    }
    const auto noted = db.execute(
        "INSERT INTO share_gap (producer, after_seq, records, accepted_by, at_ms) "
        "VALUES (?, ?, ?, ?, ?)",
        {sql(producer), what.after_seq, what.records, sql(by), at.value});
    if (!noted) return fail(noted.error());
    return transaction->commit();
}

}  // namespace payouts
