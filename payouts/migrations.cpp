#include "payouts/migrations.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "payouts/mysql_idle_tables.h"
#include "pool/base/log.h"
#include "pool/crypto/sha256.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

constexpr std::string_view migration_line = "-- migration ";
constexpr std::string_view step_line = "-- step";
constexpr unsigned lock_seconds = 60;
constexpr unsigned no_such_table = 1146;
constexpr unsigned may_not_lock = 1044;
constexpr unsigned lock_wait_over = 1205;

constexpr std::string_view in_use =
    "; something reads or writes its tables (verifyledger, a backup, a session that was left "
    "open): "
    "try again when that is done";

// "Already exists": table, column, key, index of a name, trigger, constraint.
constexpr std::array<unsigned, 6> exists_numbers{1050, 1060, 1061, 1359, 1826, 3822};

bool blank(std::string_view line)
{
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

void finish(std::vector<Migration>& migrations)
{
    if (migrations.empty()) return;
    Migration& last = migrations.back();
    pool::Sha256 hash;
    for (std::string& step : last.steps) {
        while (!step.empty() && (step.back() == '\n' || step.back() == ' ')) step.pop_back();
        hash.update(pool::as_bytes(step)).update(pool::as_bytes(std::string_view{"\0", 1}));
    }
    last.checksum = hash.finish();
}

/// A row of schema_migrations.
struct Applied {
    std::uint64_t version = 0;
    pool::Digest checksum{};
    std::uint64_t steps_done = 0;
    bool finished = false;
};

Result<std::vector<Applied>> read_applied(MysqlConnection& connection)
{
    const auto rows = connection.query(
        "SELECT version, checksum, steps_done, applied_at IS NOT NULL FROM schema_migrations "
        "ORDER BY version");
    if (!rows && connection.last_error() == no_such_table) return std::vector<Applied>{};
    if (!rows) return fail(rows.error());
    std::vector<Applied> applied;
    for (const SqlRow& row : *rows) {
        applied.push_back({row.u64(0), row.digest(1), row.u64(2), row.u64(3) != 0});
    }
    return applied;
}

/// Does the step change rows? Statements about tables and triggers commit by themselves.
bool changes_rows(std::string_view step)
{
    while (step.starts_with("--")) step.remove_prefix(std::min(step.find('\n') + 1, step.size()));
    return step.starts_with("INSERT") || step.starts_with("UPDATE") || step.starts_with("DELETE");
}

/// Older programs know nothing of end_leases: nothing is counted, sealed or booked while a step
/// reads what was and writes what follows from it.
Result<void> run_alone(MysqlConnection& connection, const std::string& step)
{
    auto transaction = Transaction::begin(connection);
    if (!transaction) return fail(transaction.error());
    for (const char* lock : {"SELECT epoch FROM lease WHERE name IN ('accountant', 'payouts') "
                             "ORDER BY name FOR UPDATE",
                             "SELECT sealed_through FROM books WHERE id = 1 FOR UPDATE"}) {
        const auto locked = connection.query(lock);
        if (!locked) return fail(locked.error());
    }
    if (auto done = connection.run(step); !done) return done;
    return transaction->commit();
}

/// A program that runs meanwhile acts no more: what it has begun is given up at its fence, and it
/// takes no lease of a schema that is newer than itself (Lease::keep). Whoever has looked at the
/// schema before he posts (post) has ended, too: he held the books' row.
Result<void> end_leases(MysqlConnection& connection)
{
    return run_alone(
        connection,
        "UPDATE lease SET epoch = epoch + 1, until_ms = 0 WHERE name IN ('accountant', 'payouts')");
}

Result<void> run_step(MysqlConnection& connection, const Migration& migration, std::size_t step,
                      bool resumed)
{
    const bool first = migration.version == 1;  // it makes what would be locked
    auto done = !first && changes_rows(migration.steps[step])
                    ? run_alone(connection, migration.steps[step])
                    : connection.run(migration.steps[step]);
    if (done) return {};
    // The first step of a resumed migration may have run before the note of it was written.
    const bool there = resumed && std::find(exists_numbers.begin(), exists_numbers.end(),
                                            connection.last_error()) != exists_numbers.end();
    if (there) return {};
    std::string why = "migration " + std::to_string(migration.version) + ", step " +
                      std::to_string(step + 1) + ": " + done.error().detail;
    if (connection.last_error() == lock_wait_over) why += in_use;
    return fail(done.error().code, std::move(why));
}

Result<void> note_step(MysqlConnection& connection, const Migration& migration, std::size_t done)
{
    const auto noted =
        connection.execute("UPDATE schema_migrations SET steps_done = ? WHERE version = ?",
                           {std::uint64_t{done}, std::uint64_t{migration.version}});
    if (!noted) return fail(noted.error());
    return {};
}

/// Tried before anything is noted, for from then on nothing is posted. Who has no right to lock
/// tables finds out by the first step (put_off).
Result<void> find_idle(MysqlConnection& connection, const Migration& migration)
{
    const auto tables = tables_named(connection, migration.steps);
    if (!tables) return fail(tables.error());
    const auto idle = try_tables(connection, *tables);
    if (idle || connection.last_error() == may_not_lock) return {};
    std::string why =
        "migration " + std::to_string(migration.version) + " was not begun: " + idle.error().detail;
    if (connection.last_error() == lock_wait_over) why += in_use;
    return fail(idle.error().code, std::move(why));
}

/// Nothing of it was done: it is as if it had not been begun, and nobody is refused meanwhile.
Result<void> put_off(MysqlConnection& connection, const Migration& migration, Result<void> done)
{
    if (done.error().code != Error::Code::unavailable || !connection.connected()) return done;
    const auto dropped =
        connection.execute("DELETE FROM schema_migrations WHERE version = ? AND steps_done = 0",
                           {std::uint64_t{migration.version}});
    return dropped ? done : fail(dropped.error());
}

Result<void> begin(MysqlConnection& connection, const Migration& migration)
{
    auto made = connection.run(
        "CREATE TABLE IF NOT EXISTS schema_migrations ("
        "version INT UNSIGNED NOT NULL PRIMARY KEY, checksum BINARY(32) NOT NULL, "
        "steps_done INT UNSIGNED NOT NULL, applied_at TIMESTAMP(3) NULL) ENGINE=InnoDB");
    if (!made) return fail(made.error());
    const auto begun = connection.execute(
        "INSERT INTO schema_migrations (version, checksum, steps_done) VALUES (?, ?, 0)",
        {std::uint64_t{migration.version}, sql(migration.checksum)});
    if (!begun) return fail(begun.error());
    return {};
}

/// done: steps that are noted as done; resumed: an earlier run may have made one more.
Result<void> apply(MysqlConnection& connection, const Migration& migration, std::uint64_t done,
                   bool resumed)
{
    // Of a resumed one, too: whoever began it may have died before. The first makes the leases.
    if (migration.version > 1) {
        auto ended = end_leases(connection);
        if (!ended) return resumed ? ended : put_off(connection, migration, std::move(ended));
    }
    for (std::size_t step = done; step < migration.steps.size(); ++step) {
        const bool untouched = step == 0 && !resumed;
        auto ran = run_step(connection, migration, step, resumed && step == done);
        if (!ran) return untouched ? put_off(connection, migration, std::move(ran)) : ran;
        if (auto noted = note_step(connection, migration, step + 1); !noted) return noted;
    }
    const auto finished = connection.execute(
        "UPDATE schema_migrations SET applied_at = CURRENT_TIMESTAMP(3) WHERE version = ?",
        {std::uint64_t{migration.version}});
    if (!finished) return fail(finished.error());
    pool::log::info("schema_migrated", {{"version", migration.version}});
    return {};
}

/// Errors: refused, when the database was made by a newer program or by other migrations.
Result<std::vector<Applied>> read_fitting(MysqlConnection& connection,
                                          std::span<const Migration> migrations)
{
    auto applied = read_applied(connection);
    if (!applied) return applied;
    const std::string& database = connection.options().database;
    if (applied->size() > migrations.size()) {
        return fail(Error::Code::refused, "database " + database + " has schema version " +
                                              std::to_string(applied->back().version) +
                                              ", this program knows " +
                                              std::to_string(migrations.size()) +
                                              " only: run the newer zubrd, or another database");
    }
    for (std::size_t i = 0; i < applied->size(); ++i) {
        const Applied& there = (*applied)[i];
        if (there.version == migrations[i].version && there.checksum == migrations[i].checksum) {
            continue;
        }
        return fail(Error::Code::refused,
                    "database " + database + " was made by another migration " +
                        std::to_string(there.version) +
                        " than this program has: run the zubrd that made it, or another "
                        "database");
    }
    return applied;
}

Result<void> bring_up(MysqlConnection& connection, std::span<const Migration> migrations)
{
    const auto applied = read_fitting(connection, migrations);
    if (!applied) return fail(applied.error());
    const bool brand_new = applied->empty();  // nobody reads what is not there
    for (std::size_t i = 0; i < migrations.size(); ++i) {
        const bool begun = i < applied->size();
        if (begun && (*applied)[i].finished) continue;
        if (!begun) {
            auto idle = brand_new ? Result<void>{} : find_idle(connection, migrations[i]);
            if (!idle) return idle;
            if (auto done = begin(connection, migrations[i]); !done) return done;
        }
        auto done = apply(connection, migrations[i], begun ? (*applied)[i].steps_done : 0, begun);
        if (!done) return done;
    }
    return {};
}

}  // namespace

