#include "payouts/entries.h"

#include <algorithm>

namespace payouts {
namespace {

using pool::Sats;

void transfer(std::vector<Transfer>& out, std::string_view debit, std::string_view credit,
              Sats amount)
{
    if (amount.value > 0) out.push_back({std::string{debit}, std::string{credit}, amount});
}

}  // namespace

namespace code {

std::string immature(pool::AccountId account)
{
    if (account == reserve_account) return std::string{reserve_immature};
    return "m:" + std::to_string(account.value) + ":immature";
}

}  // namespace code

std::vector<Transfer> accrual(Sats reward, std::span<const Credit> credits)
{
    std::vector<Transfer> out;
    if (credits.empty()) {
        transfer(out, code::coinbase_immature, code::reserve_immature, reward);
        return out;
    }
    Sats fee;
    Sats donation;
    for (const Credit& credit : credits) {
        transfer(out, code::coinbase_immature, code::immature(credit.account), credit.net);
        fee += credit.fee;
        donation += credit.donation;
    }
    transfer(out, code::coinbase_immature, code::fee_immature, fee);
    transfer(out, code::coinbase_immature, code::donation_immature, donation);
    return out;
}

std::vector<Transfer> maturing(std::span<const Transfer> accrued)
{
    std::vector<Transfer> out;
    Sats whole;
    for (const Transfer& each : accrued) {
        whole += each.amount;
        std::string ripe = each.credit;
        // "m:42:immature" becomes "m:42:available", "income:fee_immature" "income:fee".
        if (ripe.starts_with("m:")) {
            ripe.replace(ripe.rfind(':') + 1, std::string::npos, "available");
        } else {
            // Of books that somebody has changed it may be any: verifyledger says which.
            ripe.erase(std::min(ripe.rfind("_immature"), ripe.size()));
        }
        transfer(out, each.credit, ripe, each.amount);
    }
    transfer(out, code::wallet, code::coinbase_immature, whole);
    return out;
}

std::vector<Transfer> reversal(std::span<const Transfer> accrued)
{
    std::vector<Transfer> out;
    for (const Transfer& each : accrued) out.push_back({each.credit, each.debit, each.amount});
    return out;
}

}  // namespace payouts
