#include "payouts/mysql_blocks.h"

#include <algorithm>
#include <string>
#include <utility>

#include "payouts/mysql_schedules.h"
#include "payouts/mysql_slots.h"
#include "pool/bitcoin/transaction.h"
#include "pool/share/record.h"

namespace payouts {
namespace {

using pool::BlockHash;
using pool::Error;
using pool::fail;
using pool::Result;

constexpr std::uint64_t open_max = 500;      // blocks that came to nothing yet
constexpr std::uint64_t accrued_max = 5000;  // at most so many are asked for
constexpr std::uint64_t matured_max = 10;
constexpr std::uint64_t coinbases_max = 200;  // more than ripen at once

pool::Sighting::Place place_of(std::string_view text)
{
    if (text == "in_chain") return pool::Sighting::Place::in_chain;
    return text == "beside" ? pool::Sighting::Place::beside : pool::Sighting::Place::unknown;
}

}  // namespace

BlockBooks books_of(std::string_view text)
{
    if (text == "accrued") return BlockBooks::accrued;
    return text == "matured" ? BlockBooks::matured : BlockBooks::nothing;
}

BlockState block_state_of(std::string_view text)
{
    for (const BlockState state :
         {BlockState::immature, BlockState::mature, BlockState::orphaned, BlockState::rejected}) {
        if (text == to_string(state)) return state;
    }
    return BlockState::submitted;
}

Result<void> insert_found(MysqlConnection& db, FoundBlock block)
{
    auto transaction = Transaction::begin(db);
    if (!transaction) return fail(transaction.error());
    // Nobody announces another fee for its minute between the look and the block.
    if (auto settled = lock_settled(db); !settled) return fail(settled.error());
    const auto now = server_clock(db);
    if (!now) return fail(now.error());
    block.found_at = std::min(block.found_at, *now);
    const auto fee = read_usual_fee(db, pool::slot_of(block.found_at));
    if (!fee) return fail(fee.error());
    const auto put = db.execute(
        "INSERT INTO block_found (hash, height, found_slot, found_at_ms, finder, worker, header, "
        "coinbase_tx, reward_sat, fee_bps, merkle_branch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {sql(block.hash.bytes), std::uint64_t{block.height.value}, pool::slot_of(block.found_at),
         block.found_at.value, block.finder, block.worker,
         pool::Bytes(block.header.begin(), block.header.end()), block.coinbase,
         static_cast<std::uint64_t>(block.reward.value), std::uint64_t{*fee},
         block.branch ? SqlValue{pool::joined(*block.branch)} : SqlValue{}});
    if (!put && put.error().code != Error::Code::conflict) return fail(put.error());
    return transaction->commit();
}

Result<void> insert_answer(MysqlConnection& db, const BlockAnswer& answer)
{
    const auto put = db.execute(
        "INSERT IGNORE INTO block_answer (block_hash, node, at_ms, outcome, reason, took_ms) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        {sql(answer.hash.bytes), answer.node.substr(0, 64), answer.at.value, answer.outcome,
         answer.reason.substr(0, 190), static_cast<std::uint64_t>(answer.took.count())});
    if (!put) return fail(put.error());
    if (!answer.last_of_refusals) return {};
    const auto set = db.execute(
        "UPDATE block_found SET state = 'rejected' WHERE hash = ? AND books = 'nothing' AND "
        "place <> 'in_chain'",
        {sql(answer.hash.bytes)});
    if (!set) return fail(set.error());
    return {};
}

Result<std::vector<OpenBlock>> read_open_blocks(MysqlConnection& db, std::uint64_t sealed_through)
{
    const std::string columns =
        "SELECT hash, height, state, books, found_slot, place, confirmations, "
        "rival_confirmations, epoch FROM block_found WHERE ";
    const auto accrued = db.query(columns + "books = 'accrued' ORDER BY height");
    if (!accrued) return fail(accrued.error());
    const auto waiting = db.query(
        columns +
            "books = 'nothing' AND ((place = 'in_chain' AND found_slot <= ?) OR "
            "(place = 'beside' AND state NOT IN ('orphaned', 'rejected'))) ORDER BY height LIMIT ?",
        {sealed_through + 1, open_max});
    if (!waiting) return fail(waiting.error());
    // Matured ones only to raise the alarm should one leave the chain after all.
    const auto matured =
        db.query(columns + "books = 'matured' ORDER BY height DESC LIMIT ?", {matured_max});
    if (!matured) return fail(matured.error());
    std::vector<OpenBlock> blocks;
    for (const SqlRows* rows : {&*accrued, &*waiting, &*matured}) {
        for (const SqlRow& row : *rows) {
            OpenBlock block;
            block.hash = BlockHash{row.digest(0)};
            block.height = pool::Height{static_cast<std::uint32_t>(row.u64(1))};
            block.view.state = block_state_of(row.text(2));
            block.view.books = books_of(row.text(3));
            block.view.found_slot = row.u64(4);
            block.view.sighting.place = place_of(row.text(5));
            block.view.sighting.confirmations = static_cast<std::uint32_t>(row.u64(6));
            block.view.sighting.rival_confirmations = static_cast<std::uint32_t>(row.u64(7));
            block.epoch = row.u64(8);
            blocks.push_back(block);
        }
    }
    return blocks;
}

Result<std::vector<WatchedBlock>> read_watched(MysqlConnection& db)
{
    std::vector<WatchedBlock> watched;
    for (const auto& [which, most] :
         {std::pair{"books = 'accrued' ORDER BY height LIMIT ?", accrued_max},
          std::pair{"books = 'nothing' ORDER BY height DESC LIMIT ?", open_max},
          // Only to raise the alarm should one leave the chain after all.
          std::pair{"books = 'matured' ORDER BY height DESC LIMIT ?", matured_max}}) {
        const auto rows =
            db.query(std::string{"SELECT hash, height FROM block_found WHERE "} + which, {most});
        if (!rows) return fail(rows.error());
        for (const SqlRow& row : *rows) {
            watched.push_back(
                {BlockHash{row.digest(0)}, pool::Height{static_cast<std::uint32_t>(row.u64(1))}});
        }
    }
    return watched;
}

Result<std::vector<ChainCoinbase>> coinbases_in_chain(MysqlConnection& db)
{
    const auto rows = db.query(
        "SELECT hash, coinbase_tx FROM block_found WHERE place = 'in_chain' ORDER BY height DESC "
        "LIMIT ?",
        {coinbases_max});
    if (!rows) return fail(rows.error());
    std::vector<ChainCoinbase> coinbases;
    for (const SqlRow& row : *rows) {
        const auto tx = pool::parse_transaction(pool::as_bytes(row.text(1)));
        if (!tx) return fail(tx.error());
        coinbases.push_back({BlockHash{row.digest(0)}, txid_of(*tx)});
    }
    return coinbases;
}

Result<void> write_sighting(MysqlConnection& db, const BlockSighting& seen)
{
    const pool::Sighting& sighting = seen.sighting;
    if (sighting.place == pool::Sighting::Place::unknown) return {};
    const bool in_chain = sighting.place == pool::Sighting::Place::in_chain;
    const auto set = db.execute(
        "UPDATE block_found SET place = ?, confirmations = ?, rival_confirmations = ? "
        "WHERE hash = ?",
        {std::string{in_chain ? "in_chain" : "beside"},
         std::uint64_t{in_chain ? sighting.confirmations : 0},
         std::uint64_t{in_chain ? 0 : sighting.rival_confirmations}, sql(seen.hash.bytes)});
    if (!set) return fail(set.error());
    return {};
}

}  // namespace payouts
