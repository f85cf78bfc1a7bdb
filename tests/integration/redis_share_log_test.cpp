#include "pool/share/redis_share_log.h"

#include <memory>

#include <gtest/gtest.h>

#include "tests/integration/redis_producing.h"

namespace pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RedisShareLog, ShipsRecordsInOrderAndOnlyWhatIsSynced)
{
    Producing p;
    p.append(3);
    EXPECT_EQ(p.journal.synced_seq(), 0U);
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.journal.synced_seq(), 3U);
    p.append(1000);
    ASSERT_TRUE(p.shipped());
    p.life();
    p.append(1);
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(1, 1004));
    EXPECT_EQ(p.unnamed, 0);
}

TEST(RedisShareLog, HasOneAddInFlightOfBoundedSize)
{
    Producing p;
    p.append(2000);
    ASSERT_TRUE(p.shipped());
    const RedisReply info = p.server.ask({"XLEN", "zubr:sh:p"});
    EXPECT_EQ(info.integer, 2000 / static_cast<std::int64_t>(RedisShareLog::records_max));
    // Had two been under way at once, the second would have come between: ids tell.
    EXPECT_EQ(p.stream(), Producing::numbers(1, 2000));
}

// MySQL is away: what it has not taken fills Redis up to here, and then the journal.
TEST(RedisShareLog, GivesRedisNoMoreThanSoManyRecordsThatMySqlLacks)
{
    Producing p;
    p.unbooked_max = 600;
    p.life();
    const auto shipped_when_all_is_synced = [&p](std::uint64_t last) {
        EXPECT_TRUE(p.until([&] { return p.journal.synced_seq() == last; }));
        EXPECT_TRUE(p.until([&] { return p.log->shipped() >= 600; }));
        p.append(1);  // while that is synced, whatever may go has gone
        EXPECT_TRUE(p.until([&] { return p.journal.synced_seq() == last + 1; }));
        return p.log->shipped();
    };
    p.append(2000);
    EXPECT_EQ(shipped_when_all_is_synced(2000), 600U);
    EXPECT_EQ(p.log->backlog(), 1401U);
    p.log->set_mark(250);
    EXPECT_TRUE(p.until([&] { return p.log->shipped() == 850; }));
    p.server.kill();
    ASSERT_TRUE(p.until([&] { return !p.log->connected(); }));
    p.server.start({});
    ASSERT_TRUE(p.until([&] { return p.log->connected(); }));
    EXPECT_EQ(shipped_when_all_is_synced(2001), 850U) << "after an outage of Redis, too";
    p.log->set_mark(850);
    EXPECT_TRUE(p.until([&] { return p.log->shipped() == 1450; }));
    p.log->set_mark(1450);
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(1, 2002));
    // The books go back: what they lack is sent again, no more of it at once.
    p.log->set_mark(100);
    p.log->resend(100);
    EXPECT_TRUE(p.until([&] { return p.stream() == Producing::numbers(101, 700); }));
    p.log->set_mark(2000);
    ASSERT_TRUE(p.shipped());
}

TEST(RedisShareLog, GoesOnAfterRedisWasKilledAndComesBack)
{
    Producing p;
    p.append(10);
    ASSERT_TRUE(p.shipped());
    p.server.kill();
    ASSERT_TRUE(p.until([&] { return !p.log->connected(); }));
    p.append(300);
    ASSERT_TRUE(p.until([&] { return p.journal.synced_seq() == 310; }));
    EXPECT_EQ(p.log->backlog(), 300U);
    p.server.start({});
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(1, 310));
}

