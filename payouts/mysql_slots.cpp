#include "payouts/mysql_slots.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "payouts/pplns.h"
#include "payouts/slot_tree.h"

namespace payouts {
namespace {

using pool::Digest;
using pool::Error;
using pool::fail;
using pool::Result;
using pool::U128;

constexpr std::uint64_t slots_at_once = 20;  // of one transaction
constexpr std::uint64_t blobs_at_once = 40;  // of a walk: each is at most 1.2 MB
constexpr std::size_t leaf_bytes = 32 + 16;
constexpr std::string_view slot_columns =
    "INSERT INTO slot (slot_id, shares, stale, work, score, cum_shares, cum_stale, cum_score, "
    "root, chain, sealed_at_ms) VALUES";

pool::Bytes blob_of(const Leaves& leaves)
{
    pool::Bytes blob;
    blob.reserve(leaves.nodes.size() * leaf_bytes);
    for (const SumNode& leaf : leaves.nodes) {
        blob.insert(blob.end(), leaf.hash.begin(), leaf.hash.end());
        for (int shift = 120; shift >= 0; shift -= 8) {
            blob.push_back(static_cast<std::uint8_t>(leaf.sum >> shift));
        }
    }
    return blob;
}

Result<void> add_blob(SumTree& tree, std::string_view blob)
{
    if (blob.size() % leaf_bytes != 0) {
        return fail(Error::Code::refused, "slot_leaves holds a blob of a wrong length");
    }
    for (; !blob.empty(); blob.remove_prefix(leaf_bytes)) {
        SumNode leaf;
        std::copy_n(blob.begin(), leaf.hash.size(), leaf.hash.begin());
        for (std::size_t i = leaf.hash.size(); i < leaf_bytes; ++i) {
            leaf.sum = leaf.sum << 8 | static_cast<std::uint8_t>(blob[i]);
        }
        tree.add(leaf);
    }
    return {};
}

/// What the buckets say of one account in the slot.
struct Member {
    Digest salt{};
    std::uint64_t records = 0;
    U128 score = 0;
};

Result<std::map<std::uint64_t, Member>> read_members(MysqlConnection& db, std::uint64_t slot)
{
    const auto rows = db.query(
        "SELECT s.account_id, a.salt, SUM(s.shares + s.stale), SUM(s.score) FROM slot_account s "
        "LEFT JOIN account a ON a.id = s.account_id WHERE s.slot_id = ? "
        "GROUP BY s.account_id, a.salt",
        {slot});
    if (!rows) return fail(rows.error());
    std::map<std::uint64_t, Member> members;
    for (const SqlRow& row : *rows) {
        members[row.u64(0)] = {row.null(1) ? Digest{} : row.digest(1), row.u64(2), row.u128(3)};
    }
    return members;
}

/// The accounts' own trees, from their leaves in the order (account, producer, seq).
Result<std::map<std::uint64_t, SumTree>> read_trees(MysqlConnection& db, std::uint64_t slot)
{
    std::map<std::uint64_t, SumTree> trees;
    std::uint64_t account = 0;
    std::string producer;
    std::uint64_t first_seq = 0;
    while (true) {
        const auto rows = db.query(
            "SELECT account_id, producer, first_seq, leaves FROM slot_leaves WHERE slot_id = ? AND "
            "(account_id > ? OR (account_id = ? AND (producer > ? OR (producer = ? AND "
            "first_seq > ?)))) ORDER BY account_id, producer, first_seq LIMIT ?",
            {slot, account, account, producer, producer, first_seq, blobs_at_once});
        if (!rows) return fail(rows.error());
        for (const SqlRow& row : *rows) {
            account = row.u64(0);
            producer = row.text(1);
            first_seq = row.u64(2);
            if (auto added = add_blob(trees[account], row.text(3)); !added) {
                return fail(added.error());
            }
        }
        if (rows->size() < blobs_at_once) return trees;
    }
}

/// Root and number of records of a slot; notes each account's root.
Result<std::pair<SumNode, std::uint32_t>> close_tree(MysqlConnection& db, std::uint64_t slot)
{
    const auto members = read_members(db, slot);
    if (!members) return fail(members.error());
    const auto trees = read_trees(db, slot);
    if (!trees) return fail(trees.error());
    SumTree whole;
    std::uint32_t records = 0;
    std::vector<std::vector<SqlValue>> rows;
    for (const auto& [account, member] : *members) {
        const auto found = trees->find(account);
        const SumTree tree = found == trees->end() ? SumTree{} : found->second;
        SumNode own = tree.root();
        if (account == reserve_account.value) own.sum = member.score;  // the seed: no records
        if (tree.leaves() != member.records || own.sum != member.score) {
            return fail(Error::Code::refused,
                        "slot " + std::to_string(slot) + ", account " + std::to_string(account) +
                            ": its records are not those that its sums were made of; nothing is "
                            "sealed until people have looked at it");
        }
        rows.push_back({slot, account, std::uint64_t{tree.leaves()}, sql(own.sum), sql(own.hash)});
        whole.add(member_leaf(member.salt, tree.leaves(), own));
        records += tree.leaves();
    }
    auto noted = insert_rows(
        db, "INSERT INTO slot_root (slot_id, account_id, records, score, root) VALUES", "", rows);
    if (!noted) return fail(noted.error());
    const auto dropped = db.execute("DELETE FROM slot_leaves WHERE slot_id = ?", {slot});
    if (!dropped) return fail(dropped.error());
    return std::pair{whole.root(), records};
}

/// The newest sealed slot: what the next one goes on from.
struct Before {
    std::uint64_t shares = 0;
    std::uint64_t stale = 0;
    U128 score = 0;
    Digest chain{};
};

Result<Before> read_before(MysqlConnection& db)
{
    const auto last = db.query(
        "SELECT cum_shares, cum_stale, cum_score, chain FROM slot ORDER BY slot_id DESC LIMIT 1");
    if (!last) return fail(last.error());
    if (last->empty()) return Before{};
    const SqlRow& row = last->front();
    return Before{row.u64(0), row.u64(1), row.u128(2), row.digest(3)};
}

Result<void> seal_one(MysqlConnection& db, const SqlRow& sum, Before& before, pool::UnixMillis now)
{
    const std::uint64_t slot = sum.u64(0);
    const auto closed = close_tree(db, slot);
    if (!closed) return fail(closed.error());
    const auto& [root, records] = *closed;
    before.shares += sum.u64(1);
    before.stale += sum.u64(2);
    before.score += sum.u128(4);
    before.chain = chain_hash({before.chain, slot, records, root});
    return insert_rows(
        db, std::string{slot_columns}, "",
        {{slot, sum.u64(1), sum.u64(2), sql(sum.u128(3)), sql(sum.u128(4)), before.shares,
          before.stale, sql(before.score), sql(root.hash), sql(before.chain), now.value}});
}

}  // namespace

Result<void> add_leaves(MysqlConnection& db, std::string_view producer, const Folded& folded)
{
    std::vector<std::vector<SqlValue>> rows;
    for (const auto& [key, leaves] : folded.leaves) {
        rows.push_back(
            {key.slot, key.account.value, sql(producer), leaves.first_seq, blob_of(leaves)});
    }
    return insert_rows(db,
                       "INSERT INTO slot_leaves (slot_id, account_id, producer, first_seq, leaves) "
                       "VALUES",
                       "", rows);
}

Result<std::uint64_t> read_sealed_through(MysqlConnection& db, bool lock)
{
    const auto rows = db.query(std::string{"SELECT sealed_through FROM books WHERE id = 1"} +
                               (lock ? " FOR UPDATE" : ""));
    if (!rows) return fail(rows.error());
    pool::check(rows->size() == 1, "the first migration makes the row");
    return rows->front().u64(0);
}

Result<pool::UnixMillis> server_clock(MysqlConnection& db)
{
    const auto rows = db.query("SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS UNSIGNED)");
    if (!rows) return fail(rows.error());
    return pool::UnixMillis{rows->front().u64(0)};
}

Result<std::uint64_t> seal_slots(MysqlConnection& db, std::uint64_t sealed_through,
                                 std::uint64_t through, pool::UnixMillis now)
{
    auto before = read_before(db);
    if (!before) return fail(before.error());
    const auto sums = db.query(
        "SELECT slot_id, SUM(shares), SUM(stale), SUM(work), SUM(score) FROM slot_account "
        "WHERE slot_id > ? AND slot_id <= ? GROUP BY slot_id ORDER BY slot_id LIMIT ?",
        {sealed_through, through, slots_at_once});
    if (!sums) return fail(sums.error());
    for (const SqlRow& sum : *sums) {
        if (auto done = seal_one(db, sum, *before, now); !done) return fail(done.error());
    }
    const std::uint64_t reached = sums->size() < slots_at_once ? through : sums->back().u64(0);
    const auto moved =
        db.execute("UPDATE books SET sealed_through = ? WHERE id = 1 AND sealed_through = ?",
                   {reached, sealed_through});
    if (!moved) return fail(moved.error());
    pool::check(moved->rows == 1, "the row is locked by this transaction");
    return reached;
}

Result<bool> seed_reserve(MysqlConnection& db, U128 score, pool::UnixMillis now)
{
    auto transaction = Transaction::begin(db);
    if (!transaction) return fail(transaction.error());
    const auto sealed = read_sealed_through(db, true);
    if (!sealed) return fail(sealed.error());
    const auto there = db.query("SELECT 1 FROM slot WHERE slot_id = 0");
    if (!there) return fail(there.error());
    if (!there->empty()) return true;
    if (*sealed != 0) return false;
    const auto owned = db.execute(
        "INSERT INTO slot_account (slot_id, account_id, shares, stale, late, work, stale_work, "
        "score) VALUES (0, ?, 0, 0, 0, 0, 0, ?)",
        {reserve_account.value, sql(score)});
    if (!owned) return fail(owned.error());
    const auto sum =
        db.query("SELECT slot_id, shares, stale, work, score FROM slot_account WHERE slot_id = 0");
    if (!sum) return fail(sum.error());
    Before before;
    if (auto done = seal_one(db, sum->front(), before, now); !done) return fail(done.error());
    if (auto done = transaction->commit(); !done) return fail(done.error());
    return true;
}

Result<Digest> read_chain_head(MysqlConnection& db)
{
    const auto before = read_before(db);
    if (!before) return fail(before.error());
    return before->chain;
}

}  // namespace payouts
