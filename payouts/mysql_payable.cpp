#include "payouts/mysql_payable.h"

#include <algorithm>
#include <utility>

#include "payouts/mysql_account_addresses.h"

namespace payouts {
namespace {

using pool::fail;
using pool::Result;

bool same_payment(const PayoutItem& a, const PayoutItem& b)
{
    return a.address == b.address && a.script == b.script && a.amount == b.amount;
}

/// One account's items, as they would be made now.
Result<void> account_payable(MysqlConnection& db, std::span<const PayoutItem> items,
                             pool::Chain chain)
{
    const PayoutItem& first = items.front();
    const auto refused = [&first](const char* why) -> Result<void> {
        return fail(pool::Error::Code::refused, "account " + first.name + " " + why +
                                                    ": cancel this payout and make a new one");
    };
    const auto row = db.query(
        "SELECT a.payout_address, s.hold_reason, c.open_key FROM account a "
        "LEFT JOIN account_setting s ON s.account_id = a.id "
        "LEFT JOIN address_change c ON c.open_key = a.id WHERE a.id = ? FOR UPDATE",
        {first.account.value});
    if (!row) return fail(row.error());
    if (row->empty()) return refused("does not exist");
    if (!row->front().null(1)) return refused("is on hold since");
    if (!row->front().null(2)) return refused("asks for other addresses since");
    auto changed = read_active_routes(db, first.account);
    if (!changed) return fail(changed.error());
    Payee payee;
    payee.account = first.account;
    payee.routes = routes_in_force(std::move(*changed), row->front().text(0), chain).routes;
    for (const PayoutItem& item : items) payee.available += item.amount;
    if (payee.routes.empty()) return refused("is paid to other addresses since");
    const std::vector<PayoutItem> now = items_of(payee);
    if (std::equal(now.begin(), now.end(), items.begin(), items.end(), same_payment)) return {};
    return refused("is paid to other addresses or in other parts since");
}

}  // namespace

Result<void> still_payable(MysqlConnection& db, std::span<const PayoutItem> items,
                           pool::Chain chain)
{
    while (!items.empty()) {
        const auto other = std::find_if(items.begin(), items.end(), [&](const PayoutItem& item) {
            return item.account != items.front().account;
        });
        const auto count = static_cast<std::size_t>(other - items.begin());
        if (auto good = account_payable(db, items.first(count), chain); !good) return good;
        items = items.subspan(count);
    }
    return {};
}

}  // namespace payouts