TEST(RedisShareLog, SendsEverythingAgainThatMySqlDoesNotHaveWhenRedisWasEmptied)
{
    Producing p;
    p.append(20);
    ASSERT_TRUE(p.shipped());
    p.log->set_mark(5);
    p.server.ask({"FLUSHALL"});
    p.append(1);  // lands behind a hole: what the books call a gap
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(21, 21));
    p.log->resend(5);
    EXPECT_EQ(p.log->lacks_from(), 0U) << "the journal has it all: nobody need give anything up";
    ASSERT_TRUE(p.until([&] { return p.stream() == Producing::numbers(6, 21); }));
    p.append(3);
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(6, 24));
}

// MySQL failed over to a replica that lacks what the old one had booked, and Redis was trimmed to
// it.
TEST(RedisShareLog, SendsAgainWhatTheBooksHadAndLackSinceTheyWentBack)
{
    Producing p;
    p.append(10);
    ASSERT_TRUE(p.shipped());
    p.append(10);
    ASSERT_TRUE(p.shipped());
    p.log->set_mark(15);
    p.server.ask({"XTRIM", "zubr:sh:p", "MINID", "16-0"});
    p.log->set_mark(7);
    p.log->resend(7);
    ASSERT_TRUE(p.until([&] { return p.stream() == Producing::numbers(8, 20); }));
    EXPECT_EQ(p.log->lacks_from(), 0U);
    p.append(1);
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(8, 21));
}

// Killed between the two: the journal is whole, and the next life is told MySQL's mark.
TEST(RedisShareLog, FillsInItsNextLifeAStreamThatItDiedEmptying)
{
    Producing p;
    p.append(20);
    ASSERT_TRUE(p.shipped());
    p.log->set_mark(5);
    p.log.reset();
    p.server.ask({"DEL", "zubr:sh:p"});
    p.log = std::make_unique<RedisShareLog>(p.loop, p.server.options(), "p", p.journal);
    p.log->set_mark(5);
    p.log->start();
    ASSERT_TRUE(p.until([&] { return p.stream() == Producing::numbers(6, 20); }));
    p.append(1);
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(6, 21));
}

TEST(RedisShareLog, MakesAStreamAnewThatIsLongerThanOneLookAtTheJournal)
{
    constexpr std::uint64_t records = 10'000;
    Producing p;
    p.append(records);
    ASSERT_TRUE(p.shipped());
    p.log->set_mark(100);
    p.server.ask({"XTRIM", "zubr:sh:p", "MINID", "5000-0"});
    p.log->resend(100);
    p.log->set_mark(50);  // the books go back amid it
    EXPECT_TRUE(p.until([&] { return p.stream() == Producing::numbers(51, records); }));
}

TEST(RedisShareLog, KnowsInItsNextLifeWhatRedisHasAlready)
{
    Producing p;
    p.append(10);
    ASSERT_TRUE(p.shipped());
    p.log.reset();
    p.append(10);
    p.life();
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(1, 20));
}

TEST(RedisShareLog, AddsNothingTwiceWhenAnAnswerWasLost)
{
    Producing p;
    p.append(10);
    ASSERT_TRUE(p.shipped());
    // Another hand has put the next batch there, as a connection that broke after the XADD would.
    std::string blob;
    for (std::uint64_t seq = 11; seq <= 15; ++seq) {
        const RecordBytes bytes = encode(MarkRecord{seq, {1000}});
        blob.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    const std::string sum = std::to_string(crc32c(as_bytes(blob)));
    const std::string all = std::to_string(sum_of_entry("11", "", sum));
    p.server.ask({"XADD", "zubr:sh:p", "15-0", "f", "11", "d", blob, "c", sum, "s", all});
    p.append(5);
    ASSERT_TRUE(p.shipped());
    p.append(5);
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(1, 20));
}

