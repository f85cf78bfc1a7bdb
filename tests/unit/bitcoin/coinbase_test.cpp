#include "pool/bitcoin/coinbase.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/bitcoin/transaction.h"

namespace pool {
namespace {

const std::string p2wpkh = "0014751e76e8199196d454941c45d1b3a323f1433bd6";
const std::string commitment =
    "6a24aa21a9ed71bfcc287cd6271682f35f5fba3963861571e0f186899eb0a41a5ebc360a3faa";
const std::string zeros32(64, '0');

// As Bitcoin Core's `CScript << height` writes them.
TEST(Bip34Height, IsTheShortestPush)
{
    const std::array<std::pair<std::uint32_t, const char*>, 14> known{{
        {0, "00"},
        {1, "51"},
        {16, "60"},
        {17, "0111"},
        {127, "017f"},
        {128, "028000"},
        {255, "02ff00"},
        {256, "020001"},
        {32767, "02ff7f"},
        {32768, "03008000"},
        {702861, "038db90a"},  // as in the block of that height
        {8388607, "03ffff7f"},
        {8388608, "0400008000"},
        {0xffffffff, "05ffffffff00"},
    }};
    for (const auto& [height, script] : known) EXPECT_EQ(to_hex(bip34_height({height})), script);
}

TEST(Coinbase, HoldsHeightTagAndExtranonceThenTheOutputsInOrder)
{
    CoinbasePlan plan{.pay_to = *from_hex(p2wpkh), .tag = "/zubr/", .extranonce_bytes = 12};
    plan.chain_head[0] = 0xab;
    const auto parts =
        make_coinbase(plan, Height{702861}, Sats{625'000'001}, *from_hex(commitment));
    ASSERT_TRUE(parts.has_value());

    EXPECT_EQ(to_hex(parts->prefix),
              "02000000"  // version
              "01" +
                  zeros32 +
                  "ffffffff"  // one input, of nothing
                  "18"        // 24 bytes of script
                  "038db90a"
                  "06"
                  "2f7a7562722f"  // height, tag
                  "0c");          // twelve bytes follow
    EXPECT_EQ(to_hex(parts->suffix),
              "ffffffff"  // sequence
              "03"        // outputs
              "41be402500000000"
              "16" +
                  p2wpkh +
                  "0000000000000000"
                  "25"
                  "6a23"
                  "504c31"
                  "ab" +
                  std::string(62, '0') +
                  "0000000000000000"
                  "26" +
                  commitment + "00000000");  // lock time
}

TEST(Coinbase, HasTwoOutputsWithoutAWitnessCommitment)
{
    const CoinbasePlan plan{.pay_to = *from_hex(p2wpkh), .tag = "/zubr/"};
    const auto parts = make_coinbase(plan, Height{1}, Sats{0}, {});
    ASSERT_TRUE(parts.has_value());
    EXPECT_EQ(to_hex(parts->suffix),
              "ffffffff"
              "02"
              "0000000000000000"
              "16" +
                  p2wpkh +
                  "0000000000000000"
                  "25"
                  "6a23"
                  "504c31" +
                  zeros32 + "00000000");
}

// Decision 18: the chain's head costs 46 bytes, with its value and length.
TEST(Coinbase, IsATransactionOnceTheExtranonceIsIn)
{
    const CoinbasePlan plan{.pay_to = *from_hex(p2wpkh), .tag = "/zubr/", .extranonce_bytes = 8};
    const auto parts =
        make_coinbase(plan, Height{840000}, Sats{312'500'000}, *from_hex(commitment));
    ASSERT_TRUE(parts.has_value());
    Bytes whole = parts->prefix;
    whole.insert(whole.end(), {1, 2, 3, 4, 5, 6, 7, 8});
    whole.insert(whole.end(), parts->suffix.begin(), parts->suffix.end());

    const auto tx = parse_transaction(whole);
    ASSERT_TRUE(tx.has_value());
    EXPECT_EQ(tx->version, 2U);
    EXPECT_EQ(tx->lock_time, 0U);
    ASSERT_EQ(tx->inputs.size(), 1U);
    EXPECT_EQ(tx->inputs[0].sequence, 0xffffffffU);
    EXPECT_EQ(to_hex(tx->inputs[0].script),
              "0340d10c"
              "062f7a7562722f"
              "080102030405060708");
    ASSERT_EQ(tx->outputs.size(), 3U);
    EXPECT_EQ(tx->outputs[0].value, Sats{312'500'000});
    EXPECT_EQ(tx->outputs[1].script.size(), 37U);
    EXPECT_EQ(to_hex(tx->outputs[2].script), commitment);
}

TEST(Coinbase, ScriptIsAtMostOneHundredBytes)
{
    // Height 4, a push of the tag (1, or 2 from 76 bytes on), a push of the extranonce (1).
    const std::string tag(70, 't');
    CoinbasePlan plan{.pay_to = *from_hex(p2wpkh), .tag = tag, .extranonce_bytes = 24};
    EXPECT_TRUE(make_coinbase(plan, Height{840000}, Sats{1}, {}).has_value());
    plan.extranonce_bytes = 25;
    const auto parts = make_coinbase(plan, Height{840000}, Sats{1}, {});
    ASSERT_FALSE(parts.has_value());
    EXPECT_EQ(parts.error().code, Error::Code::limit);
    EXPECT_NE(parts.error().detail.find("101 bytes"), std::string::npos);
}

TEST(Coinbase, PushesALongTagByItsLongForm)
{
    const std::string tag(76, 't');
    const CoinbasePlan plan{.pay_to = *from_hex(p2wpkh), .tag = tag, .extranonce_bytes = 12};
    const auto parts = make_coinbase(plan, Height{840000}, Sats{1}, {});
    ASSERT_TRUE(parts.has_value());
    EXPECT_NE(to_hex(parts->prefix)
                  .find("0340d10c"
                        "4c4c"
                        "7474"),
              std::string::npos);
}

TEST(Coinbase, ScriptIsAtLeastTwoBytes)
{
    const CoinbasePlan plan{.pay_to = *from_hex(p2wpkh), .tag = "", .extranonce_bytes = 0};
    EXPECT_FALSE(make_coinbase(plan, Height{16}, Sats{1}, {}).has_value());
    EXPECT_TRUE(make_coinbase(plan, Height{17}, Sats{1}, {}).has_value());
}

TEST(Coinbase, IsAtMostFiveHundredBytes)
{
    CoinbasePlan plan{.pay_to = Script(300, 0x51), .tag = "/zubr/", .extranonce_bytes = 12};
    // 42 + 24 of input, 5 + 12 of frame, 8 + 3 + script, 46 of head, 9 + 38 of commitment.
    ASSERT_TRUE(make_coinbase(plan, Height{702861}, Sats{1}, *from_hex(commitment)).has_value());
    plan.pay_to = Script(500, 0x51);
    const auto parts = make_coinbase(plan, Height{702861}, Sats{1}, *from_hex(commitment));
    ASSERT_FALSE(parts.has_value());
    EXPECT_EQ(parts.error().code, Error::Code::limit);
}

TEST(Coinbase, BoundOfTheWholeIsExact)
{
    CoinbasePlan plan{.pay_to = {}, .tag = "/zubr/", .extranonce_bytes = 12};
    const auto empty = make_coinbase(plan, Height{702861}, Sats{1}, {});
    ASSERT_TRUE(empty.has_value());
    const std::size_t rest = empty->prefix.size() + 12 + empty->suffix.size();
    // From 253 bytes on, the length of a script takes three bytes instead of one.
    plan.pay_to.assign(coinbase_bytes_max - rest - 2, 0x51);
    EXPECT_TRUE(make_coinbase(plan, Height{702861}, Sats{1}, {}).has_value());
    plan.pay_to.push_back(0x51);
    EXPECT_FALSE(make_coinbase(plan, Height{702861}, Sats{1}, {}).has_value());
}

TEST(CoinbaseDeathTest, EndsTheProcessOnANegativeReward)
{
    EXPECT_DEATH(static_cast<void>(make_coinbase({}, Height{1}, Sats{-1}, {})), "not negative");
}

// The coinbase of mainnet block 702861, without its witness and as the block carries it.
TEST(WithWitness, AddsMarkerFlagAndThirtyTwoZeros)
{
    const std::string body =
        "010000000000000000000000000000000000000000000000000000000000000000ffffffff58038db90a0475a4"
        "5561"
        "fabe6d6db43c2ece440513219decd96f67a31bf0191f9a5f2d6c952e5029005e3d30f562040000001e34c5f062"
        "69"
        "6e616e63652f6672323134818226021704159799809b19f82f7807000000000000ffffffff02f53f8c25000000"
        "00"
        "1600143156afc4249915008020f932783319f3e610b97d0000000000000000266a24aa21a9ed71bfcc287cd627"
        "16"
        "82f35f5fba3963861571e0f186899eb0a41a5ebc360a3faa";
    EXPECT_EQ(to_hex(with_witness(*from_hex("02000000" + body + "00000000"))),
              "02000000"
              "0001" +
                  body +
                  "01"
                  "20" +
                  zeros32 + "00000000");
}

}  // namespace
}  // namespace pool
