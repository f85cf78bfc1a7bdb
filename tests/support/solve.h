#pragma once

#include <cstdint>
#include <memory>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/bitcoin/block.h"
#include "pool/work/template.h"

namespace tests {

/// A whole block on a template, as submitblock takes it.
struct SolvedBlock {
    pool::BlockHash hash;
    pool::HeaderBytes header{};
    pool::Bytes coinbase;  ///< stripped
    pool::Bytes bytes;
};

/// Mines a block that pays to anybody: at once on regtest, in a second or two on our signet.
/// `number` makes blocks of one template differ.
SolvedBlock solve(const std::shared_ptr<const pool::BlockTemplate>& source, std::uint32_t number);
/// The same with a nonce that does not meet the target.
SolvedBlock solve_badly(const std::shared_ptr<const pool::BlockTemplate>& source);

}  // namespace tests
