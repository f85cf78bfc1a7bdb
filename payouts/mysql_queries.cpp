#include "payouts/mysql_queries.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "payouts/migrations.h"
#include "payouts/mysql_account_books.h"
#include "payouts/mysql_account_tokens.h"
#include "payouts/mysql_blocks.h"
#include "payouts/mysql_connection.h"
#include "pool/bitcoin/transaction.h"

namespace payouts {

using pool::AccountId;
using pool::Error;
using pool::fail;
using pool::Result;
using pool::Sats;

struct Queries::Impl {
    explicit Impl(const MysqlOptions& options) : db(options) {}

    /// Asks again once when the connection turns out to be lost: reading twice does no harm.
    template <typename Read>
    auto twice(Read read) -> decltype(read(std::declval<MysqlConnection&>()))
    {
        for (int turn = 0;; ++turn) {
            if (auto connected = db.connect(); !connected) return fail(connected.error());
            auto answer = read(db);
            if (answer || turn > 0 || db.connected()) return answer;
        }
    }
    Result<SqlRows> query(const std::string& text, const std::vector<SqlValue>& values = {})
    {
        return twice([&](MysqlConnection& link) { return link.query(text, values); });
    }

    /// Errors: not_found.
    Result<AccountId> id_of(std::string_view name);
    /// What was scored before the round of `block` began, which its effort counts from.
    Result<pool::U128> score_before(const BlockRow& block);
    Result<Sats> balance(const std::string& pattern);
    /// text: up to the list of handles, by which both tables are keyed.
    Result<void> names(std::string text, const std::string& producer,
                       const std::set<std::uint64_t>& handles,
                       std::map<std::uint64_t, std::string>& out);

