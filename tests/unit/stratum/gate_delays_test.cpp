// The workers that may not authorise for a while: how they are found, and for how long they are
// remembered.
#include <chrono>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include <gtest/gtest.h>

#include "stratum/gate.h"

namespace stratum {
namespace {

using std::chrono::seconds;

constexpr std::string_view peer = "192.0.2.1:4000";
constexpr std::size_t many = 1000;
const pool::SteadyTime start{std::chrono::hours{1}};

std::string name(std::size_t number) { return "user.w" + std::to_string(number); }

// Names that would all come into one bucket under a hash that everybody knows; one more than many.
std::vector<std::string> names_of_one_bucket()
{
    std::unordered_map<std::size_t, int> same_size;
    for (std::size_t i = 0; i <= many; ++i) same_size.emplace(i, 0);
    std::vector<std::string> names;
    for (std::size_t i = 0; names.size() <= many; ++i) {
        const std::size_t hash = std::hash<std::string>{}("192.0.2.1 " + name(i));
        if (hash % same_size.bucket_count() == 7) names.push_back(name(i));
    }
    return names;
}

// All loops wait for that look.
TEST(Delays, CannotBeGivenNamesThatMakeALookLong)
{
    Gate gate{GateOptions{}};
    for (const std::string& each : names_of_one_bucket()) gate.delay_worker(peer, each, start);
    EXPECT_GT(gate.delays(), many);
    EXPECT_LT(gate.longest_look(), 20U) << "of a thousand in as many buckets";
}

TEST(Delays, AreForgottenOnceTheNextWouldBeginAnew)
{
    Gate gate{GateOptions{}};
    for (std::size_t i = 0; i < many; ++i) gate.delay_worker(peer, name(i), start);
    EXPECT_EQ(gate.delays(), many + 1) << "the account, too";
    // Its account's delays have grown to ten minutes, and are remembered for as long again.
    gate.delay_worker("192.0.2.2:1", "other.w", start + seconds{900});
    EXPECT_EQ(gate.delays(), 3U);
    gate.delay_worker("192.0.2.2:1", "other.w", start + seconds{1300});
    EXPECT_EQ(gate.delays(), 2U);
}

TEST(Delays, AreLongerForWhoComesBackAfterOthersWereForgotten)
{
    Gate gate{GateOptions{}};
    gate.delay_worker(peer, "user.w", start);
    gate.delay_worker(peer, "user2.w", start + seconds{500});
    gate.delay_worker(peer, "user.w", start + seconds{590});
    EXPECT_TRUE(gate.delayed(peer, "user.w", start + seconds{595})) << "six seconds";
}

}  // namespace
}  // namespace stratum
