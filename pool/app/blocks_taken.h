#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "pool/base/hash.h"
#include "pool/base/types.h"

namespace pool {

/// Which found blocks have been taken in: each hash once, and so many of one height. Bounded: of
/// hashes the last 4,096 are known, of heights the highest 1,024. Any thread.
class BlocksTaken {
public:
    static constexpr std::size_t of_height_max = 64;

    /// False: this hash has been taken. A replayed block share costs the nodes nothing.
    bool take(const BlockHash& hash);
    /// False, and said in the log once a height: there are `of_height_max` of it already.
    bool take_of(Height height);
    /// One of this height is none, by the word of every node.
    void refused(Height height);

private:
    std::mutex mutex_;
    std::set<BlockHash> recent_;
    std::deque<BlockHash> order_;
    std::map<Height, std::size_t> of_height_;  // taken and not refused
    Height left_out_of_{};
};

}  // namespace pool