    MysqlConnection db;
};

namespace {

constexpr std::uint32_t limit_max = 1000;

std::uint64_t bounded(std::uint32_t limit) { return std::clamp(limit, 1U, limit_max); }

constexpr std::string_view block_columns =
    "SELECT hash, height, state, found_at_ms, finder, worker, reward_sat, place, confirmations, "
    "epoch, COALESCE((SELECT cum_score FROM slot WHERE slot_id <= found_slot ORDER BY slot_id DESC "
    "LIMIT 1), 0), found_slot <= (SELECT sealed_through FROM books WHERE id = 1), coinbase_tx "
    "FROM block_found ";

/// Without its effort.
BlockRow block_of(const SqlRow& row)
{
    BlockRow block;
    block.hash = pool::BlockHash{row.digest(0)};
    block.height = pool::Height{static_cast<std::uint32_t>(row.u64(1))};
    block.state = block_state_of(row.text(2));
    block.found_at = pool::UnixMillis{row.u64(3)};
    block.finder = row.text(4);
    block.worker = row.text(5);
    block.reward = Sats{row.sats(6)};
    block.confirmations = row.text(7) == "beside" ? -1 : row.sats(8);
    block.epoch = static_cast<std::uint32_t>(row.u64(9));
    if (const auto tx = pool::parse_transaction(pool::as_bytes(row.text(12)))) {
        block.coinbase = txid_of(*tx);
    }
    return block;
}

/// before: what was scored before its round; then before the next block's.
void put_effort(const SqlRow& row, pool::U128& before, BlockRow& block)
{
    if (block.state == BlockState::rejected) return;  // no round ends with it
    const pool::U128 score = row.u128(10);
    if (row.u64(11) != 0) block.effort = score - std::min(score, before);
    before = score;
}

}  // namespace

Result<AccountId> Queries::Impl::id_of(std::string_view name)
{
    const auto rows = query("SELECT id FROM account WHERE name = ?", {sql(name)});
    if (!rows) return fail(rows.error());
    if (rows->empty()) return fail(no_account(name));
    return AccountId{rows->front().u64(0)};
}

Result<pool::U128> Queries::Impl::score_before(const BlockRow& block)
{
    const std::uint64_t height = block.height.value;
    const auto rows = query(
        "SELECT COALESCE((SELECT cum_score FROM slot WHERE slot_id <= found_slot "
        "ORDER BY slot_id DESC LIMIT 1), 0) FROM block_found WHERE state <> 'rejected' AND "
        "((height = ? AND (found_at_ms, hash) < (?, ?)) OR height = (SELECT height FROM "
        "block_found WHERE height < ? AND state <> 'rejected' ORDER BY height DESC LIMIT 1)) "
        "ORDER BY height DESC, found_at_ms DESC, hash DESC LIMIT 1",
        {height, block.found_at.value, sql(block.hash.bytes), height});
    if (!rows) return fail(rows.error());
    return rows->empty() ? pool::U128{0} : rows->front().u128(0);
}

/// Of all credit-side accounts whose code is LIKE `pattern`.
Result<Sats> Queries::Impl::balance(const std::string& pattern)
{
    const auto rows = query(
        "SELECT COALESCE(SUM(b.credits_sat), 0), COALESCE(SUM(b.debits_sat), 0) "
        "FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id WHERE a.code LIKE ?",
        {pattern});
    if (!rows) return fail(rows.error());
    return Sats{rows->front().sats(0)} - Sats{rows->front().sats(1)};
}

Queries::Queries(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Queries::~Queries() = default;

Result<std::unique_ptr<Queries>> Queries::open(const MysqlOptions& options)
{
    auto impl = std::make_unique<Impl>(options);
    if (auto connected = impl->db.connect(); !connected) return fail(connected.error());
    return std::unique_ptr<Queries>{new Queries{std::move(impl)}};
}

Result<Totals> Queries::totals()
{
    Totals totals;
    // Sealed slots carry running sums; only the few open ones are added up.
    const auto shares = impl_->query(
        "SELECT b.sealed_through,"
        " COALESCE((SELECT cum_shares FROM slot ORDER BY slot_id DESC LIMIT 1), 0) +"
        " COALESCE((SELECT SUM(shares) FROM slot_account WHERE slot_id > b.sealed_through), 0),"
        " COALESCE((SELECT cum_stale FROM slot ORDER BY slot_id DESC LIMIT 1), 0) +"
        " COALESCE((SELECT SUM(stale) FROM slot_account WHERE slot_id > b.sealed_through), 0),"
        " (SELECT COUNT(*) FROM account),"
        " COALESCE((SELECT cum_score FROM slot ORDER BY slot_id DESC LIMIT 1), 0) -"
        " COALESCE((SELECT cum_score FROM slot WHERE slot_id <= "
        "(SELECT MAX(found_slot) FROM block_found WHERE state <> 'rejected') "
        "ORDER BY slot_id DESC LIMIT 1), 0)"
        " FROM books b WHERE b.id = 1");
    if (!shares) return fail(shares.error());
    totals.sealed_through = shares->front().u64(0);
    totals.shares = shares->front().u64(1);
    totals.stale = shares->front().u64(2);
    totals.accounts = shares->front().u64(3);
    totals.round_score = shares->front().u128(4);

    const auto states = impl_->query(
        "SELECT state, COUNT(*), "
        "CAST(SUM(books = 'matured') AS SIGNED), CAST(SUM(epoch - 1) AS SIGNED) "
        "FROM block_found GROUP BY state");
    if (!states) return fail(states.error());
    for (const SqlRow& row : *states) {
        const std::uint64_t count = row.u64(1);
        const BlockState state = block_state_of(row.text(0));
        if (state != BlockState::rejected) totals.blocks_found += count;
        if (state == BlockState::immature) totals.blocks_immature = count;
        if (state == BlockState::mature) totals.blocks_mature = count;
        if (state == BlockState::orphaned) totals.blocks_orphaned = count;
        if (state == BlockState::orphaned) totals.blocks_lost = row.u64(2);
        if (state == BlockState::rejected) totals.blocks_rejected = count;
        totals.blocks_matured += row.u64(2);
        totals.blocks_reversed += row.u64(3);
    }
    const auto credited = impl_->balance("m:%");
    if (!credited) return fail(credited.error());
    totals.credited = *credited;
    const auto fees = impl_->balance("income:fee%");
    if (!fees) return fail(fees.error());
    totals.fee_income = *fees;
    const auto reserve = impl_->balance("equity:reserve%");
    if (!reserve) return fail(reserve.error());
    totals.reserve = *reserve;
    const auto paid = impl_->query(
        "SELECT (SELECT COALESCE(SUM(total_sat), 0) FROM payout_batch WHERE state NOT IN "
        "('confirmed', 'cancelled')), COALESCE((SELECT e.at_ms FROM payout_batch b JOIN "
        "ledger_event e ON e.idem_key = CONVERT(CONCAT('batch:', b.id, ':settle') USING ascii) "
        "COLLATE ascii_bin WHERE b.state = 'confirmed' ORDER BY b.id DESC LIMIT 1), 0), "
        "COALESCE((SELECT MIN(created_at_ms) FROM payout_batch WHERE state NOT IN "
        "('confirmed', 'cancelled')), 0)");
    if (!paid) return fail(paid.error());
    totals.in_payouts = Sats{paid->front().sats(0)};
    totals.payout_settled_at = pool::UnixMillis{paid->front().u64(1)};
    totals.payout_pending_since = pool::UnixMillis{paid->front().u64(2)};
    const auto all = impl_->query(
        "SELECT COALESCE(SUM(debits_sat), 0), COALESCE(SUM(credits_sat), 0) FROM ledger_balance");
    if (!all) return fail(all.error());
    totals.imbalance = Sats{all->front().sats(0)} - Sats{all->front().sats(1)};
    return totals;
}

Result<std::vector<AccountLuck>> Queries::lucks()
{
    const auto rows = impl_->query(
        "SELECT a.name, t.score, COALESCE(b.found, 0) FROM account_total t "
        "JOIN account a ON a.id = t.account_id LEFT JOIN (SELECT finder, COUNT(*) AS found "
        "FROM block_found WHERE state <> 'rejected' AND (place <> 'unknown' OR "
        "hash IN (SELECT block_hash FROM block_answer WHERE outcome <> 'unanswered')) "
        "GROUP BY finder) b ON b.finder = a.name");
    if (!rows) return fail(rows.error());
    std::vector<AccountLuck> lucks;
    lucks.reserve(rows->size());
    for (const SqlRow& row : *rows) lucks.push_back({row.text(0), row.u128(1), row.u64(2)});
    return lucks;
}

Result<std::vector<UnpublishedBlock>> Queries::unpublished(pool::UnixMillis now)
{
    constexpr std::uint64_t patience_ms = 600'000;
    constexpr std::uint64_t memory_ms = 86'400'000;
    const auto before = [now](std::uint64_t by) { return now.value - std::min(now.value, by); };
    const auto rows = impl_->query(
        "SELECT hash, height, finder, worker FROM block_found WHERE state = 'submitted' AND "
        "place = 'unknown' AND found_at_ms BETWEEN ? AND ? AND "
        "hash NOT IN (SELECT block_hash FROM block_answer WHERE outcome <> 'unanswered') "
        "ORDER BY height DESC LIMIT 100",
        {before(memory_ms), before(patience_ms)});
    if (!rows) return fail(rows.error());
    std::vector<UnpublishedBlock> blocks;
    for (const SqlRow& row : *rows) {
        blocks.push_back({pool::BlockHash{row.digest(0)},
                          pool::Height{static_cast<std::uint32_t>(row.u64(1))}, row.text(2),
                          row.text(3)});
    }
    return blocks;
}

Result<AccountBooks> Queries::account(std::string_view name)
{
    auto found = accounts({std::string{name}});
    if (!found) return fail(found.error());
    if (found->empty()) return fail(no_account(name));
    return std::move(found->front());
}

Result<std::vector<AccountBooks>> Queries::accounts(const std::vector<std::string>& names)
{
    return impl_->twice([&names](MysqlConnection& db) { return read_account_books(db, names); });
}

Result<std::optional<AccessSheet>> Queries::access(std::optional<std::uint64_t> known,
                                                   pool::UnixMillis now)
{
    return impl_->twice([&](MysqlConnection& db) { return read_access(db, known, now); });
}

Result<std::vector<BlockRow>> Queries::blocks(std::uint32_t limit,
                                              const std::optional<BlockPlace>& after)
{
    const std::uint64_t height = after ? after->height.value : std::uint64_t{1} << 32;
    const auto hash = sql(after ? after->hash.bytes : pool::Digest{});
    const auto rows =
        impl_->query(std::string{block_columns} +
                         "WHERE height < ? OR (height = ? AND (found_at_ms, hash) < "
                         "(COALESCE((SELECT found_at_ms FROM block_found WHERE hash = ?), 0), ?)) "
                         "ORDER BY height DESC, found_at_ms DESC, hash DESC LIMIT ?",
                     {height, height, hash, hash, bounded(limit)});
    if (!rows) return fail(rows.error());
    std::vector<BlockRow> blocks;
    if (rows->empty()) return blocks;
    for (const SqlRow& row : *rows) blocks.push_back(block_of(row));
    auto before = impl_->score_before(blocks.back());
    if (!before) return fail(before.error());
    for (std::size_t at = blocks.size(); at-- > 0;) put_effort((*rows)[at], *before, blocks[at]);
    return blocks;
}

Result<BlockRow> Queries::block(const pool::BlockHash& hash)
{
    const auto rows =
        impl_->query(std::string{block_columns} + "WHERE hash = ?", {sql(hash.bytes)});
    if (!rows) return fail(rows.error());
    if (rows->empty()) return fail(Error::Code::not_found, "no block of ours");
    BlockRow block = block_of(rows->front());
    auto before = impl_->score_before(block);
    if (!before) return fail(before.error());
    put_effort(rows->front(), *before, block);
    return block;
}

Result<LedgerCheck> Queries::verify()
{
    for (int turn = 0;; ++turn) {
        auto checked = verify_ledger(impl_->db);
        // A connection that was lost while it was idle: reading twice does no harm.
        if (checked || turn > 0 || impl_->db.connected()) return checked;
    }
}

Result<std::vector<LedgerRow>> Queries::ledger(std::uint32_t limit, std::string_view account)
{
    std::string newest = "SELECT id FROM ledger_transfer ORDER BY id DESC LIMIT ?";
    std::vector<SqlValue> values{bounded(limit)};
    if (!account.empty()) {
        const auto id = impl_->id_of(account);
        if (!id) return fail(id.error());
        // One index for each side; a line that is on both comes once.
        const std::string side =
            "(SELECT t.id FROM ledger_transfer t JOIN ledger_account a ON a.id = t.SIDE_id "
            "WHERE a.member_id = ? ORDER BY t.id DESC LIMIT ?)";
        std::string debit = side;
        std::string credit = side;
        debit.replace(debit.find("SIDE"), 4, "debit");
        credit.replace(credit.find("SIDE"), 4, "credit");
        newest = debit + " UNION " + credit;
        values = {id->value, bounded(limit), id->value, bounded(limit)};
    }
    values.push_back(bounded(limit));
    const auto rows = impl_->query(
        "SELECT t.id, e.id, e.idem_key, e.kind, d.code, c.code, COALESCE(m.name, ''), "
        "t.amount_sat, e.at_ms FROM (" +
            newest +
            ") n JOIN ledger_transfer t ON t.id = n.id JOIN ledger_event e ON e.id = t.event_id "
            "JOIN ledger_account d ON d.id = t.debit_id JOIN ledger_account c ON c.id = "
            "t.credit_id "
            "LEFT JOIN account m ON m.id = COALESCE(d.member_id, c.member_id) "
            "ORDER BY t.id DESC LIMIT ?",
        values);
    if (!rows) return fail(rows.error());
    std::vector<LedgerRow> lines;
    for (const SqlRow& row : *rows) {
        lines.push_back({row.u64(0), row.u64(1), row.text(2), row.text(3), row.text(4), row.text(5),
                         row.text(6), Sats{row.sats(7)}, pool::UnixMillis{row.u64(8)}});
    }
    return lines;
}

// A hundred a statement, the last ones filled up with a handle that is there already: one text.
Result<void> Queries::Impl::names(std::string text, const std::string& producer,
                                  const std::set<std::uint64_t>& handles,
                                  std::map<std::uint64_t, std::string>& out)
{
    constexpr std::size_t at_once = 100;
    text += "?";
    for (std::size_t i = 1; i < at_once; ++i) text += ",?";
    text += ")";
    for (auto next = handles.begin(); next != handles.end();) {
        std::vector<SqlValue> values{sql(producer)};
        std::uint64_t handle = 0;
        for (std::size_t i = 0; i < at_once; ++i) {
            if (next != handles.end()) handle = *next++;
            values.emplace_back(handle);
        }
        const auto rows = query(text, values);
        if (!rows) return fail(rows.error());
        for (const SqlRow& row : *rows) out[row.u64(0)] = row.text(1);
    }
    return {};
}

Result<HandleNames> Queries::names(const HandleQuestion& question)
{
    HandleNames names;
    auto read = impl_->names(
        "SELECT m.handle, a.name FROM producer_member m JOIN account a "
        "ON a.id = m.account_id WHERE m.producer = ? AND m.handle IN (",
        question.producer, question.members, names.members);
    if (!read) return fail(read.error());
    read =
        impl_->names("SELECT handle, name FROM producer_worker WHERE producer = ? AND handle IN (",
                     question.producer, question.workers, names.workers);
    if (!read) return fail(read.error());
    return names;
}

Result<SchemaStatus> Queries::schema()
{
    const auto migrations = parse_migrations(schema_sql());
    if (!migrations) return fail(migrations.error());
    const auto rows = impl_->query(
        "SELECT version, COALESCE(CAST(applied_at AS CHAR), '') FROM schema_migrations "
        "ORDER BY version");
    if (!rows) return fail(rows.error());
    SchemaStatus status{migrations->back().version, {}};
    for (const SqlRow& row : *rows) status.applied.push_back({row.u64(0), row.text(1)});
    return status;
}

}  // namespace payouts
