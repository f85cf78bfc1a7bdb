#include <span>
#include <string>
#include <utility>

#include "payouts/entries.h"
#include "payouts/mysql_blocks.h"
#include "payouts/mysql_hold.h"
#include "payouts/mysql_ledger.h"
#include "payouts/mysql_schedules.h"
#include "payouts/mysql_window.h"
#include "payouts/pplns.h"
#include "pool/base/json.h"

namespace payouts {
namespace {

using pool::AccountId;
using pool::BlockHash;
using pool::Error;
using pool::fail;
using pool::Result;
using pool::Sats;

constexpr std::string_view actor = "zubrd";

/// The columns of a block that its entries need.
struct BlockTerms {
    Sats reward;
    std::uint64_t found_slot = 0;
    unsigned fee_bps = 0;
    std::uint64_t epoch = 0;
    std::string books;
    std::string place;
};

Result<BlockTerms> lock_block(MysqlConnection& db, const BlockHash& hash)
{
    const auto rows = db.query(
        "SELECT reward_sat, found_slot, fee_bps, epoch, books, place FROM block_found WHERE hash = "
        "? "
        "FOR UPDATE",
        {sql(hash.bytes)});
    if (!rows) return fail(rows.error());
    if (rows->empty()) return fail(Error::Code::not_found, "a block that the books do not have");
    const SqlRow& row = rows->front();
    return BlockTerms{Sats{row.sats(0)}, row.u64(1),  static_cast<unsigned>(row.u64(2)),
                      row.u64(3),        row.text(4), row.text(5)};
}

LedgerEvent event_of(const BlockTask& task, std::string_view kind, std::uint64_t epoch,
                     std::string payload)
{
    LedgerEvent event;
    event.key = event_key(task.block.hash, kind, epoch);
    event.kind = std::string{kind};
    event.ref = pool::to_display_hex(task.block.hash);
    event.actor = std::string{actor};
    event.payload = std::move(payload);
    event.at = task.now;
    return event;
}

Result<void> insert_credits(MysqlConnection& db, const BlockTask& task, std::uint64_t epoch,
                            std::span<const Credit> credits)
{
    std::vector<std::vector<SqlValue>> rows;
    rows.reserve(credits.size());
    for (const Credit& credit : credits) {
        rows.push_back({sql(task.block.hash.bytes), epoch, credit.account.value, sql(credit.weight),
                        static_cast<std::uint64_t>(credit.gross.value),
                        static_cast<std::uint64_t>(credit.fee.value),
                        static_cast<std::uint64_t>(credit.donation.value),
                        static_cast<std::uint64_t>(credit.net.value),
                        std::uint64_t{credit.terms.fee_bps},
                        std::uint64_t{credit.terms.donation_bps}});
    }
    return insert_rows(
        db,
        "INSERT INTO block_credit (block_hash, epoch, account_id, weight, gross_sat, "
        "fee_sat, donation_sat, net_sat, fee_bps, donation_bps) VALUES",
        "", rows);
}

Result<void> post_accrual(MysqlConnection& db, const BlockTask& task, const BlockTerms& terms,
                          std::span<const Credit> credits, std::string payload)
{
    if (auto put = insert_credits(db, task, terms.epoch, credits); !put) return put;
    LedgerEvent event = event_of(task, "accrue", terms.epoch, std::move(payload));
    event.transfers = accrual(terms.reward, credits);
    if (auto posted = post(db, event); !posted) return posted;
    const auto set = db.execute("UPDATE block_found SET books = 'accrued' WHERE hash = ?",
                                {sql(task.block.hash.bytes)});
    if (!set) return fail(set.error());
    return {};
}

Result<void> accrue_again(MysqlConnection& db, const BlockTask& task, const BlockTerms& terms)
{
    const auto credits = read_credits(db, task.block.hash, terms.epoch - 1);
    if (!credits) return fail(credits.error());
    return post_accrual(db, task, terms, *credits,
                        "{\"again\":" + std::to_string(terms.epoch - 1) + "}");
}

Result<void> accrue(MysqlConnection& db, const BlockTask& task, const BlockTerms& terms)
{
    if (terms.epoch > 1) return accrue_again(db, task, terms);
    const auto in_force = read_window_in_force(db, terms.found_slot);
    if (!in_force) return fail(in_force.error());
    const auto window = read_window(db, terms.found_slot, in_force->size);
    if (!window) return fail(window.error());
    const auto special = read_terms(db, terms.found_slot, terms.fee_bps);
    if (!special) return fail(special.error());
    const auto credits = settle(terms.reward, window->weights, Terms{terms.fee_bps, 0}, *special);
    const WindowBounds& bounds = window->bounds;
    const SqlValue first = bounds.first ? SqlValue{*bounds.first} : SqlValue{};
    const SqlValue cut = bounds.cut ? sql(bounds.cut->kept) : SqlValue{};
    const auto set = db.execute(
        "UPDATE block_found SET window_first = ?, window_cut = ?, window_score = ? WHERE hash = ?",
        {first, cut, sql(bounds.total), sql(task.block.hash.bytes)});
    if (!set) return fail(set.error());
    return post_accrual(
        db, task, terms, credits,
        accrual_payload({terms.reward, terms.found_slot, terms.fee_bps}, *window, in_force->n));
}

Result<void> mature(MysqlConnection& db, const BlockTask& task, const BlockTerms& terms)
{
    const auto accrued = read_transfers(db, event_key(task.block.hash, "accrue", terms.epoch));
    if (!accrued) return fail(accrued.error());
    LedgerEvent event = event_of(task, "mature", terms.epoch, "{}");
    event.transfers = maturing(*accrued);
    if (auto posted = post(db, event); !posted) return posted;
    const auto set = db.execute("UPDATE block_found SET books = 'matured' WHERE hash = ?",
                                {sql(task.block.hash.bytes)});
    if (!set) return fail(set.error());
    return {};
}

Result<void> reverse(MysqlConnection& db, const BlockTask& task, const BlockTerms& terms)
{
    const auto accrued = read_transfers(db, event_key(task.block.hash, "accrue", terms.epoch));
    if (!accrued) return fail(accrued.error());
    LedgerEvent event = event_of(task, "orphan", terms.epoch, "{}");
    event.transfers = reversal(*accrued);
    if (auto posted = post(db, event); !posted) return posted;
    const auto set =
        db.execute("UPDATE block_found SET books = 'nothing', epoch = epoch + 1 WHERE hash = ?",
                   {sql(task.block.hash.bytes)});
    if (!set) return fail(set.error());
    return {};
}

std::string_view to_string(BlockBooks books)
{
    switch (books) {
        case BlockBooks::nothing:
            return "nothing";
        case BlockBooks::accrued:
            return "accrued";
        case BlockBooks::matured:
            return "matured";
    }
    return "nothing";
}

std::string_view to_string(pool::Sighting::Place place)
{
    switch (place) {
        case pool::Sighting::Place::unknown:
            return "unknown";
        case pool::Sighting::Place::in_chain:
            return "in_chain";
        case pool::Sighting::Place::beside:
            return "beside";
    }
    return "unknown";
}

Result<void> enter(MysqlConnection& db, const BlockTask& task, const BlockTerms& terms)
{
    switch (task.plan.step) {
        case BlockStep::none:
            return {};
        case BlockStep::accrue:
            return accrue(db, task, terms);
        case BlockStep::mature:
            return mature(db, task, terms);
        case BlockStep::reverse:
            return reverse(db, task, terms);
    }
    return {};
}

}  // namespace

std::string accrual_payload(const PaidBlock& block, const WindowFound& window, pool::U128 n)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object();
    json.key("reward_sat").integer(block.reward.value);
    json.key("fee_bps").unsigned_integer(block.fee_bps);
    json.key("slot").unsigned_integer(block.found_slot);
    json.key("n").string(pool::to_decimal(n));
    json.key("window").string(pool::to_decimal(window.bounds.total));
    if (window.bounds.first) json.key("first_slot").unsigned_integer(*window.bounds.first);
    if (window.bounds.cut) {
        json.key("cut").begin_object();
        json.key("slot").unsigned_integer(window.bounds.cut->slot);
        json.key("r").string(pool::to_decimal(window.bounds.cut->kept));
        json.key("s").string(pool::to_decimal(window.bounds.cut->of));
        json.end_object();
    }
    json.end_object();
    return out;
}

