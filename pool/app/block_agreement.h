#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "pool/base/hash.h"
#include "pool/base/time.h"
#include "pool/node/node.h"

namespace pool {

/// What several nodes together say of a block, when `needed` of them have to agree. Pure.
///
/// In the chain: as many as needed say so, with the confirmations that so many of them have.
/// Beside it: as many as needed say so, and none says otherwise. Else unknown: nothing follows.
Sighting agreed(std::span<const Sighting> sightings, std::size_t needed);

/// The nodes' newest words on each block. A node that has said nothing for a minute has no word.
/// One loop.
class BlockAgreement {
public:
    /// needed: 1 ..= nodes (checked).
    BlockAgreement(std::size_t nodes, std::size_t needed);

    /// One node's answer; what they say together now.
    Sighting add(std::size_t node, const BlockHash& hash, const Sighting& sighting, SteadyTime now);

private:
    struct Word {
        Sighting sighting;
        SteadyTime at;
    };
    static constexpr std::size_t blocks_max = 20'000;

    std::size_t nodes_;
    std::size_t needed_;
    std::map<BlockHash, std::vector<std::optional<Word>>> words_;
};

}  // namespace pool
