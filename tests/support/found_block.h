#pragma once

#include <cstdint>

#include "payouts/ledger.h"

namespace tests {

/// Block `number` (its height) of that slot, as the pool finds one: its key is its header's hash,
/// its coinbase pays `reward` to one script and says `head`. The same arguments, the same block.
payouts::FoundBlock found_block(std::uint32_t number, std::uint64_t slot, pool::Sats reward,
                                const pool::Digest& head = {});

}  // namespace tests
