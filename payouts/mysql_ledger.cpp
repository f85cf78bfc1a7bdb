#include "payouts/mysql_ledger.h"

#include <charconv>
#include <map>

#include "pool/crypto/sha256.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

bool is_asset(std::string_view account) { return account.starts_with("asset:"); }

/// 42 of "m:42:available".
SqlValue member_of(std::string_view account)
{
    if (!account.starts_with("m:")) return std::monostate{};
    std::uint64_t id = 0;
    std::from_chars(account.data() + 2, account.data() + account.size(), id);
    return id;
}

Result<std::uint64_t> ledger_account(MysqlConnection& db, const std::string& name)
{
    const auto rows = db.query("SELECT id FROM ledger_account WHERE code = ?", {name});
    if (!rows) return fail(rows.error());
    if (!rows->empty()) return rows->front().u64(0);
    const auto made =
        db.execute("INSERT INTO ledger_account (code, side, member_id) VALUES (?, ?, ?)",
                   {name, std::string{is_asset(name) ? "debit" : "credit"}, member_of(name)});
    if (!made) return fail(made.error());
    return made->insert_id;
}

Result<void> insert_transfers(MysqlConnection& db, std::uint64_t event,
                              const std::vector<Transfer>& transfers)
{
    std::map<std::string, std::uint64_t, std::less<>> ids;
    std::uint64_t line = 0;
    for (const Transfer& transfer : transfers) {
        for (const std::string& name : {transfer.debit, transfer.credit}) {
            if (ids.contains(name)) continue;
            const auto id = ledger_account(db, name);
            if (!id) return fail(id.error());
            ids[name] = *id;
        }
        pool::check(transfer.amount.value > 0, "a transfer moves something");
        const auto put = db.execute(
            "INSERT INTO ledger_transfer (event_id, line, debit_id, credit_id, amount_sat) "
            "VALUES (?, ?, ?, ?, ?)",
            {event, ++line, ids[transfer.debit], ids[transfer.credit],
             static_cast<std::uint64_t>(transfer.amount.value)});
        if (!put) return fail(put.error());
    }
    return {};
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
