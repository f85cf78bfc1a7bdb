#include "pool/bitcoin/psbt.h"

#include <string>

#include <gtest/gtest.h>

namespace pool {
namespace {

// One input of 200,000 sat (P2WPKH, with a sighash type), outputs of 150,000 (P2WPKH) and 49,000
// (P2TR), the second with a key path of its own: written by hand from BIP 174.
const std::string example =
    "cHNidP8BAH0CAAAAAQABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fAQAAAAD9////AvBJAgAAAAAAFgAUERER"
    "ERERERERERERERERERERERFovwAAAAAAACJRICIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiAAAAAAABAR9A"
    "DQMAAAAAABYAFDMzMzMzMzMzMzMzMzMzMzMzMzMzAQMEAQAAAAAAIgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC"
    "AgICAgIEYWJjZAA=";

TEST(Psbt, TellsWhatItPaysAndWhatItSpends)
{
    const auto psbt = parse_psbt("\n" + example + "\n");
    ASSERT_TRUE(psbt.has_value()) << psbt.error().detail;
    ASSERT_EQ(psbt->tx.inputs.size(), 1U);
    EXPECT_EQ(psbt->tx.inputs[0].previous_index, 1U);
    EXPECT_EQ(psbt->tx.inputs[0].previous.bytes[31], 31);
    ASSERT_EQ(psbt->tx.outputs.size(), 2U);
    EXPECT_EQ(psbt->tx.outputs[0].value, Sats{150'000});
    EXPECT_EQ(psbt->tx.outputs[1].script.size(), 34U);
    ASSERT_TRUE(psbt->spent.at(0).has_value());
    EXPECT_EQ(psbt->spent.at(0).value_or(TxOutput{}).value, Sats{200'000});
}

TEST(Psbt, RefusesEveryCutAndAnythingBehind)
{
    for (std::size_t length = 0; length + 4 <= example.size(); length += 4) {
        EXPECT_FALSE(parse_psbt(example.substr(0, length)).has_value()) << length;
    }
    EXPECT_FALSE(parse_psbt(example.substr(0, example.size() - 4) + "ZAAA").has_value());
    EXPECT_FALSE(parse_psbt("not base64!!").has_value());
    EXPECT_FALSE(parse_psbt("aGVsbG8gd29ybGQh").has_value());
}

TEST(Psbt, SurvivesEveryFlippedBit)
{
    const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::size_t read = 0;
    for (std::size_t at = 0; at < example.size() - 2; ++at) {
        std::string flipped = example;
        flipped[at] = digits[(digits.find(flipped[at]) ^ 0x15) % 64];
        if (parse_psbt(flipped)) ++read;  // an amount or a script that differs is still one
    }
    EXPECT_GT(read, 0U);
    EXPECT_LT(read, example.size());
}

TEST(SameButSignatures, SeesEveryOtherChange)
{
    const auto psbt = parse_psbt(example);
    ASSERT_TRUE(psbt.has_value());
    Transaction made = psbt->tx;
    made.inputs[0].witness = {Bytes(71, 1), Bytes(33, 2)};
    EXPECT_TRUE(same_but_signatures(psbt->tx, made));
    for (const auto change : {0, 1, 2, 3, 4, 5}) {
        Transaction other = made;
        if (change == 0) other.outputs[0].value += Sats{1};
        if (change == 1) other.outputs[1].script[3] ^= 1;
        if (change == 2) other.inputs[0].previous_index ^= 1;
        if (change == 3) other.inputs.push_back(other.inputs[0]);
        if (change == 4) other.lock_time = 1;
        if (change == 5) other.inputs[0].sequence = 0xffffffff;
        EXPECT_FALSE(same_but_signatures(psbt->tx, other)) << change;
    }
}

}  // namespace
}  // namespace pool
