#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "stratum/difficulty_policy.h"
#include "stratum/first_bytes.h"
#include "stratum/roster.h"
#include "stratum/v1/password.h"

namespace stratum {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr pool::SteadyTime epoch{};

TEST(Password, ReadsDifficultiesInAnyCaseAndWithAnySeparator)
{
    EXPECT_EQ(v1::parse_password("x, D=4").start, 4);
    EXPECT_EQ(v1::parse_password("diff=0.5;md=2 fd=8").start, 0.5);
    EXPECT_EQ(v1::parse_password("diff=0.5;md=2 fd=8").floor, 2);
    EXPECT_EQ(v1::parse_password("diff=0.5;md=2 fd=8").fixed, 8);
    EXPECT_EQ(v1::parse_password("x,MaxD=64").ceiling, 64);
    EXPECT_EQ(v1::parse_password("sd=32 mind=16").start, 32);
    EXPECT_EQ(v1::parse_password("sd=32 mind=16").floor, 16);
    EXPECT_EQ(v1::parse_password("d=16,f=1").fixed, 16);
}

TEST(Password, IgnoresWhatMakesNoSense)
{
    const v1::PasswordOptions options =
        v1::parse_password("d=-5,d=nan,d=1e999,d=,md=x,==,=4,d,f=1,fd=0");
    EXPECT_FALSE(options.start.has_value());
    EXPECT_FALSE(options.floor.has_value());
    EXPECT_FALSE(options.fixed.has_value());
}

TEST(DifficultyPolicy, StaysInsideTheLimits)
{
    DifficultyPolicy policy{{.min = {0}, .max = {10}, .start = {4}}, epoch};
    EXPECT_EQ(policy.next().exponent, 4);
    policy.suggest({-20}, epoch);
    EXPECT_EQ(policy.next().exponent, 0);
    policy.suggest({30}, epoch);
    EXPECT_EQ(policy.next().exponent, 10);
    policy.set_floor({40});
    EXPECT_EQ(policy.next().exponent, 10);
}

// Mines evenly at so many shares a minute of difficulty 2^16, and takes each difficulty at once.
// Returns how many shares it found.
double mine(DifficultyPolicy& policy, double per_minute, seconds from, seconds to)
{
    constexpr milliseconds step{50};
    double found = 0;
    double owed = 0;
    for (milliseconds at = from; at < to; at += step) {
        const pool::Difficulty now = policy.next();
        owed += per_minute / 60 * 0.05 * std::ldexp(1.0, 16 - now.exponent);
        for (; owed >= 1; owed -= 1, found += 1) policy.on_share(now, epoch + at);
        policy.on_tick(epoch + at);
    }
    return found;
}

constexpr DifficultyLimits port{.min = {0}, .max = {40}, .start = {16}};

TEST(DifficultyPolicy, HoldsWhatAMinerFixesWithinTenTimesTheSharesThatAreWanted)
{
    DifficultyPolicy modest{port, epoch};
    modest.hold({13}, epoch);
    mine(modest, 10, seconds{0}, seconds{3600});
    EXPECT_EQ(modest.next().exponent, 13);
    modest.suggest({2}, epoch + seconds{3600});
    EXPECT_EQ(modest.next().exponent, 13);

    DifficultyPolicy high{port, epoch};
    high.hold({20}, epoch);
    mine(high, 10, seconds{0}, seconds{3600});
    EXPECT_EQ(high.next().exponent, 20);
}

TEST(DifficultyPolicy, GivesNobodyAFloodOfSharesForAFixedDifficultyOrACeiling)
{
    DifficultyPolicy fixed{port, epoch};
    fixed.hold({0}, epoch);
    DifficultyPolicy capped{port, epoch};
    capped.set_ceiling({0}, epoch);
    for (DifficultyPolicy* policy : {&fixed, &capped}) {
        mine(*policy, 10, seconds{0}, seconds{600});
        EXPECT_LE(mine(*policy, 10, seconds{600}, seconds{1200}), 10 * 10 * 20);
        EXPECT_GE(policy->next().exponent, 12);
    }
    // It goes back with the miner's rate, and no further than was asked for.
    mine(fixed, 10.0 / 65536, seconds{1200}, seconds{3600 * 4});
    EXPECT_EQ(fixed.next().exponent, 0);
}

TEST(DifficultyPolicy, IsNotPulledDownByHintsInTurns)
{
    DifficultyPolicy policy{port, epoch};
    mine(policy, 10, seconds{0}, seconds{600});
    double found = 0;
    for (int turn = 0; turn < 60; ++turn) {
        const seconds now{600 + 10 * turn};
        policy.suggest({turn % 3 == 2 ? 30 : turn % 3}, epoch + now);
        policy.set_ceiling({turn % 3}, epoch + now);
        found += mine(policy, 10, now, now + seconds{10});
    }
    EXPECT_LE(found, 10 * 10 * 20);
    policy.set_ceiling({40}, epoch + seconds{1200});
    // Who has become slower may ask for less: what was seen is forgotten.
    policy.suggest({25}, epoch + seconds{1200});
    policy.suggest({3}, epoch + seconds{1200} + std::chrono::minutes{31});
    EXPECT_EQ(policy.next().exponent, 3);
}

TEST(DifficultyPolicy, KnowsHowLongAShareTakesByWorkOrByWhatWasSaid)
{
    using PerShare = std::chrono::duration<double>;
    DifficultyPolicy policy{port, epoch};
    EXPECT_FALSE(policy.share_interval({16}, epoch + seconds{60}).has_value());
    policy.suggest({10}, epoch);
    EXPECT_EQ(policy.share_interval({12}, epoch + seconds{60}), PerShare{24});
    for (int i = 0; i < 4; ++i) policy.on_share({12}, epoch + seconds{60});
    EXPECT_EQ(policy.share_interval({12}, epoch + seconds{60}), PerShare{15});
    EXPECT_EQ(policy.share_interval({15}, epoch + seconds{60}), PerShare{120});
}

// A share that is harder than a block would have blocks refused as too easy.
TEST(DifficultyPolicy, MakesNoShareHarderThanABlockWhateverIsDemanded)
{
    const DifficultyLimits any{.min = {0}, .max = {60}, .start = {16}};
    DifficultyPolicy floor{any, epoch};
    floor.set_floor({60});
    DifficultyPolicy start{any, epoch};
    start.start_at({60}, epoch);
    DifficultyPolicy held{any, epoch};
    held.hold({60}, epoch);
    for (DifficultyPolicy* policy : {&floor, &start, &held}) {
        policy->set_cap({47});
        EXPECT_EQ(policy->next().exponent, 47);
    }
    // A test network's difficulty is below what machines are made for.
    floor.set_floor({2});
    floor.set_cap({-10});
    EXPECT_EQ(floor.next().exponent, 2);
    floor.set_floor({60});
    EXPECT_EQ(floor.next().exponent, 19);
    floor.set_least({25});
    EXPECT_EQ(floor.next().exponent, 25) << "a client that would drop us";
}

TEST(DifficultyPolicy, NeverGoesBelowAFloorAndIgnoresHintsWhenFixed)
{
    DifficultyPolicy policy{{.min = {0}, .max = {40}, .start = {4}}, epoch};
    policy.set_floor({8});
    EXPECT_EQ(policy.next().exponent, 8);
    policy.fix({12});
    policy.suggest({20}, epoch);
    EXPECT_EQ(policy.next().exponent, 12);
}

// Miners authorise again and again, each time with the same password.
TEST(DifficultyPolicy, BeginsAnewOnceForTheSameHashrate)
{
    DifficultyPolicy policy{{.min = {0}, .max = {40}, .start = {10}}, epoch};
    for (int tenth = 0; tenth < 300; ++tenth) {
        const auto now = epoch + std::chrono::milliseconds{100} * tenth;
        policy.begin_at({10}, now);
        policy.on_share(policy.next(), now);
    }
    EXPECT_GT(policy.next().exponent, 10);
}

TEST(Roster, FindsEachOfAThousandAccountsAndAWorkerOfIt)
{
    Roster roster;
    constexpr std::size_t count = 1000;
    const auto user = [](std::size_t number) {
        return UserName{.account = {.script = {},
                                    .registered = pool::AccountId{1 + number / 2},
                                    .name = "user" + std::to_string(number)},
                        .worker = "w"};
    };
    for (int time = 0; time < 2; ++time) {
        for (std::size_t i = 0; i < count; ++i) {
            ASSERT_EQ(roster.add(user(i), user(i).account.name + ".w", count, epoch), i);
        }
    }
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(roster.one_of(user(i).account), i);
    // The name is given to another account while the connection stands.
    UserName again = user(0);
    again.account.registered = pool::AccountId{9'999};
    EXPECT_EQ(roster.one_of(again.account), std::nullopt);
    const auto next = roster.add(again, "user0.w", count + 1, epoch);
    EXPECT_EQ(next, count);
    EXPECT_EQ(roster.one_of(again.account), next);
    EXPECT_EQ(roster.one_of(user(0).account), 0U);
}

// By its name it is one worker, however it is spelt; a share finds it by the spelling in use.
TEST(Roster, FindsEachOfAThousandByNameAndBySpelling)
{
    Roster roster;
    constexpr std::size_t count = 1000;
    const auto user = [](std::size_t number) {
        const std::uint64_t account = 1 + number % 3;
        return UserName{.account = {.script = {},
                                    .registered = pool::AccountId{account},
                                    .name = "user" + std::to_string(account)},
                        .worker = "w" + std::to_string(number)};
    };
    const auto spelling = [&user](std::size_t number, const char* as) {
        return as + user(number).account.name + '.' + user(number).worker;
    };
    for (std::size_t i = 0; i < count; ++i) {
        ASSERT_EQ(roster.add(user(i), spelling(i, ""), count, epoch), i);
    }
    EXPECT_EQ(roster.add(user(count), "one.more", count, epoch), std::nullopt);
    for (std::size_t i = 0; i < count; i += 7) {
        ASSERT_EQ(roster.add(user(i), spelling(i, "U"), count, epoch), i);
    }
    for (std::size_t i = 0; i < count; ++i) {
        const bool respelt = i % 7 == 0;
        ASSERT_EQ(roster.find(user(i)), i);
        ASSERT_EQ(roster.spelt(spelling(i, respelt ? "U" : "")), i);
        ASSERT_EQ(roster.spelt(spelling(i, respelt ? "" : "U")), std::nullopt);
    }
    EXPECT_EQ(roster.size(), count);
    EXPECT_EQ(roster.spelt("0/w1"), std::nullopt) << "no key of ours";
    EXPECT_EQ(roster.one_of(user(2).account), 2U);
    EXPECT_EQ(roster.one_of({.script = {}, .registered = pool::AccountId{9}, .name = "x"}),
              std::nullopt);
}

}  // namespace
}  // namespace stratum
