#include "pool/share/seen.h"

#include <cstring>
#include <random>

#include <gtest/gtest.h>

namespace pool {
namespace {

Digest hash_of_number(std::uint64_t low)
{
    Digest hash{};
    std::memcpy(hash.data(), &low, sizeof low);
    return hash;
}

TEST(SeenShares, KnowsEachOfManyHashesAgainAndNoOther)
{
    SeenShares seen;
    std::mt19937_64 random{1};
    for (int i = 0; i < 200'000; ++i) ASSERT_TRUE(seen.insert({1}, hash_of_number(random())));
    EXPECT_EQ(seen.size(), 200'000U);
    random.seed(1);
    for (int i = 0; i < 200'000; ++i) ASSERT_FALSE(seen.insert({1}, hash_of_number(random())));
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(seen.insert({1}, hash_of_number(random())));
}

TEST(SeenShares, KeepsHashesThatMeetInOneTableApart)
{
    SeenShares seen;
    for (std::uint64_t i = 0; i < 1000; ++i) ASSERT_TRUE(seen.insert({1}, hash_of_number(i << 20)));
    for (std::uint64_t i = 1; i < 1000; ++i) {
        ASSERT_FALSE(seen.insert({1}, hash_of_number(i << 20)));
    }
}

TEST(SeenShares, TellsJobsApartAndForgetsOneAtATime)
{
    SeenShares seen;
    const Digest hash = hash_of_number(77);
    EXPECT_TRUE(seen.insert({1}, hash));
    EXPECT_TRUE(seen.insert({2}, hash));
    EXPECT_FALSE(seen.insert({1}, hash));
    seen.expect({1}, hash);
    seen.expect({3}, hash);
    seen.forget({1});
    EXPECT_TRUE(seen.insert({1}, hash));
    EXPECT_FALSE(seen.insert({2}, hash));
    seen.forget({9});
}

TEST(SeenShares, TakesAHashOfZeros)
{
    SeenShares seen;
    EXPECT_TRUE(seen.insert({1}, Digest{}));
    EXPECT_FALSE(seen.insert({1}, Digest{}));
}

}  // namespace
}  // namespace pool
