// What a failed memory of Redis does to a stream's entries: the journal has them, and sends again.
#include <string>

#include <gtest/gtest.h>

#include "payouts/stream_reader.h"
#include "pool/base/bytes.h"
#include "pool/base/crc32c.h"
#include "pool/share/redis_client.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

constexpr std::uint64_t slot = 1000;

/// Records first ..= last as an entry with a checksum, that says of itself to begin at `says`.
void ship_damaged(const BooksFixture& books, const StreamWriter& stream, std::uint64_t first,
                  std::uint64_t last, const std::string& says)
{
    std::string blob;
    for (std::uint64_t seq = first; seq <= last; ++seq) {
        const pool::RecordBytes bytes = pool::encode(stream.record(seq));
        blob.append(bytes.begin(), bytes.end());
    }
    const pool::RedisOptions options = books.options().redis;
    pool::RedisClient redis{options};
    const auto reply =
        redis.command({"XADD", pool::stream_key(options, "a-0"), std::to_string(last) + "-0", "f",
                       says, "d", blob, "c", std::to_string(pool::crc32c(pool::as_bytes(blob)))});
    ASSERT_TRUE(reply && !reply->is_error());
}

TEST(DamagedEntry, IsAskedForAgainAndWhatCameBeforeItIsBooked)
{
    BooksFixture books;
    auto service = books.open();
    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    for (std::uint64_t work = 1; work <= 8; ++work) stream.share(1, slot, work);
    ASSERT_TRUE(stream.ship(1, 5));
    ship_damaged(books, stream, 6, 10, "4");
    const auto report = settle(*service, slot);
    EXPECT_EQ(report.producers.at(0).mark, 5U);
    EXPECT_TRUE(report.producers.at(0).gap) << "so that its journal sends it again";
    EXPECT_EQ(report.producers.at(0).trouble, "");
    EXPECT_EQ(books.scalar("select sum(work) from slot_account"), "6");

    stream.lose_stream();
    stream.ship_rest();
    EXPECT_FALSE(settle(*service, slot).producers.at(0).gap);
    EXPECT_EQ(books.scalar("select sum(work) from slot_account"), "36");
}

// When nobody can send it again it is given up, up to the next life of its server.
TEST(DamagedEntry, HidesNoLaterStartFromWhoGivesItUp)
{
    BooksFixture books;
    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    for (int i = 0; i < 4; ++i) stream.share(1, slot, 1);
    stream.start(slot);
    ASSERT_TRUE(stream.ship(1, 3));
    ship_damaged(books, stream, 4, 6, "x");
    ASSERT_TRUE(stream.ship(7, 7));
    payouts::StreamReader streams{books.options().redis};
    const auto start = streams.first_start("a-0", 3);
    ASSERT_TRUE(start.has_value()) << start.error().detail;
    EXPECT_EQ(*start, 7U);
}

}  // namespace
}  // namespace tests
