#include "payouts/mysql_adjustments.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "payouts/entries.h"
#include "payouts/mysql_errors.h"
#include "payouts/mysql_payouts.h"
#include "payouts/payout_rules.h"
#include "pool/base/json.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;
using pool::Sats;

constexpr std::string_view kind = "adjust";
constexpr std::string_view key_prefix = "adjust:";

struct PoolPart {
    std::string_view word;
    std::string_view code;
};
constexpr std::array pool_parts{
    PoolPart{"pool:reserve", code::reserve}, PoolPart{"pool:fee", code::fee},
    PoolPart{"pool:donation", code::donation}, PoolPart{"pool:network", code::network_fee}};

/// The ledger's account of a word as people say it.
Result<std::string> code_of(MysqlConnection& db, const CoinWish& wish)
{
    for (const PoolPart& part : pool_parts) {
        if (part.word != wish.whose) continue;
        if (wish.in && part.code == code::network_fee) {
            return fail(Error::Code::invalid, "the network pays nothing back");
        }
        return std::string{part.code};
    }
    const auto rows = db.query("SELECT id FROM account WHERE name = ?", {wish.whose});
    if (!rows) return fail(rows.error());
    if (rows->empty()) {
        return fail(Error::Code::not_found,
                    "there is no account " + wish.whose.substr(0, 100) +
                        "; pool:reserve, pool:fee, pool:donation and pool:network are the pool's");
    }
    return "m:" + rows->front().text(0) + ":available";
}

Transfer transfer_of(bool in, const std::string& code, Sats amount)
{
    if (in) return {std::string{code::wallet}, code, amount};
    return {code, std::string{code::wallet}, amount};
}

const std::string columns =
    "SELECT j.id, j.direction, j.whose, COALESCE(a.name, ''), j.amount_sat, j.reason, j.asked_by, "
    "j.asked_at_ms, COALESCE(j.booked_by, ''), COALESCE(j.booked_at_ms, 0), "
    "COALESCE(j.request_id, '') FROM adjustment j LEFT "
    "JOIN account a "
    "ON j.whose = CONCAT('m:', a.id, ':available') ";

CoinEntry entry_in(const SqlRow& row)
{
    CoinEntry entry;
    entry.id = row.u64(0);
    entry.wish = {row.text(1) == "in", row.text(3), Sats{row.sats(4)}, row.text(5), row.text(10)};
    for (const PoolPart& part : pool_parts) {
        if (part.code == row.text(2)) entry.wish.whose = part.word;
    }
    entry.asked_by = row.text(6);
    entry.asked_at = pool::UnixMillis{row.u64(7)};
    entry.booked_by = row.text(8);
    return entry;
}

Result<SqlRow> read_row(MysqlConnection& db, std::uint64_t id, const char* lock)
{
    auto rows = db.query(columns + "WHERE j.id = ?" + lock, {id});
    if (!rows) return fail(rows.error());
    if (rows->empty()) {
        return fail(Error::Code::not_found, "listcoins shows no number " + std::to_string(id));
    }
    return std::move(rows->front());
}

LedgerEvent event_of(const CoinEntry& entry, const std::string& code, pool::UnixMillis now)
{
    LedgerEvent event;
    event.key = std::string{key_prefix} + std::to_string(entry.id);
    event.kind = kind;
    event.ref = std::to_string(entry.id);
    event.actor = entry.booked_by;
    event.at = now;
    pool::JsonWriter json{event.payload};
    json.begin_object().key("reason").string(entry.wish.reason);
    json.key("asked_by").string(entry.asked_by).end_object();
    event.transfers = {transfer_of(entry.wish.in, code, entry.wish.amount)};
    return event;
}

/// What was asked for by this request already. Errors besides: conflict, when it is something else.
Result<std::optional<CoinEntry>> asked_before(MysqlConnection& db, const CoinWish& wish)
{
    if (wish.request_id.empty()) return std::nullopt;
    const auto rows = db.query(columns + "WHERE j.request_id = ?", {wish.request_id});
    if (!rows) return fail(rows.error());
    if (rows->empty()) return std::nullopt;
    CoinEntry entry = entry_in(rows->front());
    const CoinWish& then = entry.wish;
    const bool same = then.in == wish.in && then.whose == wish.whose &&
                      then.amount == wish.amount && then.reason == wish.reason;
    if (same) return entry;
    return fail(Error::Code::conflict, "number " + std::to_string(entry.id) +
                                           " was asked for by that request_id, and is another: "
                                           "look at it with listcoins");
}

}  // namespace

