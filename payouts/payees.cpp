#include "payouts/payees.h"

#include <utility>

namespace payouts {

using pool::Result;

Result<std::vector<Payee>> payees(MysqlConnection& db, pool::Chain chain,
                                  [[maybe_unused]] pool::UnixMillis now, pool::Sats pool_minimum)
{
    const auto rows = db.query(
        "SELECT a.id, a.name, a.payout_address, b.credits_sat - b.debits_sat FROM account a "
        "JOIN ledger_account l ON l.code = CONCAT('m:', a.id, ':available') "
        "JOIN ledger_balance b ON b.account_id = l.id "
        "WHERE b.credits_sat > b.debits_sat ORDER BY a.id FOR UPDATE");
    if (!rows) return pool::fail(rows.error());
    std::vector<Payee> all;
    for (const SqlRow& row : *rows) {
        // An account whose script is no standard one keeps what it is owed until it names another.
        auto address = pool::parse_address(row.text(2), chain);
        if (!address) continue;
        Payee payee;
        payee.account = pool::AccountId{row.u64(0)};
        payee.name = row.text(1);
        payee.available = pool::Sats{row.sats(3)};
        payee.minimum = pool_minimum;
        payee.routes.push_back({row.text(2), std::move(address->script), 10'000});
        all.push_back(std::move(payee));
    }
    return all;
}

}  // namespace payouts
