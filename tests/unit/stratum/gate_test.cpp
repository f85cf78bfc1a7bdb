#include "stratum/gate.h"

#include <gtest/gtest.h>

#include "pool/base/secret_hash.h"
#include "stratum/metrics.h"

namespace stratum {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Answer = Gate::Answer;

constexpr std::string_view peer = "192.0.2.1:4000";
const pool::SteadyTime start{std::chrono::hours{1}};

IpAddress ip(std::string_view text) { return parse_ip(text).value_or(IpAddress{}); }

GateOptions small()
{
    GateOptions options;
    options.address = {.connections = 3, .connects_per_second = 0, .connects_burst = 0};
    return options;
}

TEST(Gate, CapsTheConnectionsOfAnAddress)
{
    Gate gate{small()};
    for (int i = 0; i < 3; ++i) EXPECT_EQ(gate.admit(ip("192.0.2.1"), start), Answer::welcome);
    EXPECT_EQ(gate.admit(ip("192.0.2.1"), start), Answer::too_many);
    EXPECT_EQ(gate.admit(ip("192.0.2.2"), start), Answer::welcome);
    gate.release(ip("192.0.2.1"));
    EXPECT_EQ(gate.admit(ip("192.0.2.1"), start), Answer::welcome);
    EXPECT_EQ(gate.connections(), 4U);
    EXPECT_EQ(gate.answered(Answer::too_many), 1U);
}

TEST(Gate, CapsTheChannelsOfAnAddressAndOfItsNeighbours)
{
    GateOptions options = small();
    options.address.channels = 3;
    options.prefix.channels = 5;
    options.networks = {{*parse_network("198.51.100.0/24"), {}, {}, 0}};
    Gate gate{options};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(gate.open_channel(ip("192.0.2.1")));
    EXPECT_FALSE(gate.open_channel(ip("192.0.2.1")));
    EXPECT_TRUE(gate.open_channel(ip("192.0.2.2")));
    EXPECT_TRUE(gate.open_channel(ip("192.0.2.2")));
    EXPECT_FALSE(gate.open_channel(ip("192.0.2.2"))) << "five of the prefix";
    EXPECT_TRUE(gate.open_channel(ip("203.0.113.1")));
    gate.close_channels(ip("192.0.2.1"), 2);
    EXPECT_TRUE(gate.open_channel(ip("192.0.2.2")));
    EXPECT_TRUE(gate.open_channel(ip("192.0.2.1")));
    EXPECT_FALSE(gate.open_channel(ip("192.0.2.3")));
    for (int i = 0; i < 9; ++i) EXPECT_TRUE(gate.open_channel(ip("198.51.100.1")));
}

TEST(Gate, TakesAnIpv6NetworkOfOneCustomerForOneAddress)
{
    Gate gate{small()};
    for (const auto* address : {"2001:db8::1", "2001:db8::2", "2001:db8::ffff:1"}) {
        EXPECT_EQ(gate.admit(ip(address), start), Answer::welcome);
    }
    EXPECT_EQ(gate.admit(ip("2001:db8::9"), start), Answer::too_many);
    EXPECT_EQ(gate.admit(ip("2001:db8:0:1::9"), start), Answer::welcome);
}

TEST(Gate, LimitsHowFastAnAddressMayConnect)
{
    GateOptions options;
    options.address = {.connections = 0, .connects_per_second = 2, .connects_burst = 5};
    Gate gate{options};
    int welcome = 0;
    for (int i = 0; i < 20; ++i) {
        if (gate.admit(ip("192.0.2.1"), start) == Answer::welcome) ++welcome;
    }
    EXPECT_EQ(welcome, 5);
    EXPECT_EQ(gate.admit(ip("192.0.2.1"), start + seconds{1}), Answer::welcome);
    EXPECT_EQ(gate.admit(ip("192.0.2.1"), start + seconds{1}), Answer::welcome);
    EXPECT_EQ(gate.admit(ip("192.0.2.1"), start + seconds{1}), Answer::too_fast);
}

TEST(Gate, HasOtherLimitsForSomeNetworks)
{
    GateOptions options = small();
    options.networks.push_back({*parse_network("10.0.0.0/8"),
                                {.connections = 0, .connects_per_second = 0, .connects_burst = 0},
                                {},
                                7});
    Gate gate{options};
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(gate.admit(ip("10.1.2.3"), start), Answer::welcome);
    EXPECT_EQ(gate.lines_per_second(ip("10.1.2.3")), 7U);
    EXPECT_EQ(gate.lines_per_second(ip("192.0.2.1")), options.lines_per_second);
}

GateOptions crowded_prefix()
{
    GateOptions options;
    options.address = {};
    options.prefix = {.connections = 4, .connects_per_second = 0, .connects_burst = 0};
    return options;
}

TEST(Gate, CapsTheConnectionsOfAllAddressesOfAPrefix)
{
    Gate gate{crowded_prefix()};
    for (const auto* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.255"}) {
        EXPECT_EQ(gate.admit(ip(address), start), Answer::welcome);
    }
    EXPECT_EQ(gate.admit(ip("192.0.2.9"), start), Answer::prefix_too_many);
    EXPECT_EQ(gate.admit(ip("192.0.3.9"), start), Answer::welcome);
    gate.release(ip("192.0.2.2"));
    EXPECT_EQ(gate.admit(ip("192.0.2.9"), start), Answer::welcome);
    EXPECT_EQ(gate.admit(ip("192.0.2.9"), start), Answer::prefix_too_many);
    EXPECT_EQ(gate.connections(), 5U);
    EXPECT_EQ(gate.answered(Answer::prefix_too_many), 2U);
}

TEST(Gate, TakesTheIpv6NetworkOfOneSiteForOnePrefix)
{
    Gate gate{crowded_prefix()};
    for (const auto* address :
         {"2001:db8:7::1", "2001:db8:7:1::1", "2001:db8:7:2::1", "2001:db8:7:ffff::1"}) {
        EXPECT_EQ(gate.admit(ip(address), start), Answer::welcome);
    }
    EXPECT_EQ(gate.admit(ip("2001:db8:7:3::1"), start), Answer::prefix_too_many);
    EXPECT_EQ(gate.admit(ip("2001:db8:8::1"), start), Answer::welcome);
}

TEST(Gate, LimitsHowFastTheAddressesOfAPrefixConnectTogether)
{
    GateOptions options;
    options.address = {.connections = 0, .connects_per_second = 2, .connects_burst = 4};
    options.prefix = {.connections = 0, .connects_per_second = 3, .connects_burst = 6};
    Gate gate{options};
    const auto come = [&gate](std::string_view address, pool::SteadyTime now) {
        int welcome = 0;
        while (gate.admit(ip(address), now) == Answer::welcome) ++welcome;
        return welcome;
    };
    EXPECT_EQ(come("192.0.2.1", start), 4);
    EXPECT_EQ(come("192.0.2.2", start), 2);
    EXPECT_EQ(come("192.0.2.3", start), 0);
    EXPECT_EQ(gate.answered(Answer::too_fast), 1U);
    EXPECT_EQ(gate.answered(Answer::prefix_too_fast), 2U);
    EXPECT_EQ(come("192.0.3.1", start), 4);
    EXPECT_EQ(come("192.0.2.1", start + seconds{1}), 2) << "whom its own bucket holds back";
    EXPECT_EQ(come("192.0.2.2", start + seconds{1}), 1) << "leaves the rest to its neighbours";
}

TEST(Gate, CountsWhoHasLimitsOfItsOwnForNoNeighbour)
{
    GateOptions options = crowded_prefix();
    options.networks = {{*parse_network("192.0.2.7"), {}, {}},
                        {*parse_network("198.51.100.0/24"), {}, {.connections = 2}}};
    Gate gate{options};
    for (int i = 0; i < 1000; ++i) EXPECT_EQ(gate.admit(ip("192.0.2.7"), start), Answer::welcome);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(gate.admit(ip("192.0.2.8"), start), Answer::welcome);
    gate.release(ip("192.0.2.7"));
    EXPECT_EQ(gate.admit(ip("192.0.2.8"), start), Answer::prefix_too_many);

    EXPECT_EQ(gate.admit(ip("198.51.100.1"), start), Answer::welcome);
    EXPECT_EQ(gate.admit(ip("198.51.100.2"), start), Answer::welcome);
    EXPECT_EQ(gate.admit(ip("198.51.100.3"), start), Answer::prefix_too_many);
}

TEST(Gate, ForgetsPrefixesNobodyIsConnectedFrom)
{
    GateOptions options = crowded_prefix();
    options.addresses_max = 100;
    Gate gate{options};
    ASSERT_EQ(gate.admit(ip("192.0.2.1"), start), Answer::welcome);
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        IpAddress address = ip("10.0.0.1");
        address.bytes[13] = static_cast<std::uint8_t>(i >> 8);
        address.bytes[14] = static_cast<std::uint8_t>(i);
        ASSERT_EQ(gate.admit(address, start), Answer::welcome);
        gate.release(address);
    }
    EXPECT_LE(gate.prefixes(), 151U);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(gate.admit(ip("192.0.2.2"), start), Answer::welcome);
    EXPECT_EQ(gate.admit(ip("192.0.2.3"), start), Answer::prefix_too_many) << "is still counted";
}