std::string event_key(const BlockHash& hash, std::string_view what, std::uint64_t epoch)
{
    return "block:" + pool::to_display_hex(hash) + ":" + std::string{what} + ":" +
           std::to_string(epoch);
}

Result<std::vector<Credit>> read_credits(MysqlConnection& db, const BlockHash& hash,
                                         std::uint64_t epoch)
{
    const auto rows = db.query(
        "SELECT account_id, weight, gross_sat, fee_sat, donation_sat, net_sat, fee_bps, "
        "donation_bps FROM block_credit WHERE block_hash = ? AND epoch = ? ORDER BY account_id",
        {sql(hash.bytes), epoch});
    if (!rows) return fail(rows.error());
    std::vector<Credit> credits;
    for (const SqlRow& row : *rows) {
        credits.push_back({AccountId{row.u64(0)},
                           row.u128(1),
                           Sats{row.sats(2)},
                           Sats{row.sats(3)},
                           Sats{row.sats(4)},
                           Sats{row.sats(5)},
                           {static_cast<unsigned>(row.u64(6)), static_cast<unsigned>(row.u64(7))}});
    }
    return credits;
}

Result<void> carry_out(MysqlConnection& db, Lease& lease, const BlockTask& task)
{
    auto transaction = Transaction::begin(db);
    if (!transaction) return fail(transaction.error());
    if (auto ours = lease.fence(); !ours) return ours;
    const auto terms = lock_block(db, task.block.hash);
    if (!terms) return fail(terms.error());
    // Another service was faster: the next step plans anew.
    if (terms->books != to_string(task.block.view.books) || terms->epoch != task.block.epoch ||
        terms->place != to_string(task.block.view.sighting.place)) {
        return {};
    }
    if (auto entered = enter(db, task, *terms); !entered) return entered;
    if (task.plan.alarm) {
        if (auto held = hold_payouts(db, lost_block_text(task.block.height), task.now); !held)
            return held;
    }
    const auto set =
        db.execute("UPDATE block_found SET state = ? WHERE hash = ?",
                   {std::string{payouts::to_string(task.plan.state)}, sql(task.block.hash.bytes)});
    if (!set) return fail(set.error());
    return transaction->commit();
}

}  // namespace payouts
