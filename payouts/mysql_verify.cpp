#include "payouts/mysql_verify.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "payouts/entries.h"
#include "payouts/event_order.h"
#include "payouts/mysql_adjustments.h"
#include "payouts/mysql_blocks.h"
#include "payouts/mysql_ledger.h"
#include "payouts/mysql_rebuild.h"
#include "payouts/mysql_schedules.h"
#include "payouts/mysql_verify_payouts.h"
#include "payouts/mysql_window.h"
#include "payouts/pplns.h"
#include "payouts/slot_tree.h"

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

/// What a slot is sealed with besides its tree.
struct SlotSums {
    std::uint64_t shares = 0;
    std::uint64_t stale = 0;
    pool::U128 work = 0;
    pool::U128 score = 0;
    friend bool operator==(const SlotSums&, const SlotSums&) = default;
};

class Verifier {
public:
    explicit Verifier(MysqlConnection& db) : db_(db) {}

    Result<LedgerCheck> run()
    {
        if (auto done = check_slots(); !done) return fail(done.error());
        if (auto done = check_events(); !done) return fail(done.error());
        if (auto done = check_standings(); !done) return fail(done.error());
        auto missing = payouts_without_events(db_);
        if (!missing) return fail(missing.error());
        if (!missing->empty()) differs(std::move(*missing));
        if (auto done = check_totals(); !done) return fail(done.error());
        if (auto done = check_balances(); !done) return fail(done.error());
        if (auto done = count_gaps(); !done) return fail(done.error());
        return check_;
    }

private:
    // The first difference is the one that is told: others may follow from it.
    void differs(std::string what, Sats off = {})
    {
        if (!check_.good()) return;
        check_.difference = std::move(what);
        check_.off = off;
    }

    Result<void> check_slots();
    Result<SumNode> root_of(std::uint64_t slot, std::uint64_t records);
    Result<void> check_sums(std::uint64_t slot, const SlotSums& sealed);
    Result<void> check_hour(std::uint64_t hour);
    Result<void> check_strays();
    Result<void> check_totals();
    Result<void> count_gaps();
    Result<void> check_events();
    Result<void> check_event(const LedgerEvent& event);
    Result<void> check_accrual(const LedgerEvent& event, const KnownBlock& block,
                               std::uint64_t epoch);
    Result<void> check_standings();
    Result<void> check_balances();
    Result<std::vector<Transfer>> transfers_of(std::uint64_t event);
    Result<Digest> ledger_head();
    Result<void> check_terms(const KnownBlock& block, const std::string& name,
                             const std::map<pool::AccountId, Terms>& terms);

    MysqlConnection& db_;
    LedgerCheck check_;
    EventOrder order_;
    std::map<std::string, std::pair<Sats, Sats>> balances_;  // debits and credits, by code
};

Result<SumNode> Verifier::root_of(std::uint64_t slot, std::uint64_t records)
{
    const auto rows = db_.query(
        "SELECT r.account_id, r.records, r.score, r.root, a.salt, s.score, s.records "
        "FROM slot_root r LEFT JOIN account a ON a.id = r.account_id "
        "LEFT JOIN (SELECT account_id, SUM(score) score, SUM(shares + stale) records "
        "FROM slot_account WHERE slot_id = ? GROUP BY account_id) s "
        "ON s.account_id = r.account_id WHERE r.slot_id = ? ORDER BY r.account_id",
        {slot, slot});
    if (!rows) return fail(rows.error());
    SumTree tree;
    std::uint64_t counted = 0;
    for (const SqlRow& row : *rows) {
        if (row.null(5) || row.u128(5) != row.u128(2) || row.u64(6) != row.u64(1)) {
            differs("slot " + std::to_string(slot) + ": account " + row.text(0) +
                    " has another score or number of records than was sealed");
        }
        const SumNode own{row.digest(3), row.u128(2)};
        tree.add(member_leaf(row.null(4) ? Digest{} : row.digest(4),
                             static_cast<std::uint32_t>(row.u64(1)), own));
        counted += row.u64(1);
    }
    if (counted != records) {
        differs("slot " + std::to_string(slot) + " has another number of records than was sealed");
    }
    return tree.root();
}

// All buckets of the slot, also those of accounts that have no root in it.
Result<void> Verifier::check_sums(std::uint64_t slot, const SlotSums& sealed)
{
    const auto rows = db_.query(
        "SELECT COALESCE(SUM(shares), 0), COALESCE(SUM(stale), 0), COALESCE(SUM(work), 0), "
        "COALESCE(SUM(score), 0), COALESCE(SUM(late > shares + stale OR (work = 0) <> "
        "(shares = 0) OR (stale_work = 0) <> (stale = 0)), 0) FROM slot_account WHERE slot_id = ?",
        {slot});
    if (!rows) return fail(rows.error());
    const SqlRow& row = rows->front();
    if (SlotSums{row.u64(0), row.u64(1), row.u128(2), row.u128(3)} != sealed || row.u64(4) != 0) {
        differs("slot " + std::to_string(slot) + " has other sums than its buckets make");
    }
    return {};
}

// A minute without a slot has no shares that count.
Result<void> Verifier::check_strays()
{
    const auto rows = db_.query(
        "SELECT MIN(a.slot_id) FROM slot_account a LEFT JOIN slot s ON s.slot_id = a.slot_id "
        "WHERE s.slot_id IS NULL AND a.slot_id <= (SELECT sealed_through FROM books WHERE id = 1)");
    if (!rows) return fail(rows.error());
    if (!rows->front().null(0)) {
        differs("slot " + rows->front().text(0) + " has shares, and was sealed without any");
    }
    const auto hours = db_.query(
        "SELECT MIN(h.hour) FROM hour_score h WHERE NOT EXISTS (SELECT 1 FROM slot s "
        "WHERE s.slot_id >= h.hour * ? AND s.slot_id < (h.hour + 1) * ?)",
        {slots_an_hour, slots_an_hour});
    if (!hours) return fail(hours.error());
    if (!hours->front().null(0)) {
        differs("hour " + hours->front().text(0) + " has scores, and none of its slots was sealed");
    }
    return {};
}

