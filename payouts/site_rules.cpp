#include "payouts/site_rules.h"

#include <algorithm>
#include <utility>

namespace payouts {

SiteRules::SiteRules(std::vector<SiteRule> rules)
{
    for (SiteRule& rule : rules) {
        by_account_[rule.account][std::move(rule.prefix)].push_back({rule.from_slot, rule.site});
    }
    for (auto& [account, prefixes] : by_account_) {
        for (auto& [prefix, sites] : prefixes) {
            std::stable_sort(sites.begin(), sites.end(), [](const Since& a, const Since& b) {
                return a.from_slot < b.from_slot;
            });
        }
    }
}

std::uint64_t SiteRules::site_of(pool::AccountId account, std::string_view worker,
                                 std::uint64_t slot) const
{
    const auto prefixes = by_account_.find(account);
    if (prefixes == by_account_.end()) return main_site;
    for (std::size_t length = worker.size(); length > 0; --length) {
        const auto sites = prefixes->second.find(worker.substr(0, length));
        if (sites == prefixes->second.end()) continue;
        const auto later = std::upper_bound(
            sites->second.begin(), sites->second.end(), slot,
            [](std::uint64_t at, const Since& since) { return at < since.from_slot; });
        if (later != sites->second.begin()) return std::prev(later)->site;
    }
    return main_site;
}

}  // namespace payouts
