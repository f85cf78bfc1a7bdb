// What a real redis-server says no to, or not yet.
#include <memory>

#include <gtest/gtest.h>

#include "pool/share/redis_share_log.h"
#include "tests/integration/redis_producing.h"

namespace pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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
        EXPECT_NE(p.log->trouble(), "") << begin;
        EXPECT_EQ(p.log->unshipped_since(), UnixMillis{1000}) << begin;
        ASSERT_FALSE(say(end).is_error()) << end;
        ASSERT_TRUE(p.shipped()) << end;
        EXPECT_EQ(p.log->trouble(), "") << end;
        EXPECT_EQ(p.log->unshipped_since(), std::nullopt) << end;
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
    EXPECT_TRUE(p.log->trouble().starts_with("MISCONF")) << p.log->trouble();
    p.server.unblock_dump();
    ASSERT_TRUE(p.until([&] {
        p.server.ask({"BGSAVE"});
        return p.log->backlog() == 0;
    }));
    EXPECT_EQ(p.log->trouble(), "");
    EXPECT_EQ(p.stream(), Producing::numbers(1, 20));
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

}  // namespace
}  // namespace pool
