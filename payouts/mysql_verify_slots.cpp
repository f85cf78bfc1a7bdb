#include "payouts/mysql_verify_slots.h"

#include <optional>
#include <string>
#include <utility>

#include "payouts/mysql_rebuild.h"
#include "payouts/mysql_window.h"
#include "payouts/slot_tree.h"

namespace payouts {
namespace {

using pool::Digest;
using pool::fail;
using pool::Result;

constexpr std::uint64_t page = 500;

/// What a slot is sealed with besides its tree.
struct SlotSums {
    std::uint64_t shares = 0;
    std::uint64_t stale = 0;
    pool::U128 work = 0;
    pool::U128 score = 0;
    friend bool operator==(const SlotSums&, const SlotSums&) = default;
};

class SlotCheck {
public:
    SlotCheck(MysqlConnection& db, LedgerCheck& check) : db_(db), check_(check) {}

    Result<void> check_slots();
    Result<void> check_totals();

private:
    Result<SumNode> root_of(std::uint64_t slot, std::uint64_t records);
    Result<void> check_sums(std::uint64_t slot, const SlotSums& sealed);
    Result<void> check_hour(std::uint64_t hour);
    Result<void> check_strays();

    MysqlConnection& db_;
    LedgerCheck& check_;
};

Result<SumNode> SlotCheck::root_of(std::uint64_t slot, std::uint64_t records)
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
            note_difference(check_, "slot " + std::to_string(slot) + ": account " + row.text(0) +
                                        " has another score or number of records than was sealed");
        }
        const SumNode own{row.digest(3), row.u128(2)};
        tree.add(member_leaf(row.null(4) ? Digest{} : row.digest(4),
                             static_cast<std::uint32_t>(row.u64(1)), own));
        counted += row.u64(1);
    }
    if (counted != records) {
        note_difference(check_, "slot " + std::to_string(slot) +
                                    " has another number of records than was sealed");
    }
    return tree.root();
}

// All buckets of the slot, also those of accounts that have no root in it.
Result<void> SlotCheck::check_sums(std::uint64_t slot, const SlotSums& sealed)
{
    const auto rows = db_.query(
        "SELECT COALESCE(SUM(shares), 0), COALESCE(SUM(stale), 0), COALESCE(SUM(work), 0), "
        "COALESCE(SUM(score), 0), COALESCE(SUM(late > shares + stale OR (work = 0) <> "
        "(shares = 0) OR (stale_work = 0) <> (stale = 0)), 0) FROM slot_account WHERE slot_id = ?",
        {slot});
    if (!rows) return fail(rows.error());
    const SqlRow& row = rows->front();
    if (SlotSums{row.u64(0), row.u64(1), row.u128(2), row.u128(3)} != sealed || row.u64(4) != 0) {
        note_difference(check_,
                        "slot " + std::to_string(slot) + " has other sums than its buckets make");
    }
    return {};
}

// A minute without a slot has no shares that count.
Result<void> SlotCheck::check_strays()
{
    const auto rows = db_.query(
        "SELECT MIN(a.slot_id) FROM slot_account a LEFT JOIN slot s ON s.slot_id = a.slot_id "
        "WHERE s.slot_id IS NULL AND a.slot_id <= (SELECT sealed_through FROM books WHERE id = 1)");
    if (!rows) return fail(rows.error());
    if (!rows->front().null(0)) {
        note_difference(
            check_, "slot " + rows->front().text(0) + " has shares, and was sealed without any");
    }
    const auto hours = db_.query(
        "SELECT MIN(h.hour) FROM hour_score h WHERE NOT EXISTS (SELECT 1 FROM slot s "
        "WHERE s.slot_id >= h.hour * ? AND s.slot_id < (h.hour + 1) * ?)",
        {slots_an_hour, slots_an_hour});
    if (!hours) return fail(hours.error());
    if (!hours->front().null(0)) {
        note_difference(check_, "hour " + hours->front().text(0) +
                                    " has scores, and none of its slots was sealed");
    }
    return {};
}

Result<void> SlotCheck::check_slots()
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
                note_difference(check_,
                                "slot " + std::to_string(after) + " is not what was sealed");
            }
        }
        more = rows->size() == page;
    }
    return check_strays();
}

// Windows are summed from whole hours.
Result<void> SlotCheck::check_hour(std::uint64_t hour)
{
    const auto same = hour_is_its_slots(db_, hour);
    if (!same) return fail(same.error());
    if (!*same)
        note_difference(check_,
                        "hour " + std::to_string(hour) + " has other scores than its slots");
    return {};
}

// What pages and luck are told by: each account's sums of all its minutes, open ones among them.
Result<void> SlotCheck::check_totals()
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
        note_difference(
            check_, "account " + rows->front().text(0) + " has other totals than its slots make");
    }
    return {};
}

}  // namespace

void note_difference(LedgerCheck& check, std::string what, pool::Sats off)
{
    if (!check.good()) return;
    check.difference = std::move(what);
    check.off = off;
}

Result<void> check_slots(MysqlConnection& db, LedgerCheck& check)
{
    return SlotCheck{db, check}.check_slots();
}

Result<void> check_totals(MysqlConnection& db, LedgerCheck& check)
{
    return SlotCheck{db, check}.check_totals();
}

}  // namespace payouts
