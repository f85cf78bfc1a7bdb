#include "payouts/mysql_account_books.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace payouts {
namespace {

using pool::fail;
using pool::Result;
using pool::Sats;

/// Few sizes, as each is a text that is prepared and kept.
constexpr std::array<std::size_t, 4> sizes{1, 8, 64, accounts_together};

/// "head(?,?,…)tail" for all values; the last one stands more than once when they are no full size.
Result<SqlRows> query_in(MysqlConnection& db, std::string head, std::string_view tail,
                         std::vector<SqlValue> values)
{
    const auto* const size = std::lower_bound(sizes.begin(), sizes.end(), values.size());
    pool::check(!values.empty() && size != sizes.end(), "as many as are read together");
    values.resize(*size, SqlValue{values.back()});
    head += "(?";
    for (std::size_t i = 1; i < values.size(); ++i) head += ",?";
    return db.query(head.append(")").append(tail), values);
}

/// The place of a balance, by the last part of its code.
Sats* place_of(AccountBooks& books, std::string_view part)
{
    if (part == "immature") return &books.immature;
    if (part == "available") return &books.available;
    if (part == "in_payout") return &books.in_payout;
    return nullptr;
}

}  // namespace

pool::Error no_account(std::string_view name)
{
    return {pool::Error::Code::not_found,
            "no account " + std::string{name.substr(0, 100)} + " has had a share yet"};
}

Result<std::vector<AccountBooks>> read_account_books(MysqlConnection& db,
                                                     const std::vector<std::string>& names)
{
    if (names.empty()) return std::vector<AccountBooks>{};
    std::vector<SqlValue> wanted(names.begin(), names.end());
    const auto rows =
        query_in(db,
                 "SELECT a.id, a.name, COALESCE((SELECT x.address FROM address_change c "
                 "JOIN account_address x ON x.change_id = c.id WHERE c.active_key = a.id "
                 "ORDER BY x.parts DESC, x.line LIMIT 1), a.payout_address), "
                 "COALESCE(t.shares, 0), COALESCE(t.stale, 0), "
                 "COALESCE(t.work, 0), t.last_slot FROM account a "
                 "LEFT JOIN account_total t ON t.account_id = a.id WHERE a.name IN ",
                 "", std::move(wanted));
    if (!rows) return fail(rows.error());
    if (rows->empty()) return std::vector<AccountBooks>{};
    std::map<std::uint64_t, AccountBooks> found;
    std::vector<SqlValue> ids;
    for (const SqlRow& row : *rows) {
        AccountBooks& books = found[row.u64(0)];
        books.id = pool::AccountId{row.u64(0)};
        books.name = row.text(1);
        books.payout_address = row.text(2);
        books.shares = row.u64(3);
        books.stale = row.u64(4);
        books.work = row.u128(5);
        if (!row.null(6)) books.last_slot = row.u64(6);
        ids.emplace_back(row.u64(0));
    }

    const auto balances = query_in(
        db,
        "SELECT a.member_id, SUBSTRING_INDEX(a.code, ':', -1), b.credits_sat, b.debits_sat "
        "FROM ledger_account a JOIN ledger_balance b ON b.account_id = a.id WHERE a.member_id IN ",
        "", ids);
    if (!balances) return fail(balances.error());
    for (const SqlRow& row : *balances) {
        Sats* const place = place_of(found.at(row.u64(0)), row.text(1));
        if (place != nullptr) *place = *place + (Sats{row.sats(2)} - Sats{row.sats(3)});
    }
    const auto credited =
        query_in(db,
                 "SELECT c.account_id, SUM(c.net_sat) FROM block_credit c JOIN block_found f "
                 "ON f.hash = c.block_hash AND f.epoch = c.epoch AND f.books <> 'nothing' "
                 "WHERE c.account_id IN ",
                 " GROUP BY c.account_id", ids);
    if (!credited) return fail(credited.error());
    for (const SqlRow& row : *credited) found.at(row.u64(0)).credited = Sats{row.sats(1)};
    const auto paid =
        query_in(db,
                 "SELECT i.account_id, SUM(i.amount_sat) FROM payout_item i JOIN payout_batch b "
                 "ON b.id = i.batch_id AND b.state = 'confirmed' WHERE i.account_id IN ",
                 " GROUP BY i.account_id", ids);
    if (!paid) return fail(paid.error());
    for (const SqlRow& row : *paid) found.at(row.u64(0)).paid = Sats{row.sats(1)};

    std::vector<AccountBooks> out;
    for (auto& each : found) out.push_back(std::move(each.second));
    return out;
}

}  // namespace payouts
