#include "pool/bitcoin/address.h"

#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/base/result.h"

namespace pool {
namespace {

constexpr std::array chains{Chain::main, Chain::testnet4, Chain::signet, Chain::regtest};

std::string script_of(std::string_view text, Chain chain)
{
    const Result<Address> address = parse_address(text, chain);
    return address ? to_hex(address->script) : address.error().detail;
}

// The addresses of Satoshi's genesis key, of BIP 16's era, and the examples of BIP 173 and BIP 350.
TEST(ParseAddress, GivesTheScriptOfEachType)
{
    EXPECT_EQ(script_of("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Chain::main),
              "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac");
    EXPECT_EQ(script_of("3P14159f73E4gFr7JterCCQh9QjiTjiZrG", Chain::main),
              "a914e9c3dd0c07aac76179ebc76a6c78d4d67c6c160a87");
    EXPECT_EQ(script_of("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", Chain::main),
              "0014751e76e8199196d454941c45d1b3a323f1433bd6");
    EXPECT_EQ(
        script_of("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", Chain::signet),
        "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262");
    EXPECT_EQ(
        script_of("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", Chain::main),
        "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");
}

TEST(ParseAddress, GivesTheCanonicalText)
{
    const auto address = parse_address("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", Chain::main);
    ASSERT_TRUE(address.has_value());
    EXPECT_EQ(address->text, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4");
}

TEST(ParseAddress, ReadsWhatAddressOfScriptWritesOnEveryChain)
{
    const std::string hash20 = "751e76e8199196d454941c45d1b3a323f1433bd6";
    const std::string hash32 = "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    const std::array scripts{"76a914" + hash20 + "88ac", "a914" + hash20 + "87", "0014" + hash20,
                             "0020" + hash32, "5120" + hash32};
    for (const Chain chain : chains) {
        for (const std::string& text : scripts) {
            const Script script = *from_hex(text);
            const auto written = address_of_script(script, chain);
            ASSERT_TRUE(written.has_value()) << text;
            const auto read = parse_address(written->text, chain);
            ASSERT_TRUE(read.has_value()) << written->text;
            EXPECT_EQ(*read, *written);
            EXPECT_EQ(read->script, script);
        }
    }
}

TEST(ParseAddress, KeepsLeadingZerosOfAHash)
{
    // The well-known burn address: a hash of twenty zero bytes.
    EXPECT_EQ(script_of("1111111111111111111114oLvT2", Chain::main),
              "76a914000000000000000000000000000000000000000088ac");
}

TEST(ParseAddress, NamesBothChainsWhenTheAddressIsOfAnother)
{
    const auto refused = parse_address("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", Chain::signet);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Error::Code::refused);
    EXPECT_EQ(refused.error().detail, "this is an address of mainnet; this pool works on signet");

    EXPECT_EQ(script_of("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", Chain::regtest),
              "this is an address of mainnet; this pool works on regtest");
    EXPECT_EQ(script_of("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn", Chain::main),
              "this is an address of testnet4 or signet or regtest; this pool works on mainnet");
    EXPECT_EQ(script_of("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", Chain::regtest),
              "this is an address of testnet4 or signet; this pool works on regtest");
    EXPECT_EQ(script_of("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", Chain::main),
              "this is an address of regtest; this pool works on mainnet");
}

TEST(ParseAddress, TakesTheSharedPrefixesOnBothTestChains)
{
    for (const char* text :
         {"tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn"}) {
        EXPECT_TRUE(parse_address(text, Chain::testnet4).has_value()) << text;
        EXPECT_TRUE(parse_address(text, Chain::signet).has_value()) << text;
    }
}

TEST(ParseAddress, RefusesWhatIsNoAddress)
{
    for (const char* bad : {
             "", " ", "x", "worker1", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",  // last character
             "1A1zP1eP5QGefi2DMPTfTL5SLmv7Divf", "0OIl", "bc1", "tb1", "bcrt1",
             "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",  // checksum
             "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kV8F3T4",  // mixed case
             " bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
             "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4 ",
             "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
             "5KN7MzqK5wt2TP1fQCYyHBtDrXdJuXbUzm4A9rKAteGu3Qi5CVR",  // a private key (WIF)
         }) {
        const auto address = parse_address(bad, Chain::main);
        ASSERT_FALSE(address.has_value()) << bad;
        EXPECT_EQ(address.error().code, Error::Code::invalid) << bad;
    }
    EXPECT_FALSE(parse_address(std::string(100'000, '1'), Chain::main).has_value());
    EXPECT_FALSE(parse_address("bc1" + std::string(100'000, 'q'), Chain::main).has_value());
}

// BIP 350: valid segwit addresses that nobody has given a meaning yet.
TEST(ParseAddress, RefusesWitnessVersionsItCannotPay)
{
    for (const char* text :
         {"bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
          "BC1SW50QGDZ25J", "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs"}) {
        const auto address = parse_address(text, Chain::main);
        ASSERT_FALSE(address.has_value()) << text;
        EXPECT_EQ(address.error().code, Error::Code::invalid);
        EXPECT_NE(address.error().detail.find("witness version"), std::string::npos) << text;
    }
}

TEST(AddressOfScript, RefusesScriptsThatHaveNone)
{
    for (const char* text : {"", "6a", "51", "0014",
                             "0015"
                             "751e76e8199196d454941c45d1b3a323f1433bd6",
                             "5114"
                             "751e76e8199196d454941c45d1b3a323f1433bd6",
                             "76a914"
                             "751e76e8199196d454941c45d1b3a323f1433bd6"
                             "88ad",
                             "a914"
                             "751e76e8199196d454941c45d1b3a323f1433bd6"
                             "88"}) {
        const auto address = address_of_script(*from_hex(text), Chain::main);
        ASSERT_FALSE(address.has_value()) << text;
        EXPECT_EQ(address.error().code, Error::Code::invalid) << text;
    }
}

TEST(Chains, AreNamedAsConfigurationAndNodeNameThem)
{
    for (const Chain chain : chains) EXPECT_EQ(parse_chain(to_string(chain)).value(), chain);
    EXPECT_EQ(to_string(Chain::testnet4), "testnet4");
    EXPECT_FALSE(parse_chain("test").has_value());
    EXPECT_FALSE(parse_chain("Main").has_value());
    EXPECT_FALSE(parse_chain("").has_value());
}

}  // namespace
}  // namespace pool