TEST(Gate, BansAnAddressThatMisbehavesAndForgives)
{
    Gate gate{small()};
    ASSERT_EQ(gate.admit(ip("192.0.2.1"), start), Answer::welcome);
    EXPECT_FALSE(gate.misbehaved(ip("192.0.2.1"), start));
    EXPECT_FALSE(gate.misbehaved(ip("192.0.2.1"), start));
    EXPECT_TRUE(gate.misbehaved(ip("192.0.2.1"), start));
    EXPECT_EQ(gate.admit(ip("192.0.2.1"), start), Answer::banned);
    ASSERT_EQ(gate.bans(start).size(), 1U);
    EXPECT_EQ(gate.bans(start)[0].network, "192.0.2.1");
    EXPECT_EQ(gate.admit(ip("192.0.2.1"), start + seconds{600}), Answer::welcome);
    EXPECT_TRUE(gate.bans(start + seconds{600}).empty());
}

TEST(Gate, NeverBansAnAddressWhereSomebodyMines)
{
    Gate gate{small()};
    ASSERT_EQ(gate.admit(ip("192.0.2.1"), start), Answer::welcome);
    gate.mined(ip("192.0.2.1"), start);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(gate.misbehaved(ip("192.0.2.1"), start));
    EXPECT_TRUE(gate.misbehaved(ip("192.0.2.1"), start + minutes{10}) ||
                gate.misbehaved(ip("192.0.2.1"), start + minutes{10}) ||
                gate.misbehaved(ip("192.0.2.1"), start + minutes{10}));
}

