#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "payouts/blocks.h"
#include "pool/base/types.h"

namespace payouts {

/// Whether the events of each block follow each other as its life allows: accrue(1), and then
/// mature(1), which is the end, or orphan(1), accrue(2) and so on. For the check of a ledger.
/// Memory: some 100 bytes a block. Pure.
class EventOrder {
public:
    /// kind: "accrue", "mature" or "orphan". True: it may come now. Whatever it is, what comes
    /// next is measured by it.
    bool follows(const pool::BlockHash& block, std::string_view kind, std::uint64_t epoch);

    /// Where the events have left a block: what a table of blocks must say of it.
    struct Standing {
        BlockBooks books = BlockBooks::nothing;
        std::uint64_t epoch = 1;  ///< of the accrual, or of the next one
        friend bool operator==(const Standing&, const Standing&) = default;
    };
    /// A block without events: nothing, 1.
    Standing of(const pool::BlockHash& block) const;

private:
    std::map<pool::BlockHash, Standing> blocks_;
};

}  // namespace payouts
