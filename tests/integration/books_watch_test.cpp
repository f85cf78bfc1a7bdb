// Which blocks the ledger threads of several servers ask their nodes for.
#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/app/books.h"
#include "tests/support/books_fixture.h"
#include "tests/support/process.h"

namespace tests {
namespace {

using std::chrono::seconds;

payouts::FoundBlock block(std::uint8_t number)
{
    payouts::FoundBlock found;
    found.hash.bytes[31] = number;
    found.height = pool::Height{number};
    found.found_at = pool::read_clock().wall;
    found.reward = pool::Sats{1'000'000};
    found.finder = test_address("regtest", 1);
    found.worker = "rig";
    found.coinbase = {1, 2, 3};
    return found;
}

/// A server's ledger thread, and what it has its nodes asked for.
class Server {
public:
    Server(const BooksFixture& fixture, const std::string& producer)
    {
        payouts::ServiceOptions options = fixture.options();
        options.own_producers = {producer};
        auto service = payouts::Service::open(options);
        if (!service) {
            ADD_FAILURE() << service.error().detail;
            return;
        }
        books_ = std::make_unique<pool::Books>(std::move(*service), nullptr, out());
        books_->start();
    }

    pool::Books& books() { return *books_; }
    void end() { books_.reset(); }  ///< and gives the lease back

    bool watches(const pool::BlockHash& hash)
    {
        const std::lock_guard lock{mutex_};
        return std::any_of(watched_.begin(), watched_.end(),
                           [&](const payouts::WatchedBlock& each) { return each.hash == hash; });
    }
    /// How often the list was handed out.
    int lists()
    {
        const std::lock_guard lock{mutex_};
        return lists_;
    }

private:
    pool::Books::Out out()
    {
        return {
            .marks = [](const auto&) {},
            .watched =
                [this](std::vector<payouts::WatchedBlock> watched) {
                    const std::lock_guard lock{mutex_};
                    watched_ = std::move(watched);
                    ++lists_;
                },
            .chain_head = [](const auto&) {},
            .booked = [](const auto&) {},
            .answer_booked = [](const auto&) {},
            .directory = [](const auto&) {},
            .taken_over = [](const auto&) {},
            .status = [](const auto&) {},
        };
    }

    std::mutex mutex_;
    std::vector<payouts::WatchedBlock> watched_;
    int lists_ = 0;
    std::unique_ptr<pool::Books> books_;  // last: its thread calls the rest
};

std::string holder(const BooksFixture& books)
{
    return books.scalar("select holder from lease where name = 'accountant' and until_ms > 0");
}

TEST(WatchedBlocks, OfEveryServerAreAskedForByTheOneThatBooks)
{
    const BooksFixture fixture;
    Server books{fixture, "a-0"};
    ASSERT_TRUE(eventually(seconds{10}, [&] { return holder(fixture) == "a-0"; }));
    Server finds{fixture, "b-0"};
    finds.books().record_found(block(1));
    EXPECT_TRUE(eventually(seconds{10}, [&] { return finds.watches(block(1).hash); }));
    EXPECT_TRUE(eventually(seconds{10}, [&] { return books.watches(block(1).hash); }))
        << "nobody else may book what the nodes say of it";
    ASSERT_EQ(holder(fixture), "a-0");
}

// Rounds of two blocks come faster than the ledger thread takes them.
TEST(WatchedBlocks, AreAllHeardOfThoughTheirNewsComeOneUponTheOther)
{
    const BooksFixture fixture;
    Server books{fixture, "a-0"};
    ASSERT_TRUE(eventually(seconds{10}, [&] { return holder(fixture) == "a-0"; }));
    constexpr std::uint8_t blocks = 20;
    for (std::uint8_t number = 1; number <= blocks; ++number) {
        books.books().record_found(block(number));
    }
    const auto count = [&](const std::string& which) {
        return fixture.number("select count(*) from block_found where " + which);
    };
    ASSERT_TRUE(eventually(seconds{10}, [&] { return count("1") == blocks; }));
    for (std::uint8_t number = 1; number <= blocks; ++number) {
        books.books().sight({{block(number).hash, {pool::Sighting::Place::in_chain, 1, 0}}});
    }
    EXPECT_TRUE(eventually(seconds{10}, [&] { return count("place = 'in_chain'") == blocks; }))
        << count("place = 'in_chain'");
}

TEST(WatchedBlocks, AreAskedForAtOnceByAServerThatTakesTheBooksOver)
{
    const BooksFixture fixture;
    Server first{fixture, "a-0"};
    ASSERT_TRUE(eventually(seconds{10}, [&] { return holder(fixture) == "a-0"; }));
    Server next{fixture, "b-0"};
    ASSERT_TRUE(eventually(seconds{10}, [&] { return next.lists() > 0; }));
    first.books().record_found(block(1));
    ASSERT_TRUE(eventually(seconds{10}, [&] { return next.watches(block(1).hash); }));
    const int before = next.lists();
    first.end();
    EXPECT_TRUE(eventually(seconds{15}, [&] { return next.lists() > before; }))
        << "a list that is known already: what its nodes said of it was thrown away until now";
    EXPECT_EQ(holder(fixture), "b-0");
}

}  // namespace
}  // namespace tests