// After a restart the first words of an address may be those of its one broken machine.
TEST(Gate, LiftsItsOwnBanOnceSomebodyMinesThere)
{
    Gate gate{small()};
    ASSERT_EQ(gate.admit(ip("192.0.2.1"), start), Answer::welcome);
    while (!gate.misbehaved(ip("192.0.2.1"), start)) {
    }
    ASSERT_EQ(gate.admit(ip("192.0.2.1"), start), Answer::banned);
    gate.mined(ip("192.0.2.1"), start + seconds{5});
    EXPECT_EQ(gate.admit(ip("192.0.2.1"), start + seconds{5}), Answer::welcome);
    EXPECT_TRUE(gate.bans(start + seconds{5}).empty());
}

TEST(Gate, KeepsAnAdminsBanThoughSomebodyMinesThere)
{
    Gate gate{small()};
    ASSERT_EQ(gate.admit(ip("192.0.2.1"), start), Answer::welcome);
    ASSERT_TRUE(gate.ban(*parse_network("192.0.2.1"), start + seconds{60}, start));
    gate.mined(ip("192.0.2.1"), start);
    EXPECT_EQ(gate.admit(ip("192.0.2.1"), start), Answer::banned);
}

// /metrics asks for the number: it has to be right without going through all addresses.
TEST(Gate, CountsTheBansThatHold)
{
    Gate gate{small()};
    const auto ban = [&gate](const char* address, pool::SteadyTime at) {
        ASSERT_EQ(gate.admit(ip(address), at), Answer::welcome);
        while (!gate.misbehaved(ip(address), at)) {
        }
    };
    EXPECT_EQ(gate.bans_active(start), 0U);
    ban("192.0.2.1", start);
    ban("192.0.2.2", start);
    ban("192.0.3.3", start + seconds{5});
    ASSERT_TRUE(gate.ban(*parse_network("198.51.100.0/24"), start + seconds{60}, start));
    EXPECT_EQ(gate.bans_active(start + seconds{5}), 4U);
    gate.mined(ip("192.0.2.1"), start + seconds{6});
    EXPECT_EQ(gate.bans_active(start + seconds{6}), 3U) << "somebody mines there";
    gate.mined(ip("192.0.2.1"), start + seconds{7});
    EXPECT_EQ(gate.bans_active(start + seconds{7}), 3U) << "was not banned any more";
    EXPECT_TRUE(gate.unban(*parse_network("192.0.3.0/24")));
    EXPECT_EQ(gate.bans_active(start + seconds{8}), 2U);
    // A connection that is still open misbehaves on: one ban, and a longer one.
    while (!gate.misbehaved(ip("192.0.2.2"), start + seconds{100})) {
    }
    EXPECT_EQ(gate.bans_active(start + seconds{100}), 1U) << "the network's is over";
    EXPECT_EQ(gate.bans_active(start + seconds{699}), 1U);
    EXPECT_EQ(gate.bans_active(start + seconds{700}), 0U);
    EXPECT_EQ(gate.bans(start + seconds{700}).size(), 0U);
    ban("192.0.2.2", start + seconds{701});
    EXPECT_EQ(gate.bans_active(start + seconds{701}), 1U);
}

