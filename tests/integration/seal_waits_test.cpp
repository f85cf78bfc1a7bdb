// A second server whose way to Redis is cut: its shares wait in a real journal, and their minute
// waits for them as long as it lives.
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/address.h"
#include "pool/runtime/loop.h"
#include "pool/share/journal.h"
#include "pool/share/redis_share_log.h"
#include "tests/support/books_fixture.h"
#include "tests/support/process.h"

namespace tests {
namespace {

constexpr std::uint64_t slot = 1000;
constexpr std::uint64_t shares_cut_off = 5;

/// A server as the program puts it together: journal, way to Redis, books.
class CutOffServer {
public:
    explicit CutOffServer(const BooksFixture& books) : books_(books)
    {
        auto options = books.options();
        options.own_producers = {"b-0"};
        auto opened = payouts::Service::open(options);
        EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().detail);
        service_ = std::move(*opened);
        service_->set_unbooked(
            [this] { return payouts::UnbookedSince{{"b-0", log_->unbooked_since()}}; });
        real_socket_ = options.redis.socket;
        options.redis.socket = (directory_.path() / "redis.sock").string();
        log_ = std::make_unique<pool::RedisShareLog>(loop_, options.redis, "b-0", journal_);
        log_->start();
    }

    void mine()
    {
        pool::AccountRecord account;
        account.member = pool::MemberHandle{1};
        account.script =
            pool::parse_address(test_address("regtest", 2), pool::Chain::regtest)->script;
        std::vector<pool::Record> records{pool::StartRecord{}, account};
        for (std::uint64_t i = 0; i < shares_cut_off; ++i) {
            pool::ShareRecord share;
            share.member = pool::MemberHandle{1};
            share.slot = slot;
            share.work = 1;
            share.bits = {0x207fffff};
            records.emplace_back(share);
        }
        std::vector<pool::RecordBytes> bytes;
        for (pool::Record& record : records) {
            std::visit(
                [&bytes](auto& each) {
                    each.seq = bytes.size() + 1;
                    each.at = pool::UnixMillis{slot * pool::slot_ms};
                },
                record);
            bytes.push_back(pool::encode(record));
        }
        ASSERT_TRUE(journal_.append(bytes).has_value());
    }

    /// What its ledger thread does: tells MySQL of its journal, and the journal of its mark.
    void step(std::uint64_t at)
    {
        for (int round = 0; round < 2; ++round) {
            const auto report = settle(*service_, at);
            for (const auto& each : report.producers) {
                if (each.name == "b-0") log_->set_mark(each.mark);
            }
        }
    }

    void reach_redis()
    {
        std::filesystem::create_symlink(real_socket_, directory_.path() / "redis.sock");
        const pool::Watch asking = loop_.every(std::chrono::milliseconds{2}, [this] {
            if (log_->backlog() == 0) loop_.stop();
        });
        const pool::Watch deadline =
            loop_.after(std::chrono::seconds{30}, [this] { loop_.stop(); });
        loop_.run();
        ASSERT_EQ(log_->backlog(), 0U);
    }

    /// Killed, and MySQL has heard nothing of it for two minutes.
    void die()
    {
        service_.reset();
        books_.scalar("update producer set told_at_ms = told_at_ms - 121000 where name = 'b-0'");
    }

private:
    const BooksFixture& books_;
    TempDir directory_;
    TempDir journal_directory_;
    std::string real_socket_;
    pool::Loop loop_;
    pool::Journal journal_ = *pool::Journal::open(journal_directory_.path(), {});
    std::unique_ptr<pool::RedisShareLog> log_;
    std::unique_ptr<payouts::Service> service_;
};

/// The server that counts and seals; Redis takes its shares. It has the lease.
std::unique_ptr<payouts::Service> counting(BooksFixture& books)
{
    auto service = books.open();
    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    stream.share(1, slot, 1);
    stream.ship_rest();
    EXPECT_TRUE(settle(*service, slot).active);
    return service;
}

TEST(Sealing, WaitsForTheJournalOfAServerThatLivesAndCannotReachRedis)
{
    BooksFixture books;
    auto active = counting(books);
    CutOffServer other{books};
    other.mine();
    other.step(slot + 16);
    EXPECT_EQ(settle(*active, slot + 16).sealed_through, slot - 1);
    other.reach_redis();
    EXPECT_EQ(settle(*active, slot + 17).sealed_through, slot - 1) << "it has not said so";
    EXPECT_EQ(books.number("select sum(shares) from slot_account"), 1 + shares_cut_off);
    other.step(slot + 17);
    EXPECT_EQ(settle(*active, slot + 17).sealed_through, slot + 1);
    EXPECT_EQ(books.scalar("select concat(shares, ':', cum_shares) from slot"), "6:6");
    EXPECT_EQ(books.scalar("select sum(late) from slot_account"), "0");
}

TEST(Sealing, LeavesTheJournalOfADeadServerBehindAndCountsItsSharesLate)
{
    BooksFixture books;
    auto active = counting(books);
    CutOffServer other{books};
    other.mine();
    other.step(slot + 16);
    EXPECT_EQ(settle(*active, slot + 16).sealed_through, slot - 1);
    other.die();
    EXPECT_EQ(settle(*active, slot + 16).sealed_through, slot);
    EXPECT_EQ(books.scalar("select shares from slot"), "1");
    other.reach_redis();  // its disk was carried to another machine
    settle(*active, slot + 17);
    EXPECT_EQ(books.scalar("select concat(slot_id, ':', shares, ':', late) from slot_account "
                           "where late > 0"),
              "1001:5:5");
}

// Its records wait at the time that they had when its clock was set back an hour: whether one is
// old the books' mark tells, which stands still.
TEST(Sealing, WaitsForTheJournalOfAServerWhoseClockIsAnHourBack)
{
    BooksFixture books;
    auto service = books.open();
    auto options = books.options();
    options.own_producers = {"b-0"};
    auto opened = payouts::Service::open(options);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    auto& behind = **opened;
    behind.set_unbooked([] { return payouts::UnbookedSince{{"b-0", now_in(slot).wall}}; });
    auto stream = books.producer("b-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    stream.share(1, slot, 1);
    stream.ship_rest();
    settle(*service, slot);
    ASSERT_EQ(books.number("select mark from producer where name = 'b-0'"), stream.last());
    const auto told_at = [&](std::uint64_t at) {
        const pool::Now now{now_in(at).steady, now_in(at - 60).wall};
        for (int round = 0; round < 2; ++round) EXPECT_TRUE(behind.step(now).has_value());
        return books.number("select unbooked_ms from producer where name = 'b-0'");
    };
    // Much is mined, and booked within the minute: there is always one on its way.
    for (std::uint64_t at = slot; at < slot + 5; ++at) {
        EXPECT_EQ(told_at(at), 0U);
        stream.share(1, slot, 1);
        stream.ship_rest();
        settle(*service, slot);
    }
    // Now Redis takes no more of it.
    told_at(slot + 5);
    EXPECT_EQ(told_at(slot + 6), now_in(slot).wall.value);
    EXPECT_EQ(told_at(slot + 7), now_in(slot).wall.value);
    stream.share(1, slot, 1);
    stream.ship_rest();
    settle(*service, slot);
    told_at(slot + 8);  // it hears of the mark
    EXPECT_EQ(told_at(slot + 8), 0U);
}

}  // namespace
}  // namespace tests
