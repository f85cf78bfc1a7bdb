// The share log's way into a real redis-server, which each test may stop, starve or empty.
#include "pool/share/redis_share_log.h"

#include <csignal>
#include <deque>
#include <filesystem>
#include <memory>

#include <gtest/gtest.h>

#include "pool/share/redis_client.h"
#include "tests/support/process.h"

namespace pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RedisServer {
public:
    RedisServer() { start({}); }

    void start(const std::vector<std::string>& more)
    {
        std::vector<std::string> words{tests::required("ZUBR_TEST_REDIS_SERVER"),
                                       "--port",
                                       "0",
                                       "--unixsocket",
                                       options().socket,
                                       "--dir",
                                       directory_.path(),
                                       "--save",
                                       "",
                                       "--appendonly",
                                       "yes",
                                       "--appendfsync",
                                       "always",
                                       "--maxmemory-policy",
                                       "noeviction"};
        words.insert(words.end(), more.begin(), more.end());
        process_ = std::make_unique<tests::Process>(words, directory_.path() / "log");
        EXPECT_TRUE(tests::eventually(
            seconds{20}, [this] { return RedisClient{options()}.command({"PING"}).has_value(); }));
    }
    void kill()
    {
        process_->signal(SIGKILL);
        process_->wait(seconds{10});
    }
    RedisReply ask(std::initializer_list<std::string_view> words)
    {
        auto reply = RedisClient{options()}.command(words);
        EXPECT_TRUE(reply) << (reply ? "" : reply.error().detail);
        return reply ? *reply : RedisReply{};
    }
    /// Nothing can take the place of a directory.
    void block_dump() { std::filesystem::create_directory(directory_.path() / "dump.rdb"); }
    void unblock_dump() { std::filesystem::remove(directory_.path() / "dump.rdb"); }
    /// From now on it wants this password, of new connections.
    void want(const std::string& password)
    {
        ask({"CONFIG", "SET", "requirepass", password});
        password_ = password;
    }
    RedisOptions options() const
    {
        return {.socket = (directory_.path() / "s").string(), .password = password_};
    }

private:
    std::string password_;
    tests::TempDir directory_;
    std::unique_ptr<tests::Process> process_;
};

// A journal and its shipper on a loop that turns only inside until().
struct Producing {
    RedisServer server;
    tests::TempDir directory;
    Loop loop;
    Journal journal = *Journal::open(directory.path(), {});
    std::unique_ptr<RedisShareLog> log;
    std::uint64_t unbooked_max = RedisShareLog::unbooked_max_default;
    int unnamed = 0;  // entries of stream() that do not say which record they go on from

    Producing() { life(); }
    void life()
    {
        log.reset();
        log = std::make_unique<RedisShareLog>(loop, server.options(), "p", journal, unbooked_max);
        log->start();
    }

    void append(std::uint64_t count)
    {
        std::vector<RecordBytes> records;
        for (std::uint64_t i = 0; i < count; ++i) {
            records.push_back(encode(MarkRecord{journal.last_seq() + 1 + i, {1000}}));
        }
        ASSERT_TRUE(journal.append(records));
    }

    [[nodiscard]] bool until(const std::function<bool()>& holds)
    {
        bool held = false;
        const Watch asking = loop.every(milliseconds{2}, [&] {
            held = holds();
            if (held) loop.stop();
        });
        const Watch deadline = loop.after(seconds{30}, [&] { loop.stop(); });
        loop.run();
        return held;
    }
    [[nodiscard]] bool shipped()
    {
        return until([this] { return log->backlog() == 0; });
    }

    void names_predecessor(const RedisReply& fields)
    {
        const std::uint64_t first = std::stoull(fields.field("f")->text);
        const RedisReply* print = fields.field("p");
        if (print == nullptr) {
            if (first > 1) ++unnamed;
            return;
        }
        std::vector<RecordBytes> before;
        ASSERT_TRUE(journal.read(first - 1, 1, before) && before.size() == 1);
        EXPECT_EQ(print->text, std::to_string(print_of(before.front())));
    }

    // Sequence numbers in the stream, in its order; fails the test on an entry whose id, first
    // number and records do not agree.
    std::vector<std::uint64_t> stream()
    {
        std::vector<std::uint64_t> out;
        const RedisReply all = server.ask({"XRANGE", "zubr:sh:p", "-", "+"});
        for (const RedisReply& item : all.elements) {
            const RedisReply& fields = item.elements.at(1);
            const std::string blob = fields.field("d")->text;
            names_predecessor(fields);
            EXPECT_EQ(blob.size() % record_bytes, 0U);
            const std::size_t before = out.size();
            for (std::size_t at = 0; at + record_bytes <= blob.size(); at += record_bytes) {
                RecordBytes bytes{};
                std::copy_n(blob.begin() + static_cast<std::ptrdiff_t>(at), record_bytes,
                            reinterpret_cast<char*>(bytes.data()));
                out.push_back(seq_of(*decode(bytes)));
            }
            EXPECT_EQ(fields.field("f")->text, std::to_string(out.at(before)));
            EXPECT_EQ(item.elements.at(0).text, std::to_string(out.back()) + "-0");
        }
        return out;
    }
    static std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t last)
    {
        std::vector<std::uint64_t> out;
        for (std::uint64_t seq = first; seq <= last; ++seq) out.push_back(seq);
        return out;
    }
};

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
    p.server.ask({"XADD", "zubr:sh:p", "15-0", "f", "11", "d", blob});
    p.append(5);
    ASSERT_TRUE(p.shipped());
    p.append(5);
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(1, 20));
}