TEST(Gate, DelaysAWorkerLongerEachTime)
{
    Gate gate{small()};
    EXPECT_FALSE(gate.delayed(peer, "user.w1", start));
    gate.delay_worker(peer, "user.w1", start);
    EXPECT_TRUE(gate.delayed(peer, "user.w1", start + seconds{2}));
    EXPECT_FALSE(gate.delayed(peer, "user.w2", start + seconds{2}));
    EXPECT_FALSE(gate.delayed(peer, "user.w1", start + seconds{3}));
    gate.delay_worker(peer, "user.w1", start + seconds{3});
    EXPECT_TRUE(gate.delayed(peer, "user.w1", start + seconds{8}));
    EXPECT_FALSE(gate.delayed(peer, "user.w1", start + seconds{9}));
}

TEST(Gate, DelaysAnAccountWhoseBadSharesComeUnderOneNameAfterTheOther)
{
    Gate gate{small()};
    gate.delay_worker(peer, "user.a", start);
    EXPECT_FALSE(gate.delayed(peer, "user.b", start)) << "one broken machine is not the farm";
    gate.delay_worker(peer, "user.b", start + seconds{1});
    EXPECT_TRUE(gate.delayed(peer, "user.c", start + seconds{6}));
    EXPECT_FALSE(gate.delayed(peer, "user.c", start + seconds{7}));
    EXPECT_FALSE(gate.delayed(peer, "other.c", start + seconds{2}));
    EXPECT_FALSE(gate.delayed("198.51.100.9:7", "user.c", start + seconds{2}));

    // Where the others of a farm mine, only the broken machines wait.
    ASSERT_EQ(gate.admit(ip("192.0.2.1"), start), Answer::welcome);
    gate.mined(ip("192.0.2.1"), start + seconds{1});
    EXPECT_FALSE(gate.delayed(peer, "user.c", start + seconds{2}));
    EXPECT_TRUE(gate.delayed(peer, "user.b", start + seconds{2}));
}

