#include "payouts/balance_replay.h"

namespace payouts {

bool grows_by_debits(std::string_view code)
{
    return code.starts_with("asset:") || code.starts_with("expense:");
}

std::string BalanceReplay::take(const Transfer& transfer)
{
    const auto overdrawn = [](const std::string& code, const Sides& sides) {
        return grows_by_debits(code) ? sides.net() > pool::Sats{} : sides.net() < pool::Sats{};
    };
    Sides& debit = sides_[transfer.debit];
    Sides& credit = sides_[transfer.credit];
    debit.debits += transfer.amount;
    credit.credits += transfer.amount;
    if (overdrawn(transfer.debit, debit)) return transfer.debit;
    return overdrawn(transfer.credit, credit) ? transfer.credit : "";
}

BalanceReplay::Sides BalanceReplay::of(const std::string& code) const
{
    const auto found = sides_.find(code);
    return found == sides_.end() ? Sides{} : found->second;
}

}  // namespace payouts
