#include "payouts/mysql_verify_blocks.h"

#include <algorithm>
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

bool is_header_of(const std::string& bytes, const BlockHash& hash)
{
    pool::HeaderBytes header{};
    if (bytes.size() != header.size()) return false;
    std::copy(bytes.begin(), bytes.end(), header.begin());
    return hash_of(pool::parse_header(header)) == hash;
}

/// All of it goes to the pool, whose script is one.
bool pays(const pool::Transaction& coinbase, Sats reward)
{
    Sats paid;
    const pool::Script* to = nullptr;
    for (const pool::TxOutput& output : coinbase.outputs) {
        if (output.value == Sats{}) continue;
        if (to != nullptr && *to != output.script) return false;
        to = &output.script;
        paid += output.value;
    }
    return paid == reward;
}

/// Its head, or any of its heads, is one that no slot before `slot` has.
Result<bool> says_strange_head(MysqlConnection& db, const pool::Transaction& coinbase,
                               std::uint64_t slot)
{
    for (const pool::TxOutput& output : coinbase.outputs) {
        const auto head = pool::chain_head_of(output.script);
        if (!head || *head == Digest{}) continue;
        // Backwards by key: most often it is the first or second.
        const auto rows = db.query(
            "SELECT slot_id FROM slot WHERE slot_id < ? AND chain = ? ORDER BY slot_id DESC "
            "LIMIT 1",
            {slot, sql(*head)});
        if (!rows) return fail(rows.error());
        if (rows->empty()) return true;
    }
    return false;
}

/// What differs in the row of a block, as a sentence's end; "": nothing.
Result<std::string> wrong_with(MysqlConnection& db, const SqlRow& row, const EventOrder& order)
{
    const BlockHash hash{row.digest(0)};
    if (EventOrder::Standing{books_of(row.text(1)), row.u64(2)} != order.of(hash)) {
        return "stands otherwise in the books than its events have left it";
    }
    if (!is_header_of(row.text(3), hash)) return "has a header of another hash";
    const auto coinbase = pool::parse_transaction(pool::as_bytes(row.text(4)));
    if (!coinbase || !pays(*coinbase, Sats{row.sats(5)})) {
        return "has another reward than its coinbase pays";
    }
    const auto strange = says_strange_head(db, *coinbase, row.u64(6));
    if (!strange) return fail(strange.error());
    return *strange ? "says a head that no sealed slot before it has" : "";
}

}  // namespace

Result<void> check_found_blocks(MysqlConnection& db, const EventOrder& order, LedgerCheck& check)
{
    Digest after{};
    bool first = true;
    bool more = true;
    while (more) {
        const auto rows = db.query(
            "SELECT hash, books, epoch, header, coinbase_tx, reward_sat, found_slot "
            "FROM block_found WHERE hash > ? OR (? AND hash = ?) ORDER BY hash LIMIT ?",
            {sql(after), std::uint64_t{first}, sql(after), page});
        if (!rows) return fail(rows.error());
        first = false;
        for (const SqlRow& row : *rows) {
            after = row.digest(0);
            const auto wrong = wrong_with(db, row, order);
            if (!wrong) return fail(wrong.error());
            if (!wrong->empty())
                note_difference(check, "block " + pool::to_display_hex(after) + " " + *wrong);
        }
        more = rows->size() == page;
    }
    return {};
}

}  // namespace payouts
