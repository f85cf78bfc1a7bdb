#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/browser/browser.h"

namespace tests {
namespace {

using std::chrono::seconds;

/// One pool for all of them, on regtest, with two miners: one by an address, one of a named
/// account.
class Pages : public ::testing::Test {
protected:
    static void SetUpTestSuite()
    {
        node = std::make_unique<NodeFixture>("regtest");
        pool = std::make_unique<PoolFixture>(*node, PoolOptions{.start_difficulty = 0, .sets = {}});
        pool->start();
        ASSERT_TRUE(pool->rpc("createaccount", "[\"farm\",\"" + address(2) + "\"]"));
        miners.push_back(pool->miner(address(1) + ".rig-1", {"--max-shares-per-second", "2"}));
        miners.push_back(pool->miner("farm.hall-7", {"--max-shares-per-second", "1"}, "farm.log"));
        ASSERT_TRUE(eventually(seconds{60}, [] { return pool->info("shares_accepted") > 10; }))
            << pool->log();
    }

    static void TearDownTestSuite()
    {
        miners.clear();
        EXPECT_EQ(pool->stop(), 0) << pool->log();
        pool.reset();
        node.reset();
    }

    static std::string address(unsigned number) { return test_address("regtest", number); }
    static void passes(const std::string& name, Given given = {})
    {
        given.emplace_back("address", address(1));
        browse(*pool, name, std::move(given));
    }

    /// The secret of a new watcher link of the account "farm".
    static std::string watcher_of_farm(const std::string& scopes)
    {
        const auto made = pool->rpc("createtoken", R"(["farm","the bank",")" + scopes + "\"]");
        EXPECT_TRUE(made) << made.error().detail;
        const std::string name = "\"secret\":\"";
        const auto at = made ? made->find(name) : std::string::npos;
        return at == std::string::npos ? "" : made->substr(at + name.size(), 40);
    }

    static std::unique_ptr<NodeFixture> node;
    static std::unique_ptr<PoolFixture> pool;
    static std::vector<std::unique_ptr<Process>> miners;
};

std::unique_ptr<NodeFixture> Pages::node;
std::unique_ptr<PoolFixture> Pages::pool;
std::vector<std::unique_ptr<Process>> Pages::miners;

TEST_F(Pages, FillInAtEverySizeInEveryLanguageWithoutAnErrorOrAStranger) { passes("every_page"); }

TEST_F(Pages, ShowTheAccountThatIsSearchedForAndSayWhatToDoWhenThereIsNone) { passes("search"); }

TEST_F(Pages, FollowTheMinersWithoutBeingReloaded) { passes("live"); }

TEST_F(Pages, ShowAMinersTextAsTextAndNothingElse) { passes("hostile_miner"); }

TEST_F(Pages, ShowAPrivateAccountToBearersOfItsLinkAndNoMoreThanTheLinkShows)
{
    passes("watcher", {{"all", watcher_of_farm("hashrate,earnings")},
                       {"machines", watcher_of_farm("hashrate")},
                       {"money", watcher_of_farm("earnings")}});
}

TEST_F(Pages, ShowTheOperatorsOneOnTheAdminPortOnly)
{
    const std::string cookie = read_file(pool->data_dir() + "/.cookie");
    const auto colon = cookie.find(':');
    ASSERT_NE(colon, std::string::npos);
    passes("operator", {{"user", cookie.substr(0, colon)}, {"password", cookie.substr(colon + 1)}});
}

TEST_F(Pages, AreWorkedByKeyboardAlone) { passes("keyboard"); }

}  // namespace
}  // namespace tests