Result<CoinEntry> ask_coins(MysqlConnection& db, const CoinWish& wish, const std::string& who,
                            pool::UnixMillis now)
{
    if (wish.amount <= Sats{} || wish.reason.empty()) {
        return fail(Error::Code::invalid, "an amount above 0 and a reason are needed");
    }
    auto before = asked_before(db, wish);
    if (!before) return fail(before.error());
    if (auto& entry = *before) return std::move(*entry);
    const auto code = code_of(db, wish);
    if (!code) return fail(code.error());
    const SqlValue request =
        wish.request_id.empty() ? SqlValue{std::monostate{}} : SqlValue{wish.request_id};
    const auto put = db.execute(
        "INSERT INTO adjustment (direction, whose, amount_sat, reason, asked_by, asked_at_ms, "
        "request_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
        {std::string{wish.in ? "in" : "out"}, *code, static_cast<std::uint64_t>(wish.amount.value),
         wish.reason, who, now.value, request});
    if (!put) {
        // Another server was asked at the same moment.
        const auto there = asked_before(db, wish).value_or(std::nullopt);
        if (there) return *there;
        return fail(put.error());
    }
    return CoinEntry{put->insert_id, wish, who, now, ""};
}

Result<CoinEntry> approve_coins(MysqlConnection& db, std::uint64_t id, const std::string& who,
                                pool::UnixMillis now)
{
    auto transaction = Transaction::begin(db);
    if (!transaction) return fail(transaction.error());
    const auto row = read_row(db, id, " FOR UPDATE");
    if (!row) return fail(row.error());
    CoinEntry entry = entry_in(*row);
    if (!entry.booked_by.empty()) {
        return fail(Error::Code::conflict, "it is booked already, by " + entry.booked_by);
    }
    if (entry.asked_by == who) {
        return fail(Error::Code::refused, "whoever asks for it cannot approve it");
    }
    if (!entry.wish.in) {
        // What payouts on their way take out of the wallet is not there to be booked out.
        const auto beyond = wallet_beyond_payouts(db, false);
        if (!beyond) return fail(beyond.error());
        if (*beyond < entry.wish.amount) {
            return fail(Error::Code::refused,
                        "payouts on their way may need all but " +
                            std::to_string(std::max(beyond->value, std::int64_t{0})) +
                            " sat of what the books have in the wallet: wait "
                            "until they are settled");
        }
    }
    entry.booked_by = who;
    const auto noted = db.execute(
        "UPDATE adjustment SET booked_by = ?, booked_at_ms = ? WHERE id = ?", {who, now.value, id});
    if (!noted) return fail(noted.error());
    if (auto done = post(db, event_of(entry, row->text(2), now)); !done) {
        // An overdraft; by a trigger's words something is wrong with the books.
        if (!violates_check(db.last_error())) return fail(done.error());
        return fail(Error::Code::refused, entry.wish.whose + " or the wallet does not hold " +
                                              std::to_string(entry.wish.amount.value) +
                                              " sat in the books");
    }
    if (auto done = transaction->commit(); !done) return fail(done.error());
    return entry;
}

Result<Sats> coins_booked_in_since(MysqlConnection& db, pool::UnixMillis since)
{
    const auto rows = db.query(
        "SELECT CAST(COALESCE(SUM(amount_sat), 0) AS SIGNED) FROM adjustment WHERE direction = "
        "'in' AND booked_at_ms > ?",
        {since.value});
    if (!rows) return fail(rows.error());
    return Sats{rows->front().sats(0)};
}

Result<std::vector<CoinEntry>> list_coins(MysqlConnection& db, std::uint32_t limit)
{
    const auto rows = db.query(columns + "ORDER BY j.id DESC LIMIT ?", {std::uint64_t{limit}});
    if (!rows) return fail(rows.error());
    std::vector<CoinEntry> entries;
    for (const SqlRow& row : *rows) entries.push_back(entry_in(row));
    return entries;
}

Result<std::string> coin_event_difference(MysqlConnection& db, const LedgerEvent& event)
{
    std::string differs = "event " + event.key + " is not what two people have said of coins";
    std::uint64_t id = 0;
    const char* end = event.ref.data() + event.ref.size();
    if (std::from_chars(event.ref.data(), end, id).ptr != end) return differs;
    const auto row = read_row(db, id, "");
    if (!row && row.error().code == Error::Code::not_found) return differs;
    if (!row) return fail(row.error());
    const CoinEntry entry = entry_in(*row);
    if (entry.booked_by.empty() || entry.booked_by == entry.asked_by) return differs;
    const LedgerEvent said = event_of(entry, row->text(2), pool::UnixMillis{row->u64(9)});
    return canonical_text(said) == canonical_text(event) ? "" : differs;
}

Result<std::string> coins_without_events(MysqlConnection& db)
{
    const auto rows = db.query(
        "SELECT MIN(j.id) FROM adjustment j WHERE (j.booked_by IS NOT NULL OR j.booked_at_ms IS "
        "NOT NULL) AND NOT EXISTS (SELECT 1 FROM ledger_event e WHERE e.idem_key = CONCAT(?, "
        "j.id))",
        {sql(key_prefix)});
    if (!rows) return fail(rows.error());
    if (rows->front().null(0)) return std::string{};
    return "coins number " + rows->front().text(0) + " are said to be booked and have no event";
}

}  // namespace payouts
