#include "payouts/payees.h"

#include <optional>
#include <utility>

#include "payouts/day.h"
#include "payouts/mysql_account_addresses.h"

namespace payouts {
namespace {

using pool::fail;
using pool::Result;

constexpr std::uint64_t recent_ms = 30 * day_ms;

}  // namespace

Result<std::vector<Payee>> payees(MysqlConnection& db, pool::Chain chain, pool::UnixMillis now,
                                  pool::Sats pool_minimum)
{
    if (auto done = activate_due_changes(db, now); !done) return fail(done.error());
    const auto rows = db.query(
        "SELECT a.id, a.name, a.payout_address, b.credits_sat - b.debits_sat, s.minimum_sat, "
        "(SELECT COALESCE(MAX(i.batch_id), 0) FROM payout_item i JOIN payout_batch p ON "
        "p.id = i.batch_id AND p.state <> 'cancelled' WHERE i.account_id = a.id) newest "
        "FROM account a JOIN ledger_account l ON l.code = CONCAT('m:', a.id, ':available') "
        "JOIN ledger_balance b ON b.account_id = l.id "
        "LEFT JOIN account_setting s ON s.account_id = a.id "
        "WHERE b.credits_sat > b.debits_sat AND s.hold_reason IS NULL AND NOT EXISTS "
        "(SELECT 1 FROM address_change c WHERE c.open_key = a.id) ORDER BY newest, a.id "
        "FOR UPDATE");
    if (!rows) return fail(rows.error());
    auto changed = read_active_routes(db);
    if (!changed) return fail(changed.error());
    std::vector<Payee> all;
    for (const SqlRow& row : *rows) {
        Payee payee;
        payee.account = pool::AccountId{row.u64(0)};
        payee.name = row.text(1);
        payee.available = pool::Sats{row.sats(3)};
        payee.minimum = row.null(4) ? pool_minimum : pool::Sats{row.sats(4)};
        std::optional<ActiveRoutes> other;
        if (const auto found = changed->find(payee.account); found != changed->end()) {
            other = std::move(found->second);
            payee.recently_changed = now.value < other->since.value + recent_ms;
        }
        payee.routes = routes_in_force(std::move(other), row.text(2), chain).routes;
        // An account whose script is no standard one keeps what it is owed until it names another
        // address.
        if (payee.routes.empty()) continue;
        all.push_back(std::move(payee));
    }
    return all;
}

}  // namespace payouts
