#include "payouts/mysql_verify_blocks.h"

#include <algorithm>
#include <optional>
#include <string>

#include "payouts/mysql_blocks.h"
#include "payouts/mysql_verify_slots.h"
#include "pool/bitcoin/block.h"
#include "pool/bitcoin/coinbase.h"
#include "pool/bitcoin/transaction.h"

namespace payouts {
namespace {

using pool::BlockHash;
using pool::Digest;
using pool::fail;
using pool::Result;
using pool::Sats;

constexpr std::uint64_t page = 500;

std::optional<pool::Header> header_of(const std::string& bytes, const BlockHash& hash)
{
    pool::HeaderBytes raw{};
    if (bytes.size() != raw.size()) return std::nullopt;
    std::copy(bytes.begin(), bytes.end(), raw.begin());
    const pool::Header header = pool::parse_header(raw);
    if (hash_of(header) != hash) return std::nullopt;
    return header;
}

bool is_in_block(const pool::Transaction& coinbase, const std::string& joined,
                 const pool::Header& header)
{
    const auto branch = pool::branch_from(pool::as_bytes(joined));
    return branch && pool::merkle_root(txid_of(coinbase), *branch) == header.merkle_root;
}

/// The one script that all of it goes to; empty where nothing is paid.
std::optional<pool::Script> paid_by(const pool::Transaction& coinbase, Sats reward)
{
    Sats paid;
    pool::Script to;
    for (const pool::TxOutput& output : coinbase.outputs) {
        if (output.value == Sats{}) continue;
        if (!to.empty() && to != output.script) return std::nullopt;
        to = output.script;
        paid += output.value;
    }
    if (paid != reward) return std::nullopt;
    return to;
}

/// Its head, or any of its heads, is one that no sealed slot has. Of any time: a server whose clock
/// is behind says the newest head in a block that it dates before it.
Result<bool> says_unknown_head(MysqlConnection& db, const pool::Transaction& coinbase,
                               std::uint64_t slot)
{
    for (const pool::TxOutput& output : coinbase.outputs) {
        const auto head = pool::chain_head_of(output.script);
        if (!head || *head == Digest{}) continue;
        // Away from the block by key: most often it is the first or second before it.
        bool known = false;
        for (const char* const text :
             {"SELECT slot_id FROM slot WHERE slot_id < ? AND chain = ? ORDER BY slot_id DESC "
              "LIMIT 1",
              "SELECT slot_id FROM slot WHERE slot_id >= ? AND chain = ? ORDER BY slot_id "
              "LIMIT 1"}) {
            const auto rows = db.query(text, {slot, sql(*head)});
            if (!rows) return fail(rows.error());
            known = !rows->empty();
            if (known) break;
        }
        if (!known) return true;
    }
    return false;
}

/// What differs in the row of a block, as a sentence's end; "": nothing.
Result<std::string> wrong_with(MysqlConnection& db, const SqlRow& row, const EventOrder& order,
                               LedgerCheck& check)
{
    const BlockHash hash{row.digest(0)};
    if (EventOrder::Standing{books_of(row.text(1)), row.u64(2)} != order.of(hash)) {
        return "stands otherwise in the books than its events have left it";
    }
    const auto header = header_of(row.text(3), hash);
    if (!header) return "has a header of another hash";
    const auto coinbase = pool::parse_transaction(pool::as_bytes(row.text(4)));
    const Sats reward{row.sats(5)};
    const auto to = coinbase ? paid_by(*coinbase, reward) : std::nullopt;
    if (!to) return "has another reward than its coinbase pays";
    const bool credited = books_of(row.text(1)) != BlockBooks::nothing;
    if (credited && !to->empty()) check.paid_to[*to] += reward;
    if (!row.null(7) && !is_in_block(*coinbase, row.text(7), *header)) {
        return "has a coinbase that is not in it";
    }
    const auto unknown = says_unknown_head(db, *coinbase, row.u64(6));
    if (!unknown) return fail(unknown.error());
    if (*unknown && ++check.heads_unknown == 1) check.head_unknown_in = hash;
    return "";
}

}  // namespace

// The key of the event is event_key(): a hash is displayed backwards.
Result<std::string> credits_without_events(MysqlConnection& db)
{
    const auto rows = db.query(
        "SELECT c.block_hash, c.epoch FROM (SELECT DISTINCT block_hash, epoch FROM block_credit) c "
        "LEFT JOIN ledger_event e ON e.idem_key = CONVERT(CONCAT('block:', "
        "LOWER(HEX(REVERSE(c.block_hash))), ':accrue:', c.epoch) USING ascii) "
        "WHERE e.id IS NULL LIMIT 1");
    if (!rows) return fail(rows.error());
    if (rows->empty()) return "";
    const SqlRow& row = rows->front();
    return "block " + pool::to_display_hex(row.digest(0)) + " has credits of time " + row.text(1) +
           " that no event has made";
}

Result<void> check_found_blocks(MysqlConnection& db, const EventOrder& order, LedgerCheck& check)
{
    Digest after{};
    bool first = true;
    bool more = true;
    while (more) {
        const auto rows = db.query(
            "SELECT hash, books, epoch, header, coinbase_tx, reward_sat, found_slot, merkle_branch "
            "FROM block_found WHERE hash > ? OR (? AND hash = ?) ORDER BY hash LIMIT ?",
            {sql(after), std::uint64_t{first}, sql(after), page});
        if (!rows) return fail(rows.error());
        first = false;
        for (const SqlRow& row : *rows) {
            after = row.digest(0);
            if (row.null(7)) ++check.blocks_unproven;
            const auto wrong = wrong_with(db, row, order, check);
            if (!wrong) return fail(wrong.error());
            if (!wrong->empty())
                note_difference(check, "block " + pool::to_display_hex(after) + " " + *wrong);
        }
        more = rows->size() == page;
    }
    return {};
}

}  // namespace payouts