Result<std::vector<Migration>> parse_migrations(std::string_view text)
{
    std::vector<Migration> migrations;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.starts_with(migration_line)) {
            std::uint32_t version = 0;
            const std::string_view number = line.substr(migration_line.size());
            std::from_chars(number.data(), number.data() + number.size(), version);
            if (version != migrations.size() + 1) {
                return fail(Error::Code::invalid, "migrations are numbered 1, 2, 3, without gaps");
            }
            finish(migrations);
            migrations.push_back({version, {}, {}});
        } else if (line == step_line) {
            if (migrations.empty()) {
                return fail(Error::Code::invalid, "a step outside of a migration");
            }
            migrations.back().steps.emplace_back();
        } else if (!migrations.empty() && !migrations.back().steps.empty() &&
                   !(blank(line) && migrations.back().steps.back().empty())) {
            migrations.back().steps.back() += std::string{line} + '\n';
        }
    }
    finish(migrations);
    for (const Migration& migration : migrations) {
        if (migration.steps.empty()) {
            return fail(Error::Code::invalid, "a migration without steps");
        }
    }
    return migrations;
}

std::uint64_t known_schema()
{
    static const std::uint64_t known =
        parse_migrations(schema_sql()).value_or(std::vector<Migration>{}).size();
    return known;
}

