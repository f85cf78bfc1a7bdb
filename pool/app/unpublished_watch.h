#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "payouts/ledger.h"
#include "pool/base/hash.h"

namespace pool {

/// Blocks that were found and that nobody has seen since (payouts::Queries::unpublished): a miner
/// that has put a block together itself has not given it to the network, or no node of the pool has
/// ever answered. Either way money is being lost, and somebody is to be told.
class UnpublishedWatch {
public:
    /// rows: all of them at present. Logs those that are new.
    void look(const std::vector<payouts::UnpublishedBlock>& rows);
    std::size_t blocks() const { return known_.size(); }

private:
    std::set<BlockHash> known_;
};

}  // namespace pool
