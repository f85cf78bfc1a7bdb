// The first vector is of the reference that the formats were designed with (in Python).
#include "payouts/slot_tree.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/bitcoin/target.h"

namespace payouts {
namespace {

using pool::Digest;
using pool::ShareRecord;
using pool::U128;

std::string hex(const Digest& digest) { return pool::to_hex(digest); }

constexpr pool::CompactBits bits{0x1701f0cc};

ShareRecord reference_record(std::uint32_t i)
{
    ShareRecord record;
    record.bits = bits;
    record.seq = i + 1;
    record.at = pool::UnixMillis{1'800'000'000'000U + i * std::uint64_t{37}};
    record.slot = 30'000'000;
    record.member = pool::MemberHandle{i % 3 + 1};
    record.worker = pool::WorkerHandle{i};
    record.work = U128{281'479'271'743'489} * (1 + i % 2);
    record.version = 0x20000000;
    record.time = 1'800'000'000 + i;
    record.nonce = 0xdeadbee0 + i;
    record.job = pool::JobId{77};
    std::fill_n(record.extranonce.begin(), 12, static_cast<std::uint8_t>(i));
    return record;
}

SumNode reference_leaf(std::uint32_t i)
{
    const ShareRecord record = reference_record(i);
    const U128 network = pool::work_of(*pool::target_from_compact(bits));
    return share_leaf(pool::encode(record), pool::score_of(record.work, network));
}

// Level by level, an odd node carried up: the form that the design describes.
SumNode root_by_levels(std::vector<SumNode> level)
{
    while (level.size() > 1) {
        std::vector<SumNode> next;
        for (std::size_t i = 0; i < level.size(); i += 2) {
            next.push_back(i + 1 < level.size() ? sum_parent(level[i], level[i + 1]) : level[i]);
        }
        level = std::move(next);
    }
    return level.front();
}

TEST(SlotTree, HasTheRootOfTheReference)
{
    EXPECT_EQ(
        pool::to_hex(pool::encode(reference_record(0))),
        "01000000ccf00117010000000000000000505c18a301000080c3c901000000000100000000000000000000"
        "000100010001000100000000000000002000d2496be0beadde4d000000000000000000000000000000000000"
        "00000000000000000000000000");
    SumTree tree;
    for (std::uint32_t i = 0; i < 5; ++i) tree.add(reference_leaf(i));
    EXPECT_EQ(hex(tree.root().hash),
              "7a96b7a7df5ecaa87d6c86e8d503dc7db487d49604e86199fd017ec58ed4115a");
    EXPECT_EQ(tree.root().sum, 3'162'887'140U);

    SumTree four;
    for (std::uint32_t i = 0; i < 4; ++i) four.add(reference_leaf(i));
    EXPECT_EQ(hex(four.root().hash),
              "43f528aaa0b1aef615c6c823ee98ed11090c5047ecfa082c19274ba0e1244b80");
    EXPECT_EQ(hex(chain_hash({Digest{}, 30'000'000, 5, tree.root()})),
              "97bf7f565b4fb0c20d167da29574f2ee37cfca28ab0502c97f60dbeddb48ac1d");
}

TEST(SlotTree, IsTheSameLeafByLeafAndLevelByLevel)
{
    SumTree tree;
    std::vector<SumNode> leaves;
    for (std::uint32_t i = 0; i < 70; ++i) {
        leaves.push_back(reference_leaf(i));
        tree.add(leaves.back());
        ASSERT_EQ(tree.root(), root_by_levels(leaves)) << i + 1 << " leaves";
    }
}

TEST(SlotTree, OfOneLeafIsTheLeafAndOfNoneIsZero)
{
    SumTree tree;
    EXPECT_EQ(tree.root(), SumNode{});
    tree.add(reference_leaf(0));
    EXPECT_EQ(tree.root(), reference_leaf(0));
}

TEST(SlotTree, ChangesWithEverySumAndOrder)
{
    const SumNode a = reference_leaf(0);
    const SumNode b = reference_leaf(1);
    EXPECT_NE(sum_parent(a, b).hash, sum_parent(b, a).hash);
    // The flaw of the first sum trees: one score moved from a side to the other.
    SumNode more = a;
    SumNode less = b;
    ++more.sum;
    --less.sum;
    EXPECT_EQ(sum_parent(more, less).sum, sum_parent(a, b).sum);
    EXPECT_NE(sum_parent(more, less).hash, sum_parent(a, b).hash);
}

// By hand: tagged SHA-256 of salt (32 times 7), 00000003, 16 bytes of 1000, 32 times 9.
TEST(SlotTree, BindsAMembersSaltNumberAndScore)
{
    Digest salt{};
    salt.fill(7);
    SumNode shares{{}, 1000};
    shares.hash.fill(9);
    EXPECT_EQ(hex(member_leaf(salt, 3, shares).hash),
              "2ce2abe5d7207c52c1971048d2d3a5c3c8c27e307b498680d6d291a089b0bf4b");
    EXPECT_EQ(member_leaf(salt, 3, shares).sum, 1000U);
    EXPECT_NE(member_leaf(Digest{}, 3, shares).hash, member_leaf(salt, 3, shares).hash);
    EXPECT_NE(member_leaf(salt, 4, shares).hash, member_leaf(salt, 3, shares).hash);
}

}  // namespace
}  // namespace payouts