Result<void> check_schema(MysqlConnection& connection)
{
    const auto rows = connection.query(
        "SELECT COALESCE(MAX(version), 0), "
        "COALESCE(MIN(IF(applied_at IS NULL, version, NULL)), 0) FROM schema_migrations");
    if (!rows) return fail(rows.error());
    const std::uint64_t there = rows->front().u64(0);
    const std::uint64_t unfinished = rows->front().u64(1);
    if (there > known_schema()) {
        return fail(Error::Code::refused, "a newer zubrd has brought the schema to version " +
                                              std::to_string(there) + ", this one knows " +
                                              std::to_string(known_schema()) +
                                              " only: restart it with the newer program");
    }
    if (unfinished == 0) return {};
    return fail(Error::Code::unavailable, "migration " + std::to_string(unfinished) +
                                              " of the schema is not finished: wait, or run zubrd "
                                              "migrate again");
}

Result<void> migrate(MysqlConnection& connection, std::span<const Migration> migrations,
                     std::chrono::seconds patience)
{
    if (auto connected = connection.connect(); !connected) return connected;
    // The server's own patience for a table that somebody reads is a day.
    const std::string wait = "SET SESSION lock_wait_timeout = " + std::to_string(patience.count());
    if (auto set = connection.run(wait); !set) return set;
    // Server-wide names: one for each database.
    const std::string lock = ("zubr:" + connection.options().database).substr(0, 64);
    const auto got = connection.query("SELECT GET_LOCK(?, ?)", {lock, std::uint64_t{lock_seconds}});
    if (!got) return fail(got.error());
    if (got->empty() || got->front().null(0) || got->front().u64(0) != 1) {
        return fail(
            Error::Code::unavailable,
            "another program is changing the schema of database " + connection.options().database);
    }
    auto done = bring_up(connection, migrations);
    if (!done && done.error().code == Error::Code::refused && connection.last_error() != 0) {
        done = fail(Error::Code::refused, "MySQL user " + connection.options().user +
                                              " may not change the schema (" + done.error().detail +
                                              "): run zubrd migrate --user with one who may");
    }
    if (!connection.connected()) return done;
    (void)connection.query("SELECT RELEASE_LOCK(?)", {lock});
    (void)connection.run("SET SESSION lock_wait_timeout = DEFAULT");
    return done;
}

Result<std::vector<std::string>> pending_steps(MysqlConnection& connection,
                                               std::span<const Migration> migrations)
{
    if (auto connected = connection.connect(); !connected) return fail(connected.error());
    const auto applied = read_fitting(connection, migrations);
    if (!applied) return fail(applied.error());
    std::vector<std::string> steps;
    for (std::size_t i = 0; i < migrations.size(); ++i) {
        const bool begun = i < applied->size();
        if (begun && (*applied)[i].finished) continue;
        const auto done = static_cast<std::ptrdiff_t>(begun ? (*applied)[i].steps_done : 0);
        steps.insert(steps.end(), migrations[i].steps.begin() + done, migrations[i].steps.end());
    }
    return steps;
}

}  // namespace payouts
