#include "payouts/mysql_verify.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "payouts/balance_replay.h"
#include "payouts/entries.h"
#include "payouts/event_order.h"
#include "payouts/mysql_adjustments.h"
#include "payouts/mysql_blocks.h"
#include "payouts/mysql_ledger.h"
#include "payouts/mysql_schedules.h"
#include "payouts/mysql_verify_blocks.h"
#include "payouts/mysql_verify_payouts.h"
#include "payouts/mysql_verify_slots.h"
#include "payouts/mysql_window.h"
#include "payouts/pplns.h"

namespace payouts {
namespace {

using pool::BlockHash;
using pool::Digest;
using pool::fail;
using pool::Result;
using pool::Sats;

constexpr std::uint64_t page = 500;
constexpr unsigned bps_whole = 10'000;

/// A block as the check of its events needs it.
struct KnownBlock {
    BlockHash hash;
    PaidBlock paid;
};

class Verifier {
public:
    explicit Verifier(MysqlConnection& db) : db_(db) {}

    Result<LedgerCheck> run()
    {
        if (auto done = check_slots(db_, check_); !done) return fail(done.error());
        if (auto done = check_events(); !done) return fail(done.error());
        if (auto done = check_found_blocks(db_, order_, check_); !done) return fail(done.error());
        if (auto done = tell(credits_without_events(db_)); !done) return fail(done.error());
        if (auto done = tell(payouts_without_events(db_)); !done) return fail(done.error());
        if (auto done = tell(coins_without_events(db_)); !done) return fail(done.error());
        if (auto done = check_totals(db_, check_); !done) return fail(done.error());
        if (auto done = check_balances(); !done) return fail(done.error());
        if (auto done = count_gaps(); !done) return fail(done.error());
        return check_;
    }

private:
    void differs(std::string what, Sats off = {}) { note_difference(check_, std::move(what), off); }
    Result<void> tell(Result<std::string> difference)
    {
        if (!difference) return fail(difference.error());
        if (!difference->empty()) differs(std::move(*difference));
        return {};
    }

    Result<void> count_gaps();
    Result<void> check_events();
    Result<void> check_event(const LedgerEvent& event);
    Result<void> check_accrual(const LedgerEvent& event, const KnownBlock& block,
                               std::uint64_t epoch);
    Result<void> check_window(const LedgerEvent& event, const KnownBlock& block,
                              const WindowBounds& bounds);
    Result<void> check_balances();
    Result<std::vector<Transfer>> transfers_of(std::uint64_t event);
    Result<Digest> ledger_head();
    Result<void> check_terms(const KnownBlock& block, const std::string& name,
                             const std::map<pool::AccountId, Terms>& terms);

