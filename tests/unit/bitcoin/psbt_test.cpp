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

TEST(Psbt, TellsWhenAnInputAsksForASignatureThatLeavesSomethingOpen)
{
    const auto asking = [](const std::string& type) {
        std::string text = example;
        text.replace(text.find("AQMEAQAA"), 8, "AQME" + type);
        const auto psbt = parse_psbt(text);
        EXPECT_TRUE(psbt.has_value()) << type;
        return psbt && psbt->asks_for_all;
    };
    EXPECT_TRUE(asking("AQAA")) << "ALL";
    EXPECT_TRUE(asking("AAAA")) << "nothing named";
    EXPECT_FALSE(asking("AgAA")) << "NONE";
    EXPECT_FALSE(asking("AwAA")) << "SINGLE";
    EXPECT_FALSE(asking("gQAA")) << "ALL with ANYONECANPAY";
    EXPECT_FALSE(asking("AQEA")) << "a number that no signer knows";
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

TEST(SignsEverything, OnlyWhereEverySignatureIsOfTypeAll)
{
    const auto ecdsa = [](std::uint8_t type) {
        Bytes signature(71, 2);
        signature[0] = 0x30;
        signature[1] = 68;
        signature.back() = type;
        return signature;
    };
    const auto schnorr = [](std::uint8_t type) {
        Bytes signature(65, 3);
        signature.back() = type;
        return signature;
    };
    const Bytes key(33, 2);
    Script witness_key{0x00, 20};
    witness_key.resize(22, 7);
    Script taproot{0x51, 32};
    taproot.resize(34, 7);
    const Script nested(23, 0xa9);
    const auto signs = [](const Script& spent, const std::vector<Bytes>& witness,
                          const Script& script = {}) {
        Transaction tx;
        tx.inputs.resize(1);
        tx.inputs[0].witness = witness;
        tx.inputs[0].script = script;
        return signs_everything(tx, {TxOutput{Sats{1}, spent}});
    };
    EXPECT_TRUE(signs(witness_key, {ecdsa(1), key}));
    EXPECT_TRUE(signs(nested, {ecdsa(1), key}));
    EXPECT_TRUE(signs(taproot, {Bytes(64, 3)}));
    EXPECT_TRUE(signs(taproot, {schnorr(1)}));
    EXPECT_TRUE(signs(nested, {{}, ecdsa(1), ecdsa(1), Bytes(105, 0x52)}));
    for (const std::uint8_t type : Bytes{0x00, 0x02, 0x03, 0x81, 0x82, 0x83}) {
        EXPECT_FALSE(signs(witness_key, {ecdsa(type), key})) << int{type};
        EXPECT_FALSE(signs(taproot, {schnorr(type)})) << int{type};
        EXPECT_FALSE(signs(nested, {{}, ecdsa(1), ecdsa(type), Bytes(105, 0x52)})) << int{type};
        Script old{71};
        const Bytes signature = ecdsa(type);
        old.insert(old.end(), signature.begin(), signature.end());
        old.push_back(33);
        old.insert(old.end(), key.begin(), key.end());
        EXPECT_FALSE(signs(Script(25, 0x76), {}, old)) << int{type};
    }
    EXPECT_FALSE(signs(witness_key, {})) << "nobody has signed";
    Transaction tx;
    tx.inputs.resize(1);
    tx.inputs[0].witness = {ecdsa(1), key};
    EXPECT_FALSE(signs_everything(tx, {std::nullopt}));
    EXPECT_FALSE(signs_everything(tx, {}));
}

}  // namespace
}  // namespace pool
