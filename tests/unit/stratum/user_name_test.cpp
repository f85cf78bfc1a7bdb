#include "stratum/user_name.h"

#include <gtest/gtest.h>

#include "stratum/user_agent.h"

namespace stratum {
namespace {

using pool::Chain;
using pool::Error;

// BIP 173's example key hash, on three chains; and the genesis block's P2PKH address.
constexpr std::string_view main_address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
constexpr std::string_view test_address = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx";
constexpr std::string_view old_address = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

const AccountDirectory& directory()
{
    static const AccountDirectory names{{"alice", {7}}, {"big_farm", {8}}};
    return names;
}

pool::Result<UserName> parse(std::string_view text)
{
    return parse_user_name(text, Chain::main, directory());
}

TEST(UserName, TakesAnAddressAsItsOwnAccount)
{
    const auto user = parse(std::string{main_address} + ".rig1");
    ASSERT_TRUE(user.has_value()) << user.error().detail;
    EXPECT_EQ(user->account.name, main_address);
    EXPECT_EQ(user->account.registered.value, 0U);
    EXPECT_EQ(user->account.script.size(), 22U);
    EXPECT_EQ(user->worker, "rig1");
}

TEST(UserName, SplitsAtTheFirstDotOnly)
{
    EXPECT_EQ(parse(std::string{old_address} + ".a.b_c")->worker, "a.b_c");
    EXPECT_EQ(parse(std::string{old_address} + ".a.b_c")->account.name, old_address);
}

TEST(UserName, WritesUpperCaseBech32InItsCanonicalForm)
{
    const auto user = parse("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4.x");
    ASSERT_TRUE(user.has_value()) << user.error().detail;
    EXPECT_EQ(user->account.name, main_address);
}

TEST(UserName, CallsAWorkerWithoutANameDefault)
{
    EXPECT_EQ(parse(main_address)->worker, "default");
    EXPECT_EQ(parse(std::string{main_address} + ".")->worker, "default");
    EXPECT_EQ(parse("alice")->worker, "default");
}

TEST(UserName, FindsRegisteredNamesInEitherCase)
{
    const auto user = parse("Alice.w");
    ASSERT_TRUE(user.has_value());
    EXPECT_EQ(user->account.registered.value, 7U);
    EXPECT_EQ(user->account.name, "alice");
    EXPECT_TRUE(user->account.script.empty());
}

TEST(UserName, SplitsAtAnUnderscoreOnlyBehindAnAddress)
{
    EXPECT_EQ(parse(std::string{main_address} + "_rig_2")->worker, "rig_2");
    EXPECT_EQ(parse("big_farm")->account.registered.value, 8U);
    EXPECT_EQ(parse("big_farm")->worker, "default");
    EXPECT_EQ(parse("alice_rig").error().code, Error::Code::not_found);
    // With a dot, the dot decides, and what stands before it is no address.
    EXPECT_EQ(parse(std::string{main_address} + "_a.b").error().code, Error::Code::not_found);
}

TEST(UserName, KnowsNoOtherSeparator)
{
    for (const std::string_view separator : {":", "-", "+", "/", " "}) {
        EXPECT_FALSE(parse(std::string{main_address} + std::string{separator} + "w").has_value())
            << separator;
    }
}

TEST(UserName, RefusesAnAddressOfAnotherChainByName)
{
    for (const std::string_view rest : {"", ".w", "_w"}) {
        const auto user = parse(std::string{test_address} + std::string{rest});
        ASSERT_FALSE(user.has_value());
        EXPECT_EQ(user.error().code, Error::Code::refused);
        EXPECT_NE(user.error().detail.find("main"), std::string::npos) << user.error().detail;
    }
}

TEST(UserName, TellsAnUnknownUserWhatToUse)
{
    EXPECT_EQ(parse("bob.w").error().detail,
              "Unknown user 'bob': use a Bitcoin address of this chain or a registered account "
              "name");
    EXPECT_EQ(parse("b\"\r\n\x01o.w").error().detail.substr(0, 23), "Unknown user 'b????o': ");
}

TEST(UserName, RefusesNoneAndTooLongOnes)
{
    for (const std::string_view empty : {"", " ", ".", ".w", "_w", "\t\r\n"}) {
        EXPECT_FALSE(parse(empty).has_value()) << empty;
    }
    EXPECT_TRUE(parse("alice." + std::string(186, 'w')).has_value());
    EXPECT_FALSE(parse("alice." + std::string(187, 'w')).has_value());
}

TEST(UserName, IgnoresBlanksAroundIt) { EXPECT_EQ(parse("  alice.w \n")->worker, "w"); }

TEST(FoldWorker, LeavesNothingThatCouldHurtElsewhere)
{
    EXPECT_EQ(fold_worker("<script>\r\nSET x 1;--%s"), "_script___SET_x_1_--_s");
    EXPECT_EQ(fold_worker(std::string_view{"a\0b", 3}), "a_b");
    EXPECT_EQ(fold_worker("A9._:+=@-"), "A9._:+=@-");
    EXPECT_EQ(fold_worker("\xc3\xa4"), "__");
    EXPECT_EQ(fold_worker(std::string(100, 'x')), std::string(64, 'x'));
    EXPECT_EQ(fold_worker(""), "default");
}

TEST(FoldUserAgent, LeavesWhatFirmwareSaysAndNothingThatMeansMoreThanText)
{
    for (const auto* said : {"cgminer/4.12.0", "bmminer/2.0.0/Antminer S19/48", "NiceHash/1.0.0",
                             "bosminer-plus-tuner 0.9 (S19, 1.2)", "~x;y#1,a=b@c:d+e_f"}) {
        EXPECT_EQ(fold_user_agent(said), said);
    }
    EXPECT_EQ(fold_user_agent("<b>'\"&`${x}%s\\|*[]?!^"), "_b_______x__s________");
    EXPECT_EQ(fold_user_agent("a\x1b\r\n\x7f\xe2\x80\xae"
                              "b"),
              "ab");
    EXPECT_EQ(fold_user_agent(std::string(500, 'a')).size(), user_agent_bytes_max);
}

}  // namespace
}  // namespace stratum