    MysqlConnection& db_;
    LedgerCheck check_;
    EventOrder order_;
    BalanceReplay balances_;
};

Result<void> Verifier::count_gaps()
{
    const auto rows = db_.query("SELECT COALESCE(SUM(records), 0) FROM share_gap");
    if (!rows) return fail(rows.error());
    check_.records_given_up = rows->front().u64(0);
    return {};
}

Result<std::vector<Transfer>> Verifier::transfers_of(std::uint64_t event)
{
    const auto rows = db_.query(
        "SELECT d.code, c.code, t.amount_sat FROM ledger_transfer t "
        "JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = t.credit_id "
        "WHERE t.event_id = ? ORDER BY t.line",
        {event});
    if (!rows) return fail(rows.error());
    std::vector<Transfer> transfers;
    transfers.reserve(rows->size());
    for (const SqlRow& row : *rows) {
        transfers.push_back({row.text(0), row.text(1), Sats{row.sats(2)}});
    }
    return transfers;
}

Result<Digest> Verifier::ledger_head()
{
    const auto rows = db_.query("SELECT ledger_head FROM books WHERE id = 1");
    if (!rows) return fail(rows.error());
    return rows->front().digest(0);
}

Result<void> Verifier::check_events()
{
    std::uint64_t after = 0;
    while (true) {
        const auto rows = db_.query(
            "SELECT id, idem_key, kind, ref, actor, payload, at_ms, prev_hash, hash "
            "FROM ledger_event WHERE id > ? ORDER BY id LIMIT ?",
            {after, page});
        if (!rows) return fail(rows.error());
        for (const SqlRow& row : *rows) {
            after = row.u64(0);
            auto transfers = transfers_of(after);
            if (!transfers) return fail(transfers.error());
            const LedgerEvent event{row.text(1),          row.text(2), row.text(3),
                                    row.text(4),          row.text(5), pool::UnixMillis{row.u64(6)},
                                    std::move(*transfers)};
            ++check_.events;
            check_.transfers += event.transfers.size();
            const Digest hash = event_hash(check_.head, event);
            if (row.digest(7) != check_.head || row.digest(8) != hash) {
                differs("event " + event.key + " breaks the chain of hashes");
            }
            check_.head = row.digest(8);
            for (const Transfer& each : event.transfers) {
                const std::string overdrawn = balances_.take(each);
                if (overdrawn.empty()) continue;
                differs("event " + event.key + " overdraws " + overdrawn, each.amount);
            }
            if (auto done = check_event(event); !done) return done;
        }
        if (rows->size() < page) break;
    }
    const auto head = ledger_head();
    if (!head) return fail(head.error());
    if (*head != check_.head) differs("the newest event is not the head of the chain of hashes");
    return {};
}

// "block:<hash>:accrue:<epoch>" and "batch:<id>:reserve". What people have adjusted follows from
// nothing but their word: it is counted, and compared with what they said.
Result<void> Verifier::check_event(const LedgerEvent& event)
{
    if (event.kind == "adjust") {
        ++check_.adjustments;
        return tell(coin_event_difference(db_, event));
    }
    if (event.kind == "reserve" || event.kind == "settle" || event.kind == "cancel") {
        return tell(payout_event_difference(db_, event));
    }
    if (event.kind != "accrue" && event.kind != "mature" && event.kind != "orphan") {
        differs("event " + event.key + " is of a kind that the books do not know");
        return {};
    }
    const auto hash = pool::digest_from_display_hex(event.ref);
    const std::uint64_t epoch =
        std::strtoull(event.key.c_str() + event.key.rfind(':') + 1, nullptr, 10);
    if (!hash || event.key != event_key(BlockHash{*hash}, event.kind, epoch)) {
        differs("event " + event.key + " is about another block than it says");
        return {};
    }
    const auto rows = db_.query(
        "SELECT reward_sat, found_slot, fee_bps FROM block_found WHERE hash = ?", {sql(*hash)});
    if (!rows) return fail(rows.error());
    if (rows->empty()) {
        differs("event " + event.key + " is about a block that was not found");
        return {};
    }
    const SqlRow& row = rows->front();
    const KnownBlock block{BlockHash{*hash},
                           {Sats{row.sats(0)}, row.u64(1), static_cast<unsigned>(row.u64(2))}};
    if (!order_.follows(block.hash, event.kind, epoch)) {
        differs("event " + event.key + " does not follow from the block's events before it");
    }
    if (event.kind == "accrue") return check_accrual(event, block, epoch);
    const auto accrued = read_transfers(db_, event_key(block.hash, "accrue", epoch));
    if (!accrued && accrued.error().code != pool::Error::Code::not_found) {
        return fail(accrued.error());
    }
    const bool same = accrued && event.transfers == (event.kind == "mature" ? maturing(*accrued)
                                                                            : reversal(*accrued));
    if (!same) differs("event " + event.key + " is not what follows from the block's accrual");
    return {};
}

Result<void> Verifier::check_accrual(const LedgerEvent& event, const KnownBlock& block,
                                     std::uint64_t epoch)
{
    ++check_.blocks;
    const auto in_force = read_window_in_force(db_, block.paid.found_slot);
    if (!in_force) return fail(in_force.error());
    const auto stored = read_credits(db_, block.hash, epoch);
    if (!stored) return fail(stored.error());
    const auto window = read_window(db_, block.paid.found_slot, in_force->size);
    if (!window && window.error().code == pool::Error::Code::refused) {
        differs("block " + event.ref + ": " + window.error().detail);
        return {};
    }
    if (!window) return fail(window.error());
    std::map<pool::AccountId, Terms> terms;
    for (const Credit& each : *stored) {
        terms[each.account] = each.terms;
        if (each.terms.fee_bps + each.terms.donation_bps <= bps_whole) continue;
        differs("block " + event.ref + " was credited on terms above the whole");
        return {};
    }
    if (auto done = check_terms(block, event.ref, terms); !done) return done;
    const auto credits = settle(block.paid.reward, window->weights, {}, terms);
    if (credits != *stored) {
        Sats off;
        for (std::size_t i = 0; i < std::min(credits.size(), stored->size()); ++i) {
            const Sats by = credits[i].net - (*stored)[i].net;
            off += Sats{std::abs(by.value)};
        }
        differs("block " + event.ref + " was credited otherwise than its window says", off);
    }
    if (epoch == 1 && event.payload != accrual_payload(block.paid, *window, in_force->n)) {
        differs("event " + event.key + " tells of another window or block than the books");
    }
    if (event.transfers != accrual(block.paid.reward, credits)) {
        differs("event " + event.key + " moves other amounts than the block's credit");
    }
    return check_window(event, block, window->bounds);
}

Result<void> Verifier::check_window(const LedgerEvent& event, const KnownBlock& block,
                                    const WindowBounds& bounds)
{
    const auto rows = db_.query(
        "SELECT window_first <=> ? AND window_cut <=> CAST(? AS DECIMAL(38,0)) AND window_score "
        "<=> CAST(? AS DECIMAL(38,0)) FROM block_found "
        "WHERE hash = ?",
        {bounds.first ? SqlValue{*bounds.first} : SqlValue{},
         bounds.cut ? sql(bounds.cut->kept) : SqlValue{}, sql(bounds.total),
         sql(block.hash.bytes)});
    if (!rows) return fail(rows.error());
    if (rows->front().u64(0) == 0) {
        differs("block " + event.ref + " says another window than it was credited by");
    }
    return {};
}

// Fee and donation of each credit are those that had been announced for the block's slot.
Result<void> Verifier::check_terms(const KnownBlock& block, const std::string& name,
                                   const std::map<pool::AccountId, Terms>& terms)
{
    const auto usual = read_usual_fee(db_, block.paid.found_slot);
    if (!usual) return fail(usual.error());
    const auto special = read_terms(db_, block.paid.found_slot, *usual);
    if (!special) return fail(special.error());
    if (*usual != block.paid.fee_bps) {
        differs("block " + name + " has another usual fee than was announced for its slot");
    }
    for (const auto& [account, used] : terms) {
        if (account == reserve_account) continue;
        const auto own = special->find(account);
        if (used == (own == special->end() ? Terms{*usual, 0} : own->second)) continue;
        differs("block " + name + " was credited to account " + std::to_string(account.value) +
                " on other terms than were announced for its slot");
    }
    return {};
}

// The flags say what the database lets through: they follow from an account's code.
Result<void> Verifier::check_balances()
{
    const auto rows = db_.query(
        "SELECT a.code, b.debits_sat, b.credits_sat, a.side, COALESCE(b.side, a.side), "
        "a.may_go_negative OR COALESCE(b.may_go_negative, 0) FROM ledger_account a "
        "LEFT JOIN ledger_balance b ON b.account_id = a.id ORDER BY a.id");
    if (!rows) return fail(rows.error());
    for (const SqlRow& row : *rows) {
        ++check_.accounts;
        const std::string& account = row.text(0);
        const BalanceReplay::Sides sides = balances_.of(account);
        const std::string_view side = grows_by_debits(account) ? "debit" : "credit";
        if (row.null(1)) {
            differs("account " + account + " has no balance");
        } else if (row.sats(1) != sides.debits.value || row.sats(2) != sides.credits.value) {
            const std::int64_t off = (row.sats(2) - row.sats(1)) - sides.net().value;
            differs("account " + account + " has another balance than its transfers make",
                    Sats{off});
        }
        if (row.text(3) != side || row.text(4) != side || row.u64(5) != 0) {
            differs("account " + account + " may be overdrawn, or grows on the wrong side");
        }
    }
    return {};
}

}  // namespace

Result<LedgerCheck> verify_inside(MysqlConnection& db) { return Verifier{db}.run(); }

Result<LedgerCheck> verify_ledger(MysqlConnection& db)
{
    if (auto connected = db.connect(); !connected) return fail(connected.error());
    if (auto level = db.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); !level) {
        return fail(level.error());
    }
    auto snapshot = db.run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
    if (!snapshot) return fail(snapshot.error());
    auto checked = verify_inside(db);
    if (db.connected()) (void)db.run("ROLLBACK");
    return checked;
}

}  // namespace payouts
