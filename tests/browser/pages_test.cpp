#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/browser/browser.h"

namespace tests {
namespace {

using std::chrono::seconds;

constexpr auto explorer = "web.explorer=https://explorer.invalid/tx/{txid}";

/// One pool for all of them, on regtest, with two miners: one by an address, one of a named
/// account.
class Pages : public ::testing::Test {
protected:
    static void SetUpTestSuite()
    {
        node = std::make_unique<NodeFixture>("regtest");
        pool = std::make_unique<PoolFixture>(
            *node, PoolOptions{.start_difficulty = 0, .sets = {explorer}});
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
    /// What the check has to complain about: "" when all is well.
    static std::string complaints(const std::string& name, Given given = {})
    {
        given.emplace_back("address", address(1));
        const Browsed seen = browse(*pool, name, std::move(given));
        return seen.passed ? "" : seen.said + "the check " + name + " failed";
    }

    /// Whom the admin port lets in.
    static Given operators()
    {
        const std::string cookie = read_file(pool->data_dir() + "/.cookie");
        const auto colon = cookie.find(':');
        EXPECT_NE(colon, std::string::npos);
        return {{"user", cookie.substr(0, colon)}, {"password", cookie.substr(colon + 1)}};
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

TEST_F(Pages, FillInAtEverySizeInEveryLanguageWithoutAnErrorOrAStranger)
{
    EXPECT_EQ(complaints("every_page", operators()), "");
}

TEST_F(Pages, ShowTheAccountThatIsSearchedForAndSayWhatToDoWhenThereIsNone)
{
    EXPECT_EQ(complaints("search"), "");
}

TEST_F(Pages, TellWhatNodesSaidToABlockInTheirReadersLanguage)
{
    EXPECT_EQ(complaints("answers"), "");
}

TEST_F(Pages, SayHowToConnectByWhatTermsAndWhereBlocksWereFound)
{
    EXPECT_EQ(complaints("home"), "");
}

TEST_F(Pages, ShowWhatStandsBehindAnAccountsFigures) { EXPECT_EQ(complaints("details"), ""); }

TEST_F(Pages, DrawAveragesOfMinutesHoursAndADayAsTheyAreChosen)
{
    EXPECT_EQ(complaints("chart"), "");
}

TEST_F(Pages, ShowListsToTheirEnd) { EXPECT_EQ(complaints("lists"), ""); }

TEST_F(Pages, FollowTheMinersWithoutBeingReloaded) { EXPECT_EQ(complaints("live"), ""); }

TEST_F(Pages, KeepTheirFiguresWhileThePoolIsTooBusyToAnswer) { EXPECT_EQ(complaints("busy"), ""); }

TEST_F(Pages, ShowAMinersTextAsTextAndNothingElse) { EXPECT_EQ(complaints("hostile_miner"), ""); }

TEST_F(Pages, ShowAPrivateAccountToBearersOfItsLinkAndNoMoreThanTheLinkShows)
{
    EXPECT_EQ(complaints("watcher", {{"all", watcher_of_farm("hashrate,earnings")},
                                     {"machines", watcher_of_farm("hashrate")},
                                     {"money", watcher_of_farm("earnings")}}),
              "");
}

// As the books hold them: to have them made takes a wallet and two people (payout_road_test.cpp).
TEST_F(Pages, ShowWhatWasPaidToThePublicWithoutNamesAndToTheAccountWithIts)
{
    const std::string paid = address(2);
    const auto put = [](const std::string& sql) {
        static_cast<void>(pool->database().scalar(sql));
    };
    put("drop trigger payout_batch_begins");
    for (const std::string state : {"approved", "broadcast"}) {
        put("insert into payout_batch (request_id, state, signs, fee_payer, total_sat, "
            "fee_max_sat, created_by, created_at_ms) values ('" +
            state + "', '" + state + "', 'wallet', 'pool', 1234567, 1000, 'ann', 1790000000000)");
        put("insert into payout_item select max(b.id), 1, (select id from account where name = "
            "'farm'), '" +
            paid + "', 'script', 1234567, 0, 0 from payout_batch b");
    }
    put("insert into payout_tx select max(id), 1, 'pay', unhex(repeat('cd', 32)), '', 'raw', 141, "
        "1790000000000 from payout_batch");
    EXPECT_EQ(
        complaints("payouts", {{"all", watcher_of_farm("hashrate,earnings")}, {"paid", paid}}), "");
}

TEST_F(Pages, ShowTheOperatorsOneOnTheAdminPortOnly)
{
    ASSERT_TRUE(pool->rpc("setban", R"(["192.0.2.0/24",86400])"));
    EXPECT_EQ(complaints("operator", operators()), "");
}

TEST_F(Pages, AreWorkedByKeyboardAlone) { EXPECT_EQ(complaints("keyboard"), ""); }

}  // namespace
}  // namespace tests