// What pages and luck are told by: each account's sums of all its minutes, open ones among them.
Result<void> Verifier::check_totals()
{
    const auto rows = db_.query("SELECT MIN(account_id) FROM (" + totals_of_slots() +
                                " UNION ALL SELECT account_id, shares, stale, work, score, "
                                "last_slot, -1 FROM account_total) sides GROUP BY account_id "
                                "HAVING COUNT(*) <> 2 OR SUM(shares * side) <> 0 OR "
                                "SUM(stale * side) <> 0 OR SUM(work * side) <> 0 OR "
                                "SUM(score * side) <> 0 OR SUM(last_slot * side) <> 0 "
                                "ORDER BY account_id LIMIT 1");
    if (!rows) return fail(rows.error());
    if (!rows->empty()) {
        differs("account " + rows->front().text(0) + " has other totals than its slots make");
    }
    return {};
}

Result<void> Verifier::count_gaps()
{
    const auto rows = db_.query("SELECT COALESCE(SUM(records), 0) FROM share_gap");
    if (!rows) return fail(rows.error());
    check_.records_given_up = rows->front().u64(0);
    return {};
}

Result<void> Verifier::check_slots()
{
    Digest chain{};
    SlotSums before;
    bool more = true;
    std::uint64_t after = 0;
    bool first = true;
    std::optional<std::uint64_t> hour;
    while (more) {
        const auto rows = db_.query(
            "SELECT slot_id, shares, stale, work, score, cum_shares, cum_stale, cum_score, root, "
            "chain FROM slot WHERE slot_id > ? OR (? AND slot_id = 0) ORDER BY slot_id LIMIT ?",
            {after, std::uint64_t{first}, page});
        if (!rows) return fail(rows.error());
        first = false;
        for (const SqlRow& row : *rows) {
            after = row.u64(0);
            ++check_.slots;
            if (const std::uint64_t own = after / slots_an_hour; hour != own) {
                if (auto done = check_hour(own); !done) return done;
                hour = own;
            }
            const SlotSums sealed{row.u64(1), row.u64(2), row.u128(3), row.u128(4)};
            const std::uint64_t records = sealed.shares + sealed.stale;
            const auto root = root_of(after, records);
            if (!root) return fail(root.error());
            if (auto done = check_sums(after, sealed); !done) return done;
            chain = chain_hash({chain, after, static_cast<std::uint32_t>(records), *root});
            before.shares += sealed.shares;
            before.stale += sealed.stale;
            before.score += sealed.score;
            if (root->sum != sealed.score || before.shares != row.u64(5) ||
                before.stale != row.u64(6) || before.score != row.u128(7) ||
                root->hash != row.digest(8) || chain != row.digest(9)) {
                differs("slot " + std::to_string(after) + " is not what was sealed");
            }
        }
        more = rows->size() == page;
    }
    return check_strays();
}

// Windows are summed from whole hours.
Result<void> Verifier::check_hour(std::uint64_t hour)
{
    const auto same = hour_is_its_slots(db_, hour);
    if (!same) return fail(same.error());
    if (!*same) differs("hour " + std::to_string(hour) + " has other scores than its slots");
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
                balances_[each.debit].first += each.amount;
                balances_[each.credit].second += each.amount;
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
        auto difference = coin_event_difference(db_, event);
        if (!difference) return fail(difference.error());
        if (!difference->empty()) differs(std::move(*difference));
        return {};
    }
    if (event.kind == "reserve" || event.kind == "settle" || event.kind == "cancel") {
        auto difference = payout_event_difference(db_, event);
        if (!difference) return fail(difference.error());
        if (!difference->empty()) differs(std::move(*difference));
        return {};
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

// A block stands in its table where its events have left it.
Result<void> Verifier::check_standings()
{
    Digest after{};
    bool first = true;
    bool more = true;
    while (more) {
        const auto rows = db_.query(
            "SELECT hash, books, epoch FROM block_found WHERE hash > ? OR (? AND hash = ?) "
            "ORDER BY hash LIMIT ?",
            {sql(after), std::uint64_t{first}, sql(after), page});
        if (!rows) return fail(rows.error());
        first = false;
        for (const SqlRow& row : *rows) {
            after = row.digest(0);
            const EventOrder::Standing said{books_of(row.text(1)), row.u64(2)};
            if (said == order_.of(BlockHash{after})) continue;
            differs("block " + pool::to_display_hex(after) +
                    " stands otherwise in the books than its events have left it");
        }
        more = rows->size() == page;
    }
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

Result<void> Verifier::check_balances()
{
    const auto rows = db_.query(
        "SELECT a.code, b.debits_sat, b.credits_sat FROM ledger_account a "
        "LEFT JOIN ledger_balance b ON b.account_id = a.id ORDER BY a.id");
    if (!rows) return fail(rows.error());
    for (const SqlRow& row : *rows) {
        ++check_.accounts;
        const auto [debits, credits] = balances_[row.text(0)];
        if (row.null(1)) {
            differs("account " + row.text(0) + " has no balance");
        } else if (row.sats(1) != debits.value || row.sats(2) != credits.value) {
            const std::int64_t off = (row.sats(2) - row.sats(1)) - (credits - debits).value;
            differs("account " + row.text(0) + " has another balance than its transfers make",
                    Sats{off});
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
