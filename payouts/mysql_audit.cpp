#include "payouts/mysql_audit.h"

#include <algorithm>
#include <utility>

#include "payouts/mysql_connection.h"
#include "pool/crypto/sha256.h"

namespace payouts {

using pool::Error;
using pool::fail;
using pool::Result;

namespace {

constexpr std::uint32_t limit_max = 1000;
constexpr std::uint64_t page_rows = 2000;
constexpr int attempts = 100;  // one that loses the race for the next id takes the one behind

const std::string columns =
    "id, at_ms, kind, about, actor, role, host, method, params, repeats, hash";

AuditRow read_row(const SqlRow& row)
{
    AuditRow out;
    out.id = row.u64(0);
    out.at = pool::UnixMillis{row.u64(1)};
    out.kind = row.text(2);
    out.about = row.u64(3);
    out.actor = row.text(4);
    out.role = row.text(5);
    out.host = row.text(6);
    out.method = row.text(7);
    out.params = row.text(8);
    out.repeats = row.u64(9);
    out.hash = row.digest(10);
    return out;
}

pool::Digest row_hash(const pool::Digest& previous, const AuditRow& row)
{
    return pool::Sha256{}.update(previous).update(pool::as_bytes(canonical_text(row))).finish();
}

}  // namespace

// Each text stands behind its length: nothing in it can pass for the next field.
std::string canonical_text(const AuditRow& row)
{
    std::string text = "zubr-audit-1\n";
    for (const std::uint64_t number : {row.id, row.at.value, row.about, row.repeats}) {
        text += std::to_string(number) + '\n';
    }
    for (const std::string* field :
         {&row.kind, &row.actor, &row.role, &row.host, &row.method, &row.params}) {
        text += std::to_string(field->size()) + ':' + *field + '\n';
    }
    return text;
}

struct AuditBook::Impl {
    explicit Impl(const MysqlOptions& options) : db(options) {}

    /// Asks again once when the connection turns out to be lost: reading twice does no harm.
    Result<SqlRows> query(const std::string& text, const std::vector<SqlValue>& values = {})
    {
        for (int turn = 0;; ++turn) {
            if (auto connected = db.connect(); !connected) return fail(connected.error());
            auto rows = db.query(text, values);
            if (rows || turn > 0 || db.connected()) return rows;
        }
    }

    Result<void> append_once(AuditRow& row);

    MysqlConnection db;
};

// No lock: the key makes one of two writers come second, and the trigger sees to the order.
Result<void> AuditBook::Impl::append_once(AuditRow& row)
{
    const auto head = query("SELECT last_id, hash FROM audit_head WHERE id = 1");
    if (!head) return fail(head.error());
    const pool::Digest previous = head->front().digest(1);
    row.id = head->front().u64(0) + 1;
    row.hash = row_hash(previous, row);
    const auto put =
        db.execute("INSERT INTO audit_event (" + columns +
                       ", prev_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   {row.id, row.at.value, row.kind, row.about, row.actor, row.role, row.host,
                    row.method, row.params, row.repeats, sql(row.hash), sql(previous)});
    if (!put) return fail(put.error());
    return {};
}

AuditBook::AuditBook(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AuditBook::~AuditBook() = default;

Result<std::unique_ptr<AuditBook>> AuditBook::open(const MysqlOptions& options)
{
    auto impl = std::make_unique<Impl>(options);
    if (auto connected = impl->db.connect(); !connected) return fail(connected.error());
    return std::unique_ptr<AuditBook>{new AuditBook{std::move(impl)}};
}

Result<AuditRow> AuditBook::append(AuditRow row)
{
    for (int turn = 1;; ++turn) {
        const auto done = impl_->append_once(row);
        if (done) return row;
        // Of two that meet in the trigger MySQL undoes one, whose connection stays.
        const bool undone = done.error().code == Error::Code::unavailable && impl_->db.connected();
        const bool again = undone || done.error().code == Error::Code::conflict;
        if (!again || turn == attempts) return fail(done.error());
    }
}

Result<std::vector<AuditRow>> AuditBook::list(std::uint32_t limit, std::uint64_t before,
                                              std::string_view actor)
{
    const std::uint64_t below = before == 0 ? UINT64_MAX : before;
    const std::uint64_t most = std::clamp(limit, 1U, limit_max);
    const auto rows =
        actor.empty()
            ? impl_->query(
                  "SELECT " + columns + " FROM audit_event WHERE id < ? ORDER BY id DESC LIMIT ?",
                  {below, most})
            : impl_->query("SELECT " + columns +
                               " FROM audit_event WHERE actor = ? AND id < ? ORDER BY id DESC "
                               "LIMIT ?",
                           {sql(actor), below, most});
    if (!rows) return fail(rows.error());
    std::vector<AuditRow> out;
    for (const SqlRow& row : *rows) out.push_back(read_row(row));
    return out;
}

Result<AuditCheck> AuditBook::verify()
{
    // Read first: rows that come while we read lie behind it and are not looked at.
    const auto head = impl_->query("SELECT last_id, hash FROM audit_head WHERE id = 1");
    if (!head) return fail(head.error());
    const std::uint64_t last = head->front().u64(0);
    AuditCheck check;
    while (check.rows < last) {
        const auto rows = impl_->query(
            "SELECT " + columns +
                ", prev_hash FROM audit_event WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
            {check.rows, last, page_rows});
        if (!rows) return fail(rows.error());
        const std::string next = "row " + std::to_string(check.rows + 1);
        if (rows->empty()) {
            check.difference = next + " and all behind it are missing";
            return check;
        }
        for (const SqlRow& each : *rows) {
            const AuditRow row = read_row(each);
            const std::string name = "row " + std::to_string(check.rows + 1);
            if (row.id != check.rows + 1) {
                check.difference = name + " is missing";
                return check;
            }
            if (each.digest(11) != check.head || row.hash != row_hash(check.head, row)) {
                check.difference = name + " was changed, or one before it";
                return check;
            }
            check.head = row.hash;
            ++check.rows;
        }
    }
    if (check.head != head->front().digest(1)) check.difference = "the end is not what was written";
    return check;
}

}  // namespace payouts
