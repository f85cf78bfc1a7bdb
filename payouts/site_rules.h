#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pool/base/types.h"

/// Farms have sites, and a worker's name tells its site. Pure.
namespace payouts {

/// From a slot on, workers of an account whose names begin with `prefix` are at `site`.
struct SiteRule {
    pool::AccountId account;
    std::string prefix;
    std::uint64_t site = 0;
    std::uint64_t from_slot = 0;
};

/// The site of all workers that no rule names.
inline constexpr std::uint64_t main_site = 0;

/// Which site a share belongs to. Of the prefixes that fit a name the longest wins; of the rules of
/// one prefix the last that holds in the slot. Sites share out sums, never money.
class SiteRules {
public:
    SiteRules() = default;
    /// In the order in which they were made.
    explicit SiteRules(std::vector<SiteRule> rules);

    bool empty() const { return by_account_.empty(); }
    std::uint64_t site_of(pool::AccountId account, std::string_view worker,
                          std::uint64_t slot) const;

private:
    struct Since {
        std::uint64_t from_slot = 0;
        std::uint64_t site = 0;
    };
    using Prefixes = std::map<std::string, std::vector<Since>, std::less<>>;
    std::map<pool::AccountId, Prefixes> by_account_;
};

}  // namespace payouts