// All machines of a farm may have one name, or none.
TEST(Gate, DoesNotKeepOutTheOthersOfAFarmForABrokenMachineOfTheSameName)
{
    Gate gate{small()};
    ASSERT_EQ(gate.admit(ip("192.0.2.1"), start), Answer::welcome);
    for (int i = 0; i < 10; ++i) gate.delay_worker(peer, "farm.default", start + seconds{i});
    EXPECT_TRUE(gate.delayed(peer, "farm.default", start + seconds{100})) << "nobody mines there";
    gate.mined(ip("192.0.2.1"), start + seconds{9});
    EXPECT_TRUE(gate.delayed(peer, "farm.default", start + seconds{30}));
    EXPECT_FALSE(gate.delayed(peer, "farm.default", start + seconds{40}));
}

// A farm without power stops reading, too, and comes back all at once.
TEST(Misbehaviour, IsNotToStopReading)
{
    EXPECT_FALSE(is_misbehaviour(EndReason::write_stalled));
    EXPECT_TRUE(is_misbehaviour(EndReason::too_many_bad_shares));
}

TEST(Gate, DelaysAWorkerOnlyWhereItsBadSharesCameFrom)
{
    Gate gate{small()};
    for (int i = 0; i < 20; ++i) gate.delay_worker("198.51.100.9:7", "user.w1", start);
    EXPECT_TRUE(gate.delayed("198.51.100.9:8", "user.w1", start));
    EXPECT_FALSE(gate.delayed("192.0.2.1:4000", "user.w1", start));
    // One customer's whole /64 is one address.
    gate.delay_worker("[2001:db8::1]:7", "user.w1", start);
    EXPECT_TRUE(gate.delayed("[2001:db8::ffff]:9", "user.w1", start));
    EXPECT_FALSE(gate.delayed("[2001:db8:0:1::1]:7", "user.w1", start));
}

TEST(Gate, TakesAnAdminsWordForNetworks)
{
    Gate gate{small()};
    ASSERT_TRUE(gate.ban(*parse_network("192.0.2.0/24"), start + seconds{60}, start));
    EXPECT_EQ(gate.admit(ip("192.0.2.77"), start), Answer::banned);
    EXPECT_EQ(gate.admit(ip("192.0.3.77"), start), Answer::welcome);
    EXPECT_FALSE(gate.unban(*parse_network("192.0.2.0/25")));
    EXPECT_TRUE(gate.unban(*parse_network("192.0.2.0/24")));
    EXPECT_EQ(gate.admit(ip("192.0.2.77"), start), Answer::welcome);
}

TEST(Gate, RemembersABoundedNumberOfStrangers)
{
    GateOptions options;
    options.addresses_max = 100;
    Gate gate{options};
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        IpAddress address = ip("10.0.0.0");
        address.bytes[14] = static_cast<std::uint8_t>(i >> 8);
        address.bytes[15] = static_cast<std::uint8_t>(i);
        ASSERT_EQ(gate.admit(address, start), Answer::welcome);
        gate.release(address);
    }
    EXPECT_EQ(gate.connections(), 0U);
}

IpAddress stranger(std::uint32_t number)
{
    IpAddress address = ip("10.0.0.0");
    address.bytes[13] = static_cast<std::uint8_t>(number >> 16);
    address.bytes[14] = static_cast<std::uint8_t>(number >> 8);
    address.bytes[15] = static_cast<std::uint8_t>(number);
    return address;
}