// Whether Redis has them or not: a minute waits for them until MySQL does.
TEST(RedisShareLog, KnowsHowOldTheOldestRecordIsThatMySqlDoesNotHave)
{
    Producing p;
    EXPECT_EQ(p.log->unbooked_since(), UnixMillis{});
    const auto append_at = [&p](std::uint64_t ms) {
        const std::vector one{encode(MarkRecord{p.journal.last_seq() + 1, {ms}})};
        ASSERT_TRUE(p.journal.append(one));
    };
    append_at(7000);
    append_at(8000);
    EXPECT_EQ(p.log->unbooked_since(), UnixMillis{7000});
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.log->unbooked_since(), UnixMillis{7000}) << "shipped is not booked";
    p.log->set_mark(1);
    EXPECT_EQ(p.log->unbooked_since(), UnixMillis{8000});
    p.log->set_mark(2);
    EXPECT_EQ(p.log->unbooked_since(), UnixMillis{});
    append_at(9000);
    EXPECT_EQ(p.log->unbooked_since(), UnixMillis{9000});
    p.life();
    p.log->set_mark(2);
    EXPECT_EQ(p.log->unbooked_since(), UnixMillis{9000}) << "in its next life";
    p.log->set_mark(1);
    EXPECT_EQ(p.log->unbooked_since(), UnixMillis{8000}) << "the books went back";
}

TEST(RedisShareLog, ShipsNothingOverAStreamThatItsJournalNeverWrote)
{
    Producing p;
    p.server.ask({"XADD", "zubr:sh:p", "100-0", "f", "100", "d", "x"});
    p.log.reset();
    p.life();
    p.append(5);
    ASSERT_TRUE(p.until([&] { return p.journal.synced_seq() == 5; }));
    EXPECT_EQ(p.log->backlog(), 5U);
    EXPECT_EQ(p.server.ask({"XLEN", "zubr:sh:p"}).integer, 1);
}

TEST(RedisShareLog, NeverTakesRecordsOfAnotherServerForItsOwn)
{
    // One share each, and both servers number it alike.
    Producing p;
    p.append(10);
    ASSERT_TRUE(p.shipped());
    const RecordBytes others = encode(MarkRecord{11, {2000}});
    p.server.ask({"XADD", "zubr:sh:p", "11-0", "f", "11", "d",
                  std::string_view{reinterpret_cast<const char*>(others.data()), others.size()}});
    p.append(1);
    ASSERT_TRUE(p.until([&] { return !p.log->connected(); }));
    EXPECT_EQ(p.log->backlog(), 1U);
    // The books have the other's record; ours is kept all the same.
    p.log->set_mark(11);
    p.append(20);
    ASSERT_TRUE(p.until([&] { return p.journal.synced_seq() == 31; }));
    EXPECT_EQ(p.server.ask({"XLEN", "zubr:sh:p"}).integer, 2);
    EXPECT_NE(p.log->trouble().find("the same pool.server_id"), std::string::npos);
    EXPECT_EQ(p.log->backlog(), 21U);
    EXPECT_TRUE(p.journal.holds_all_from(11));
}

TEST(RedisShareLog, DropsNothingThatOnlyAnotherServerHasShipped)
{
    Producing p;
    p.append(10);
    ASSERT_TRUE(p.shipped());
    p.log->set_mark(15);  // MySQL's mark, moved by another's records
    EXPECT_FALSE(p.log->connected());
    p.append(10);
    ASSERT_TRUE(p.until([&] { return p.journal.synced_seq() == 20; }));
    EXPECT_EQ(p.log->backlog(), 10U);
}

TEST(RedisShareLog, DoesNotEmptyAStreamThatTheJournalCanNotRefill)
{
    Producing p;
    p.log.reset();
    p.server.ask({"XADD", "zubr:sh:p", "50-0", "f", "1", "d", "x"});
    p.journal.advance_to(50);  // the journal was lost: 1..50 are in Redis only
    p.life();
    p.append(10);
    ASSERT_TRUE(p.shipped());
    p.log->resend(40);
    EXPECT_EQ(p.log->lacks_from(), 41U);
    p.append(1);
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.server.ask({"XLEN", "zubr:sh:p"}).integer, 3);
}

}  // namespace
}  // namespace pool
