#include "payouts/mysql_payable.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "payouts/mysql_account_addresses.h"

namespace payouts {

using pool::fail;
using pool::Result;

Result<void> still_payable(MysqlConnection& db, const std::vector<PayoutItem>& items,
                           pool::Chain chain)
{
    std::optional<pool::AccountId> seen;
    std::vector<PayRoute> routes;
    for (const PayoutItem& item : items) {  // an account's items follow each other
        const auto refused = [&item](const char* why) -> Result<void> {
            return fail(pool::Error::Code::refused, "account " + item.name + " " + why +
                                                        ": cancel this payout and make a new one");
        };
        if (seen != item.account) {
            const auto row = db.query(
                "SELECT a.payout_address, s.hold_reason, c.open_key FROM account a "
                "LEFT JOIN account_setting s ON s.account_id = a.id "
                "LEFT JOIN address_change c ON c.open_key = a.id WHERE a.id = ? FOR UPDATE",
                {item.account.value});
            if (!row) return fail(row.error());
            if (row->empty()) return refused("does not exist");
            if (!row->front().null(1)) return refused("is on hold since");
            if (!row->front().null(2)) return refused("asks for other addresses since");
            auto changed = read_active_routes(db, item.account);
            if (!changed) return fail(changed.error());
            routes.clear();
            if (std::optional<ActiveRoutes>& other = *changed; other) {
                routes = std::move(other->routes);
            } else if (auto first = pool::parse_address(row->front().text(0), chain); first) {
                routes.push_back({first->text, std::move(first->script), route_parts});
            }
            seen = item.account;
        }
        const bool same = std::any_of(routes.begin(), routes.end(), [&item](const PayRoute& route) {
            return route.script == item.script;
        });
        if (!same) return refused("is paid to other addresses since");
    }
    return {};
}

}  // namespace payouts
