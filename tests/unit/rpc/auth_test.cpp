#include "rpc/auth.h"

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"

namespace rpc {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// printf 'correct horse battery staple' | openssl dgst -sha256 -hmac
// 0c8e5a3d2b7f41960a1bce92d4f07a35
const std::string alice_line =
    "alice:0c8e5a3d2b7f41960a1bce92d4f07a35$"
    "19e6e3740caeeb0670d4ae4e4b1b4706def110711ea829d274fae68dc11947f8:accountant";
// The same salt, of the password "пароль:с:двоеточием" in UTF-8.
const std::string boris_line =
    "boris:0c8e5a3d2b7f41960a1bce92d4f07a35$"
    "f7dbeb958af6cb0925598a62b389f0490a51fa1239a4e4668ec2d5a1b5bcb66b:viewer";

const std::string secret(64, 'a');

Authenticator authenticator()
{
    return Authenticator{{*parse_rpc_user(alice_line), *parse_rpc_user(boris_line)}, secret};
}

TEST(RpcUser, ReadsBitcoindsLineWithARoleBehindIt)
{
    const auto user = parse_rpc_user(alice_line);
    ASSERT_TRUE(user);
    EXPECT_EQ(user->name, "alice");
    EXPECT_EQ(user->salt, "0c8e5a3d2b7f41960a1bce92d4f07a35");
    EXPECT_EQ(pool::to_hex(user->password_hmac),
              "19e6e3740caeeb0670d4ae4e4b1b4706def110711ea829d274fae68dc11947f8");
    EXPECT_EQ(user->role, Role::accountant);
}

TEST(RpcUser, RefusesEveryOtherLineWithoutRepeatingItsSecret)
{
    const std::string hmac(64, '5');
    const std::vector<std::string> lines{
        "",
        "alice",
        "alice:salt",
        "alice:salt$" + hmac,
        "alice:salt$" + hmac + ":",
        "alice:salt$" + hmac + ":root",
        "alice:salt$" + hmac + ":admin ",
        "alice:salt$" + hmac.substr(1) + ":admin",
        "alice:salt$" + hmac.substr(1) + "g:admin",
        ":salt$" + hmac + ":admin",
        "alice:$" + hmac + ":admin",
        "__cookie__:salt$" + hmac + ":admin",
    };
    for (const std::string& line : lines) {
        const auto user = parse_rpc_user(line);
        ASSERT_FALSE(user) << line;
        EXPECT_EQ(user.error().detail.find("555"), std::string::npos) << user.error().detail;
    }
}

TEST(BasicCredentials, AreReadUpToTheFirstColon)
{
    const auto plain = parse_basic("Basic YWxpY2U6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->user, "alice");
    EXPECT_EQ(plain->password, "correct horse battery staple");

    const auto colons =
        parse_basic("bAsIc YWxpY2U60L/QsNGA0L7Qu9GMOtGBOtC00LLQvtC10YLQvtGH0LjQtdC8");
    ASSERT_TRUE(colons);
    EXPECT_EQ(colons->password, "пароль:с:двоеточием");
}

TEST(BasicCredentials, AreNothingWhenMalformed)
{
    for (const char* const header :
         {"", "Basic", "Basic ", "Bearer YTpi", "Basic YTp", "Basic YT!i", "Basic YWJj", "YTpi",
          "Basic =YTp", "Basic ===="}) {
        EXPECT_FALSE(parse_basic(header)) << header;
    }
    EXPECT_FALSE(parse_basic("Basic " + std::string(4096, 'A')));
}

TEST(Authenticator, KnowsTheCookieAsAdmin)
{
    const auto caller = authenticator().identify({"__cookie__", secret});
    ASSERT_TRUE(caller);
    EXPECT_EQ(caller->role, Role::admin);
    EXPECT_FALSE(authenticator().identify({"__cookie__", secret.substr(1)}));
    EXPECT_FALSE(authenticator().identify({"__cookie__", secret + "a"}));
    EXPECT_FALSE(authenticator().identify({"__cookie__", std::string(64, 'b')}));
    EXPECT_FALSE(authenticator().identify({"__cookie__", ""}));
}

TEST(Authenticator, LetsNobodyInByAnEmptyCookie)
{
    const Authenticator without{{}, ""};
    EXPECT_FALSE(without.identify({"__cookie__", ""}));
}

TEST(Authenticator, KnowsUsersByTheirPasswordsAndGivesTheirRoles)
{
    const auto alice = authenticator().identify({"alice", "correct horse battery staple"});
    ASSERT_TRUE(alice);
    EXPECT_EQ(alice->name, "alice");
    EXPECT_EQ(alice->role, Role::accountant);
    const auto boris = authenticator().identify({"boris", "пароль:с:двоеточием"});
    ASSERT_TRUE(boris);
    EXPECT_EQ(boris->role, Role::viewer);

    EXPECT_FALSE(authenticator().identify({"alice", "correct horse battery stapl"}));
    EXPECT_FALSE(authenticator().identify({"boris", "correct horse battery staple"}));
    EXPECT_FALSE(authenticator().identify({"alice", ""}));
    EXPECT_FALSE(authenticator().identify({"", ""}));
    EXPECT_FALSE(authenticator().identify({"nobody", "nobody"}));
}

TEST(FailureDelays, GrowFromAQuarterSecondToTwo)
{
    FailureDelays delays;
    pool::SteadyTime now{};
    EXPECT_EQ(delays.failed("10.0.0.1", now), milliseconds{250});
    EXPECT_EQ(delays.failed("10.0.0.1", now += seconds{3}), milliseconds{500});
    EXPECT_EQ(delays.failed("10.0.0.1", now += seconds{3}), milliseconds{1000});
    EXPECT_EQ(delays.failed("10.0.0.1", now += seconds{3}), milliseconds{2000});
    EXPECT_EQ(delays.failed("10.0.0.1", now += seconds{3}), milliseconds{2000});
    EXPECT_EQ(delays.failed("10.0.0.2", now), milliseconds{250});
}

TEST(FailureDelays, HoldOnlyTheAddressThatFailedAndOnlyForTheDelay)
{
    FailureDelays delays;
    const pool::SteadyTime now{};
    delays.failed("10.0.0.1", now);
    EXPECT_TRUE(delays.holding("10.0.0.1", now));
    EXPECT_TRUE(delays.holding("10.0.0.1", now + milliseconds{249}));
    EXPECT_FALSE(delays.holding("10.0.0.1", now + milliseconds{250}));
    EXPECT_FALSE(delays.holding("10.0.0.2", now));
}

TEST(FailureDelays, StartOverAfterASuccessOrAMinute)
{
    FailureDelays delays;
    pool::SteadyTime now{};
    delays.failed("10.0.0.1", now);
    delays.succeeded("10.0.0.1");
    EXPECT_EQ(delays.failed("10.0.0.1", now), milliseconds{250});
    EXPECT_EQ(delays.failed("10.0.0.1", now += seconds{62}), milliseconds{250});
}

TEST(FailureDelays, CountEachUserOfANetworkByItself)
{
    EXPECT_NE(FailureDelays::name("10.0.0.1", "ann"), FailureDelays::name("10.0.0.1", "boris"));
    EXPECT_NE(FailureDelays::name("10.0.0.1", "ann"), FailureDelays::name("10.0.0.2", "ann"));
    EXPECT_EQ(FailureDelays::name("2001:db8::1", "ann"), FailureDelays::name("2001:db8::2", "ann"))
        << "a subscriber has a /64";
}

TEST(FailureDelays, AreNotMadeToForgetWhoGuessesByInventedNames)
{
    FailureDelays delays;
    const pool::SteadyTime now{};
    delays.failed("host-0 ann", now);
    for (std::size_t i = 1; i < FailureDelays::entries_max; ++i) {
        EXPECT_FALSE(delays.holding("host-0 boris", now));
        delays.failed("host-" + std::to_string(i) + " ann", now);
    }
    EXPECT_TRUE(delays.holding("host-0 boris", now)) << "there is no room to count a failure in";
    EXPECT_TRUE(delays.holding("host-0 ann", now));
    EXPECT_FALSE(delays.holding("host-0 boris", now + FailureDelays::first));
}

// Else one that connects a few thousand times a second would keep everybody out.
TEST(FailureDelays, LetOneNetworkUseUpNothingButItsOwnPart)
{
    FailureDelays delays;
    const pool::SteadyTime now{};
    for (std::size_t i = 0; i < FailureDelays::of_network_max; ++i) {
        EXPECT_FALSE(delays.holding("10.0.0.1 boris", now)) << i;
        delays.failed("10.0.0.1 " + std::to_string(i), now);
    }
    EXPECT_TRUE(delays.holding("10.0.0.1 boris", now));
    EXPECT_FALSE(delays.holding("10.0.0.10 boris", now)) << "another one";
    EXPECT_FALSE(delays.holding("10.0.0 boris", now)) << "or one that begins alike";
    EXPECT_FALSE(delays.holding("10.0.0.1 boris", now + FailureDelays::first));
}

TEST(FailureDelays, ForgetTheAddressLongestQuietWhenFull)
{
    FailureDelays delays;
    pool::SteadyTime now{};
    for (std::size_t i = 0; i < FailureDelays::entries_max; ++i) {
        delays.failed("host-" + std::to_string(i), now += milliseconds{1});
    }
    delays.failed("one-more", now);
    EXPECT_EQ(delays.size(), FailureDelays::entries_max);
    EXPECT_TRUE(delays.holding("one-more", now));
    EXPECT_EQ(delays.failed("host-1", now), 2 * FailureDelays::first) << "is remembered";
    EXPECT_EQ(delays.failed("host-0", now), FailureDelays::first);
}

TEST(RoleSet, AlwaysHoldsTheAdmin)
{
    EXPECT_TRUE((RoleSet{Role::viewer}.holds(Role::admin)));
    EXPECT_FALSE((RoleSet{Role::viewer}.holds(Role::operating)));
    EXPECT_EQ((RoleSet{Role::operating, Role::accountant}.to_text()),
              "operator, accountant, admin");
    EXPECT_EQ(RoleSet::everyone().to_text(), "everyone");
    EXPECT_EQ(role_from("operator"), Role::operating);
    EXPECT_EQ(role_from("Operator"), std::nullopt);
}

}  // namespace
}  // namespace rpc
