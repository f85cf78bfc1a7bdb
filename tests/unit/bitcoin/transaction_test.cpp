#include "pool/bitcoin/transaction.h"

#include <cstddef>
#include <initializer_list>
#include <string>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/types.h"

namespace pool {
namespace {

// BIP 143's native P2WPKH example: one input signed the old way, one with a witness.
const std::string two_kinds =
    "01000000000102fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000049483045"
    "0221"
    "008b9d1dc26ba6a9cb62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f9281a99f2b1"
    "c0a"
    "19c0489bc22ede944ccf4ecbab4cc618ef3ed01eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d"
    "9b2"
    "b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a"
    "6d5"
    "988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac000247304402203609e17"
    "b84"
    "f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f5"
    "192"
    "8d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee635"
    "711"
    "000000";

Bytes bytes_of(const std::string& text) { return from_hex(text).value(); }

TEST(Transaction, IsReadFieldByField)
{
    const auto tx = parse_transaction(bytes_of(two_kinds));
    ASSERT_TRUE(tx.has_value());
    EXPECT_EQ(tx->version, 1U);
    EXPECT_EQ(tx->lock_time, 17U);
    ASSERT_EQ(tx->inputs.size(), 2U);
    EXPECT_EQ(to_display_hex(tx->inputs[0].previous),
              "9f96ade4b41d5433f4eda31e1738ec2b36f6e7d1420d94a6af99801a88f7f7ff");
    EXPECT_EQ(tx->inputs[0].previous_index, 0U);
    EXPECT_EQ(tx->inputs[0].sequence, 0xffffffeeU);
    EXPECT_EQ(tx->inputs[0].script.size(), 73U);
    EXPECT_TRUE(tx->inputs[0].witness.empty());
    EXPECT_EQ(tx->inputs[1].previous_index, 1U);
    ASSERT_EQ(tx->inputs[1].witness.size(), 2U);
    EXPECT_EQ(tx->inputs[1].witness[1].size(), 33U);
    ASSERT_EQ(tx->outputs.size(), 2U);
    EXPECT_EQ(tx->outputs[0].value, Sats{112'340'000});
    EXPECT_EQ(tx->outputs[1].value, Sats{223'450'000});
}

TEST(Transaction, IsWrittenAsItWasRead)
{
    const auto tx = parse_transaction(bytes_of(two_kinds));
    ASSERT_TRUE(tx.has_value());
    EXPECT_EQ(to_hex(serialise(*tx, WitnessForm::with)), two_kinds);
}

TEST(Transaction, LosesMarkerAndWitnessWhenAskedTo)
{
    const auto tx = parse_transaction(bytes_of(two_kinds));
    ASSERT_TRUE(tx.has_value());
    const Bytes stripped = serialise(*tx, WitnessForm::without);
    // Marker, flag, and 108 bytes: 00, 02, 47 + 71, 21 + 33.
    EXPECT_EQ(stripped.size(), two_kinds.size() / 2 - 2 - 108);
    const auto again = parse_transaction(stripped);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(txid_of(*again), txid_of(*tx));
    EXPECT_EQ(serialise(*again, WitnessForm::with), stripped);
}

TEST(Transaction, HasTheIdThatExplorersShow)
{
    // The coinbase of the genesis block.
    const auto genesis =
        parse_transaction(bytes_of("010000000100000000000000000000000000000000000000000000000000000"
                                   "00000000000ffffffff4d04ffff001d"
                                   "0104455468652054696d65732030332f4a616e2f32303039204368616e63656"
                                   "c6c6f72206f6e206272696e6b206f66"
                                   "207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f"
                                   "2052a01000000434104678afdb0fe55"
                                   "48271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4ce"
                                   "f38c4f35504e51ec112de5c384df7ba"
                                   "0b8d578a4c702b6bf11d5fac00000000"));
    ASSERT_TRUE(genesis.has_value());
    EXPECT_EQ(to_display_hex(txid_of(*genesis)),
              "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b");
}

TEST(ParseTransaction, RefusesEveryShorterAndLongerText)
{
    const Bytes whole = bytes_of(two_kinds);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_FALSE(parse_transaction(ByteSpan{whole}.first(length)).has_value()) << length;
    }
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(parse_transaction(longer).has_value());
}

TEST(ParseTransaction, RefusesFormsThatBitcoinRefuses)
{
    const std::string input = "01" + std::string(64, '0') +
                              "00000000"
                              "00"
                              "ffffffff";
    const std::string output =
        "01"
        "0000000000000000"
        "00";
    EXPECT_TRUE(parse_transaction(bytes_of("01000000" + input + output + "00000000")).has_value());
    for (const std::string& bad : std::initializer_list<std::string>{
             "01000000"
             "00"
             "00"
             "00000000",  // no inputs
             "01000000"
             "0002" +
                 input + output +
                 "00"
                 "00000000",  // unknown flag
             "01000000"
             "0001" +
                 input + output +
                 "00"
                 "00000000",  // no witness in it
             "01000000"
             "0001"
             "00" +
                 output + "00000000",  // no inputs either
             "01000000"
             "fd0100" +
                 input.substr(2) + output + "00000000",  // a long count
         }) {
        const auto tx = parse_transaction(bytes_of(bad));
        ASSERT_FALSE(tx.has_value()) << bad;
        EXPECT_EQ(tx.error().code, Error::Code::invalid);
    }
}

TEST(ParseTransaction, DoesNotBelieveCounts)
{
    EXPECT_FALSE(parse_transaction(bytes_of("01000000"
                                            "ffffffffffffffffff"))
                     .has_value());
    EXPECT_FALSE(parse_transaction(bytes_of("01000000"
                                            "01" +
                                            std::string(64, '0') +
                                            "00000000"
                                            "feffffffff"))
                     .has_value());
}

}  // namespace
}  // namespace pool