TEST(RedisShareLog, WaitsWhileRedisIsOutOfMemoryReadOnlyOrWithoutItsReplicas)
{
    Producing p;
    const std::array<std::array<std::string, 2>, 3> troubles{
        {{"CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"},
         {"REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"},
         {"CONFIG SET min-replicas-to-write 1", "CONFIG SET min-replicas-to-write 0"}}};
    std::uint64_t last = 0;
    for (const auto& [begin, end] : troubles) {
        const auto say = [&p](const std::string& text) {
            std::vector<std::string> words;
            for (std::size_t at = 0; at < text.size();) {
                const std::size_t space = std::min(text.find(' ', at), text.size());
                words.push_back(text.substr(at, space - at));
                at = space + 1;
            }
            return words.size() == 3 ? p.server.ask({words[0], words[1], words[2]})
                                     : p.server.ask({words[0], words[1], words[2], words[3]});
        };
        ASSERT_FALSE(say(begin).is_error()) << begin;
        p.append(10);
        ASSERT_TRUE(p.until([&] { return p.journal.synced_seq() == last + 10; }));
        // It has been refused when it asks again: two answers and no progress.
        const auto began = std::chrono::steady_clock::now();
        ASSERT_TRUE(
            p.until([&] { return std::chrono::steady_clock::now() - began > milliseconds{300}; }));
        EXPECT_EQ(p.log->backlog(), 10U) << begin;
        EXPECT_TRUE(p.log->connected()) << begin;
        ASSERT_FALSE(say(end).is_error()) << end;
        ASSERT_TRUE(p.shipped()) << end;
        last += 10;
    }
    EXPECT_EQ(p.stream(), Producing::numbers(1, 30));
}

// Its dump cannot be written (a full disk, or one that is gone): it takes no more writes.
TEST(RedisShareLog, WaitsWhileRedisCannotSaveItsData)
{
    Producing p;
    p.append(10);
    ASSERT_TRUE(p.shipped());
    p.server.ask({"CONFIG", "SET", "stop-writes-on-bgsave-error", "yes"});
    p.server.ask({"CONFIG", "SET", "save", "3600 1000000"});  // only then does it mind
    p.server.block_dump();
    ASSERT_TRUE(p.until([&] {
        p.server.ask({"BGSAVE"});
        return p.server.ask({"SET", "x", "y"}).text.starts_with("MISCONF");
    }));
    p.append(10);
    ASSERT_TRUE(p.until([&] { return p.journal.synced_seq() == 20; }));
    const auto began = std::chrono::steady_clock::now();
    ASSERT_TRUE(
        p.until([&] { return std::chrono::steady_clock::now() - began > milliseconds{300}; }));
    EXPECT_EQ(p.log->backlog(), 10U);
    EXPECT_TRUE(p.log->connected());
    p.server.unblock_dump();
    ASSERT_TRUE(p.until([&] {
        p.server.ask({"BGSAVE"});
        return p.log->backlog() == 0;
    }));
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

TEST(RedisShareLog, WaitsWhileRedisLoadsItsData)
{
    Producing p;
    p.append(10);
    ASSERT_TRUE(p.shipped());
    for (int i = 0; i < 200; ++i) {
        p.server.ask({"EVAL", "for i=1,50 do redis.call('set', KEYS[1]..i, 'x') end", "1",
                      std::to_string(i)});
    }
    p.server.kill();
    // 10,000 keys at 0.3 ms each; it answers -LOADING after every 1024 of them.
    p.server.start({"--key-load-delay", "300"});
    EXPECT_TRUE(p.server.ask({"PING"}).text.starts_with("LOADING"));
    // A zubrd that starts meanwhile waits, too.
    RedisClient client{p.server.options()};
    const auto early = wait_until_loaded(client, milliseconds{0});
    ASSERT_FALSE(early.has_value());
    EXPECT_NE(early.error().detail.find("loading its data"), std::string::npos);
    p.append(10);
    EXPECT_TRUE(wait_until_loaded(client, seconds{30}).has_value());
    EXPECT_FALSE(p.server.ask({"PING"}).is_error());
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(1, 20));
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

TEST(RedisShareLog, LogsInToARedisThatWantsAPassword)
{
    Producing p;
    p.log.reset();
    p.server.want("a \"word\" with blanks");
    p.life();
    p.append(3);
    ASSERT_TRUE(p.shipped());
    EXPECT_EQ(p.stream(), Producing::numbers(1, 3));

    RedisOptions options = p.server.options();
    options.user = "default";
    EXPECT_TRUE(RedisClient{options}.command({"PING"}).has_value());
    options.password = "another";
    const auto refused = RedisClient{options}.command({"PING"});
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().detail.find("refuses redis.user and redis.password"),
              std::string::npos);
    EXPECT_EQ(refused.error().detail.find("another"), std::string::npos);
    options.password.clear();
    RedisClient nobody{options};
    const auto wanted = wait_until_loaded(nobody, seconds{1});
    ASSERT_FALSE(wanted.has_value());
    EXPECT_NE(wanted.error().detail.find("set redis.password"), std::string::npos);
}

TEST(RedisShareLog, StaysOutsideWhileItsPasswordIsRefused)
{
    Producing p;
    p.log.reset();
    p.server.want("word");
    RedisOptions options = p.server.options();
    options.password = "another";
    p.log = std::make_unique<RedisShareLog>(p.loop, options, "p", p.journal);
    p.log->start();
    p.append(3);
    ASSERT_TRUE(p.until([&] { return p.journal.synced_seq() == 3; }));
    EXPECT_FALSE(p.log->connected());
    EXPECT_EQ(p.log->backlog(), 3U) << "nothing is taken for shipped";
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
