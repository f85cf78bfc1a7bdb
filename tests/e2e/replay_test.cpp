#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pool/share/record.h"
#include "tests/e2e/share_counts.h"
#include "tests/support/journal_records.h"
#include "tests/support/json_rpc.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// testnet4 is at difficulty 1: no CPU share is a block there, and shares may be as easy as we like.
TEST(Replay, CountsEveryAcknowledgedShareOnceThroughKillsUnderLoad)
{
    NodeFixture node{"testnet4"};
    PoolFixture pool{node, {.start_difficulty = 0.0000152587890625, .sets = {}}};  // 2^-16
    pool.start();
    // By name: a zubrd that is just back must know its registered accounts before it lets anybody
    // in, for a miner that is refused as unknown does not come again.
    const std::string address = test_address("testnet4", 1);
    const auto made = pool.rpc("createaccount", R"(["farm",")" + address + R"("])");
    ASSERT_TRUE(made.has_value()) << made.error().detail;
    // Nobody but the bearer of its token sees it.
    const std::string page = pool.web_url() + "/api/v1/users/farm";
    EXPECT_EQ(http_get(page).status, 401);
    const auto token = pool.rpc("createtoken", R"(["farm","its owner","hashrate,earnings"])");
    ASSERT_TRUE(token.has_value()) << token.error().detail;
    const auto secret = nlohmann::json::parse(*token).at("secret").get<std::string>();
    const std::string bearer = "Authorization: Bearer " + secret;
    ASSERT_TRUE(eventually(seconds{10}, [&] { return http_get(page, bearer).status == 200; }));
    EXPECT_EQ(http_get(pool.web_url() + "/api/v1/users/nobody-here", bearer).status, 401);
    auto miner = pool.miner("farm.load", {"--json", "--duration", "20"});

    constexpr int kills = 3;
    for (int round = 0; round < kills; ++round) {
        const std::uint64_t before = booked(pool.database());
        ASSERT_TRUE(eventually(seconds{30}, [&] { return booked(pool.database()) > before + 20; }))
            << pool.log() << miner->output();
        pool.kill();
        pool.start();
    }
    ASSERT_TRUE(miner->wait(seconds{60}).has_value());
    const std::uint64_t answered = acknowledged(*miner);
    ASSERT_GT(answered, 60U) << miner->output();

    // A kill may fall between the journal and the answer: such a share is in the books though its
    // miner never heard. At most one submission was on its way at each kill.
    ASSERT_TRUE(eventually(seconds{30}, [&] { return booked(pool.database()) >= answered; }))
        << "acknowledged " << answered << ", booked " << booked(pool.database()) << "\n"
        << pool.log();
    EXPECT_LE(booked(pool.database()), answered + kills * 8);

    // And the books agree with the journals, to the share and to the unit of work.
    EXPECT_EQ(pool.stop(), 0);
    std::uint64_t shares = 0;
    pool::U128 work = 0;
    // Without the job: the same work under another job's number would be the same share again.
    std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::array<std::uint8_t, 24>>,
             int>
        seen;
    for (const auto& record : journal_records(pool.data_dir() + "/journal")) {
        const auto* share = std::get_if<pool::ShareRecord>(&record);
        if (share == nullptr || share->kind == pool::RecordKind::stale) continue;
        ++shares;
        work += share->work;
        ++seen[{share->time, share->nonce, share->version, share->extranonce}];
    }
    EXPECT_EQ(seen.size(), shares) << "the same share was counted twice";
    EXPECT_EQ(booked(pool.database()), shares);
    EXPECT_EQ(pool.database().scalar("select coalesce(sum(work), 0) from slot_account"),
              pool::to_decimal(work));
}

}  // namespace
}  // namespace tests
