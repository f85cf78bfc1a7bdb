#include "payouts/mysql_ledger.h"

#include <charconv>
#include <map>
#include <set>

#include "payouts/balance_replay.h"
#include "payouts/migrations.h"
#include "pool/crypto/sha256.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

/// 42 of "m:42:available".
SqlValue member_of(std::string_view account)
{
    if (!account.starts_with("m:")) return std::monostate{};
    std::uint64_t id = 0;
    std::from_chars(account.data() + 2, account.data() + account.size(), id);
    return id;
}

using AccountIds = std::map<std::string, std::uint64_t, std::less<>>;

constexpr std::size_t codes_at_once = 500;

/// The rows of these account codes, as far as there are any.
Result<void> find_accounts(MysqlConnection& db, const std::vector<std::string>& codes,
                           AccountIds& ids)
{
    for (std::size_t done = 0; done < codes.size();) {
        const std::size_t count = codes.size() - done >= codes_at_once ? codes_at_once : 1;
        std::string text = "SELECT code, id FROM ledger_account WHERE code IN (?";
        for (std::size_t i = 1; i < count; ++i) text += ",?";
        std::vector<SqlValue> values;
        for (std::size_t i = 0; i < count; ++i) values.emplace_back(codes[done + i]);
        const auto rows = db.query(text + ")", values);
        if (!rows) return fail(rows.error());
        for (const SqlRow& row : *rows) ids[row.text(0)] = row.u64(1);
        done += count;
    }
    return {};
}

/// Rows of all accounts that the transfers touch; makes those that are missing.
Result<AccountIds> ledger_accounts(MysqlConnection& db, const std::vector<Transfer>& transfers)
{
    std::set<std::string> wanted;
    for (const Transfer& transfer : transfers) {
        wanted.insert(transfer.debit);
        wanted.insert(transfer.credit);
    }
    AccountIds ids;
    const std::vector<std::string> all(wanted.begin(), wanted.end());
    if (auto found = find_accounts(db, all, ids); !found) return fail(found.error());
    std::vector<std::string> missing;
    std::vector<std::vector<SqlValue>> rows;
    for (const std::string& code : all) {
        if (ids.contains(code)) continue;
        missing.push_back(code);
        rows.push_back(
            {code, std::string{grows_by_debits(code) ? "debit" : "credit"}, member_of(code)});
    }
    auto made =
        insert_rows(db, "INSERT INTO ledger_account (code, side, member_id) VALUES", "", rows);
    if (!made) return fail(made.error());
    if (auto found = find_accounts(db, missing, ids); !found) return fail(found.error());
    return ids;
}

Result<void> insert_transfers(MysqlConnection& db, std::uint64_t event,
                              const std::vector<Transfer>& transfers)
{
    auto ids = ledger_accounts(db, transfers);
    if (!ids) return fail(ids.error());
    std::vector<std::vector<SqlValue>> rows;
    rows.reserve(transfers.size());
    std::uint64_t line = 0;
    for (const Transfer& transfer : transfers) {
        pool::check(transfer.amount.value > 0, "a transfer moves something");
        rows.push_back({event, ++line, ids->at(transfer.debit), ids->at(transfer.credit),
                        static_cast<std::uint64_t>(transfer.amount.value)});
    }
    return insert_rows(
        db, "INSERT INTO ledger_transfer (event_id, line, debit_id, credit_id, amount_sat) VALUES",
        "", rows);
}

}  // namespace

std::string canonical_text(const LedgerEvent& event)
{
    std::string text = "zubr-event-1\n";
    for (const std::string& line : {event.key, event.kind, event.ref, event.actor,
                                    std::to_string(event.at.value), event.payload}) {
        text += line + '\n';
    }
    std::size_t line = 0;
    for (const Transfer& transfer : event.transfers) {
        text += std::to_string(++line) + ' ' + transfer.debit + ' ' + transfer.credit + ' ' +
                std::to_string(transfer.amount.value) + '\n';
    }
    return text;
}

pool::Digest event_hash(const pool::Digest& previous, const LedgerEvent& event)
{
    return pool::Sha256{}.update(previous).update(pool::as_bytes(canonical_text(event))).finish();
}

Result<void> post(MysqlConnection& db, const LedgerEvent& event)
{
    // The hash covers lines: a field that holds one could stand for two.
    for (const std::string* field :
         {&event.key, &event.kind, &event.ref, &event.actor, &event.payload}) {
        if (field->find('\n') == std::string::npos) continue;
        return fail(Error::Code::invalid, "a field of a ledger event holds a line break");
    }
    // The row's lock makes events follow one another, whoever writes them.
    const auto head = db.query("SELECT ledger_head FROM books WHERE id = 1 FOR UPDATE");
    if (!head) return fail(head.error());
    // Not under a lease, all of it. A schema that is being changed may lack the trigger that moves
    // balances. Not "refused": here that is said of a balance.
    if (auto fits = check_schema(db); !fits) {
        return fail(Error::Code::unavailable, fits.error().detail);
    }
    const pool::Digest previous = head->front().digest(0);
    const pool::Digest hash = event_hash(previous, event);

    const auto put = db.execute(
        "INSERT INTO ledger_event (idem_key, kind, ref, actor, payload, at_ms, prev_hash, hash) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        {event.key, event.kind, event.ref, event.actor, event.payload, event.at.value,
         sql(previous), sql(hash)});
    if (!put) return fail(put.error());
    if (auto done = insert_transfers(db, put->insert_id, event.transfers); !done) return done;
    const auto moved = db.execute("UPDATE books SET ledger_head = ? WHERE id = 1", {sql(hash)});
    if (!moved) return fail(moved.error());
    return {};
}

Result<std::vector<Transfer>> read_transfers(MysqlConnection& db, std::string_view key)
{
    const auto event = db.query("SELECT id FROM ledger_event WHERE idem_key = ?", {sql(key)});
    if (!event) return fail(event.error());
    if (event->empty()) {
        return fail(Error::Code::not_found, "the books have no event " + std::string{key});
    }
    const auto rows = db.query(
        "SELECT d.code, c.code, t.amount_sat FROM ledger_transfer t "
        "JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = t.credit_id "
        "WHERE t.event_id = ? ORDER BY t.line",
        {event->front().u64(0)});
    if (!rows) return fail(rows.error());
    std::vector<Transfer> transfers;
    for (const SqlRow& row : *rows) {
        transfers.push_back({row.text(0), row.text(1), pool::Sats{row.sats(2)}});
    }
    return transfers;
}

}  // namespace payouts
