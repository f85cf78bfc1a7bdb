#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "payouts/ledger.h"

namespace pool {

/// Whose shares prove work and whose blocks are missing. What it says is a suspicion to look into,
/// with the odds; nothing is done about it here.
class WithholdingWatch {
public:
    /// limit: see payouts::missing_blocks; 0: nobody is suspected.
    explicit WithholdingWatch(double limit) : limit_(limit) {}

    /// rows: all accounts. Logs whoever is new.
    void look(const std::vector<payouts::AccountLuck>& rows);
    std::size_t suspects() const { return suspects_.size(); }

private:
    double limit_;
    std::set<std::string> suspects_;
};

}  // namespace pool
