#include "tests/support/found_block.h"

#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/block.h"
#include "pool/bitcoin/coinbase.h"
#include "pool/bitcoin/transaction.h"
#include "pool/share/record.h"

namespace tests {

payouts::FoundBlock found_block(std::uint32_t number, std::uint64_t slot, pool::Sats reward,
                                const pool::Digest& head)
{
    payouts::FoundBlock block;
    block.height = pool::Height{number};
    block.found_at = pool::UnixMillis{slot * pool::slot_ms};
    block.reward = reward;
    const pool::CoinbasePlan plan{.pay_to = {0x51}, .tag = "/test/", .chain_head = head};
    const auto parts = pool::make_coinbase(plan, block.height, reward, {});
    EXPECT_TRUE(parts.has_value()) << (parts ? "" : parts.error().detail);
    if (!parts) return block;
    block.coinbase = parts->prefix;
    block.coinbase.resize(block.coinbase.size() + plan.extranonce_bytes);
    block.coinbase.insert(block.coinbase.end(), parts->suffix.begin(), parts->suffix.end());
    const auto coinbase = pool::parse_transaction(block.coinbase);
    EXPECT_TRUE(coinbase.has_value()) << (coinbase ? "" : coinbase.error().detail);
    if (!coinbase) return block;
    pool::Header header;
    const std::vector<pool::MerkleNode> branch{{pool::Digest{7}}, {pool::Digest{8}}};
    header.merkle_root = pool::merkle_root(txid_of(*coinbase), branch);
    header.nonce = number;
    block.header = serialise(header);
    block.branch = branch;
    block.hash = hash_of(header);
    return block;
}

}  // namespace tests