TEST(Gate, KeepsABanHoweverManyStrangersCome)
{
    GateOptions options = small();
    options.addresses_max = 100;
    Gate gate{options};
    const IpAddress bad = ip("192.0.2.1");
    ASSERT_EQ(gate.admit(bad, start), Answer::welcome);
    while (!gate.misbehaved(bad, start)) {
    }
    gate.release(bad);
    for (std::uint32_t i = 0; i < 1'000; ++i) {
        ASSERT_EQ(gate.admit(stranger(i), start), Answer::welcome);
        gate.release(stranger(i));
    }
    EXPECT_EQ(gate.admit(bad, start), Answer::banned);
}

// A farm whose line was cut comes back with a clumsy machine: that it mined is what keeps it from
// a ban, so strangers must not make us forget it.
TEST(Gate, KnowsWhoMinedLatelyHoweverManyStrangersCome)
{
    for (const seconds later : {seconds{1}, seconds{120}}) {
        GateOptions options = small();
        options.addresses_max = 100;
        Gate gate{options};
        const IpAddress farm = ip("192.0.2.1");
        ASSERT_EQ(gate.admit(farm, start), Answer::welcome);
        gate.mined(farm, start);
        gate.release(farm);
        for (std::uint32_t i = 0; i < 1'000; ++i) {
            ASSERT_EQ(gate.admit(stranger(i), start + later), Answer::welcome);
            gate.release(stranger(i));
        }
        ASSERT_EQ(gate.admit(farm, start + later), Answer::welcome);
        for (int i = 0; i < 100; ++i) EXPECT_FALSE(gate.misbehaved(farm, start + later));
    }
}

TEST(Gate, ForgetsWhoMinedLatelyBeforeItTurnsAnybodyAway)
{
    GateOptions options;
    options.addresses_max = 100;
    Gate gate{options};
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        ASSERT_EQ(gate.admit(stranger(i), start), Answer::welcome) << i;
        gate.mined(stranger(i), start);
        gate.release(stranger(i));
    }
}

TEST(Gate, TurnsStrangersAwayWhereAllItRemembersAreConnected)
{
    GateOptions options;
    options.addresses_max = 100;
    Gate gate{options};
    for (std::uint32_t i = 0; i < 400; ++i) {
        ASSERT_EQ(gate.admit(stranger(i), start), Answer::welcome);
    }
    EXPECT_EQ(gate.admit(stranger(400), start), Answer::full);
    EXPECT_EQ(gate.admit(stranger(7), start), Answer::welcome);  // known
    for (std::uint32_t i = 0; i < 400; ++i) gate.release(stranger(i));
    EXPECT_EQ(gate.admit(stranger(400), start + seconds{1}), Answer::welcome);
}

TEST(IpHash, IsOfASecretThatNobodyElseKnows)
{
    const IpAddress address = ip("192.0.2.1");
    EXPECT_EQ(IpHash{}(address), pool::secret_hash(address.bytes));
    EXPECT_NE(IpHash{}(address), IpHash{}(ip("192.0.2.2")));
}

TEST(Network, ReadsAndWritesBothFamilies)
{
    for (const auto* text : {"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"}) {
        const auto network = parse_network(text);
        ASSERT_TRUE(network.has_value()) << text;
        EXPECT_EQ(to_string(*network), text);
    }
    for (const auto* text :
         {"", "10.0.0.0/33", "10.0.0/8", "::/129", "x", "10.0.0.0/", "1.2.3.4/-1"}) {
        EXPECT_FALSE(parse_network(text).has_value()) << text;
    }
    EXPECT_TRUE(parse_network("10.0.0.0/9")->holds(ip("10.127.255.255")));
    EXPECT_FALSE(parse_network("10.0.0.0/9")->holds(ip("10.128.0.0")));
    EXPECT_TRUE(parse_network("0.0.0.0/0")->holds(ip("203.0.113.9")));
    EXPECT_FALSE(parse_network("0.0.0.0/0")->holds(ip("2001:db8::1")));
}

}  // namespace
}  // namespace stratum
