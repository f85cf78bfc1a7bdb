#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "pool/share/record.h"
#include "tests/support/journal_records.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using std::chrono::seconds;

// Two servers, one Redis, one MySQL: the one that books is killed, the other one takes over, and at
// the end the books hold what both journals hold, to the share.
TEST(Takeover, AnotherServerGoesOnBookingWhenTheActiveOneIsKilled)
{
    NodeFixture node{"testnet4"};
    PoolFixture one{node, {.start_difficulty = 0.0000152587890625, .sets = {}}};  // 2^-16
    const std::string database = "mysql.database=" + one.database().name();
    PoolFixture two{node,
                    {.start_difficulty = 0.0000152587890625,
                     .sets = {database, "stratum.extranonce_server=1"}}};
    one.start();
    two.start();
    const auto booked = [&](const std::string& server) {
        const std::string text = one.database().scalar(
            "select coalesce(sum(mark), 0) from producer where name like '" + server + "-%'");
        return std::strtoull(text.c_str(), nullptr, 10);
    };
    auto first = one.miner(test_address("testnet4", 1) + ".a", {"--json"});
    auto second = two.miner(test_address("testnet4", 1) + ".b", {"--json"});
    ASSERT_TRUE(eventually(
        seconds{30}, [&] { return booked(one.server_id()) > 20 && booked(two.server_id()) > 20; }))
        << one.log() << two.log();

    const bool first_is_active = one.log().find("lease_taken") != std::string::npos;
    PoolFixture& active = first_is_active ? one : two;
    PoolFixture& standby = first_is_active ? two : one;
    active.kill();
    // Miners go on until both servers have had shares booked since: states are waited for.
    const auto goes_on = [&](PoolFixture& server, std::uint64_t from) {
        return eventually(seconds{120}, [&] { return booked(server.server_id()) > from; });
    };
    const std::uint64_t of_dead = booked(active.server_id());
    ASSERT_TRUE(goes_on(standby, booked(standby.server_id()))) << standby.log();
    active.start();
    ASSERT_TRUE(goes_on(active, of_dead + 20)) << active.log() << standby.log();
    for (auto* miner : {first.get(), second.get()}) {
        miner->signal(SIGTERM);
        ASSERT_TRUE(miner->wait(seconds{60}).has_value());
    }

    const auto in_books = [&] {
        return std::strtoull(
            one.database().scalar("select coalesce(sum(shares), 0) from slot_account").c_str(),
            nullptr, 10);
    };
    const auto in_journals = [&] {
        std::uint64_t shares = 0;
        for (const PoolFixture* pool : {&one, &two}) {
            for (const auto& record : journal_records(pool->data_dir() + "/journal")) {
                const auto* share = std::get_if<pool::ShareRecord>(&record);
                if (share != nullptr && share->kind != pool::RecordKind::stale) ++shares;
            }
        }
        return shares;
    };
    ASSERT_TRUE(eventually(seconds{30}, [&] { return in_books() >= in_journals(); }))
        << standby.log() << active.log();
    EXPECT_EQ(in_books(), in_journals());
    EXPECT_GT(in_books(), 60U);
    const auto verdict = standby.rpc("verifyledger");
    ASSERT_TRUE(verdict.has_value()) << verdict.error().detail;
    EXPECT_NE(verdict->find("\"good\":true"), std::string::npos) << *verdict;
    EXPECT_EQ(one.stop(), 0);
    EXPECT_EQ(two.stop(), 0);
}

}  // namespace
}  // namespace tests
