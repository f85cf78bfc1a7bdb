#include "stratum/v2/used_tokens.h"

namespace stratum::v2 {

bool UsedTokens::contains(std::uint64_t serial) const
{
    const std::lock_guard lock{mutex_};
    return serials_.contains(serial);
}

UsedTokens::Use UsedTokens::use(const MiningToken& token, pool::UnixTime now)
{
    const std::lock_guard lock{mutex_};
    forget_expired(now);
    if (serials_.contains(token.serial)) return Use::again;
    const std::uint64_t account = number_of(token.account);
    const auto own = of_account_.find(account);
    const bool greedy = own != of_account_.end() && own->second >= of_account_max;
    if (greedy || serials_.size() >= tokens_max) return Use::too_many;
    serials_.insert(token.serial);
    order_.push_back({now, token.serial, account});
    ++of_account_[account];
    return Use::first;
}

void UsedTokens::forget_expired(pool::UnixTime now)
{
    // A token that was used has less than this to live, whichever server's clock it is from.
    const std::uint64_t keep = static_cast<std::uint64_t>(token_lifetime.count()) + 120;
    for (; !order_.empty() && order_.front().at.seconds + keep < now.seconds; order_.pop_front()) {
        serials_.erase(order_.front().serial);
        const auto own = of_account_.find(order_.front().account);
        if (--own->second == 0) of_account_.erase(own);
    }
}

}  // namespace stratum::v2
