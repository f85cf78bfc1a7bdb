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

// On regtest every second share is a block. Whoever found it, and whether he lives: the one that
// books asks its own node for it.
TEST(Takeover, BlocksOfTheServerThatDoesNotBookAreCreditedAndThoseOfADeadOneMature)
{
    NodeFixture node{"regtest"};
    PoolFixture one{node, {.start_difficulty = 0, .sets = {}}};
    const Database& books = one.database();
    PoolFixture two{node,
                    {.start_difficulty = 0,
                     .sets = {"mysql.database=" + books.name(), "stratum.extranonce_server=1"}}};
    const auto holder = [&] {
        return books.scalar("select holder from lease where name = 'accountant'");
    };
    const auto blocks = [&](const std::string& worker, const std::string& state) {
        const std::string count = books.scalar("select count(*) from block_found where worker = '" +
                                               worker + "' and books = '" + state + "'");
        return std::strtoull(count.c_str(), nullptr, 10);
    };
    const auto mine = [&](PoolFixture& server, const std::string& worker) {
        const auto miner = server.miner(test_address("regtest", 1) + "." + worker,
                                        {"--max-shares-per-second", "2"}, worker + ".log");
        EXPECT_TRUE(eventually(seconds{120}, [&] { return blocks(worker, "accrued") > 0; }))
            << worker << ": nobody credits its blocks\n"
            << server.log();
        miner->signal(SIGTERM);
        EXPECT_TRUE(miner->wait(seconds{20}).has_value());
    };
    one.start();
    ASSERT_EQ(holder(), one.server_id() + "-0");
    two.start();
    mine(two, "found-by-the-other");
    mine(one, "found-by-the-one-that-books");
    ASSERT_EQ(holder(), one.server_id() + "-0") << "or all of this says nothing";

    one.kill();
    node.generate(101);
    EXPECT_TRUE(eventually(seconds{60}, [&] {
        return blocks("found-by-the-one-that-books", "matured") > 0 &&
               blocks("found-by-the-other", "matured") > 0;
    })) << two.log();
    EXPECT_EQ(holder(), two.server_id() + "-0");
    one.start();
    mine(one, "found-by-the-one-that-came-back");
    const auto verdict = two.rpc("verifyledger");
    ASSERT_TRUE(verdict.has_value()) << verdict.error().detail;
    EXPECT_NE(verdict->find("\"good\":true"), std::string::npos) << *verdict;
    EXPECT_EQ(one.stop(), 0);
    EXPECT_EQ(two.stop(), 0);
}

}  // namespace
}  // namespace tests
