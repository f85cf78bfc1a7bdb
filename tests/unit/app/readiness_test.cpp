#include "pool/app/readiness.h"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/app/node_trouble.h"

namespace pool {
namespace {

using std::chrono::milliseconds;

const Now now{SteadyTime{std::chrono::hours{1}}, UnixMillis{1'000'000'000}};

/// A pool that is well.
struct Pool {
    Pool()
    {
        live.work.node_ok = true;
        live.work.template_age_ms = 5;
        books.mysql_ok = true;
        books.good_at = now.steady;
    }
    LiveState live;
    BooksStatus books;

    /// What is wrong: "name: state | trouble | detail".
    std::vector<std::string> troubles() const
    {
        std::vector<std::string> out;
        const rpc::Readiness readiness = readiness_of(live, books, now);
        for (const rpc::Dependency& each : readiness.dependencies) {
            EXPECT_EQ(each.ok, each.trouble == "ok");
            EXPECT_EQ(each.ok, each.state == "ok");
            if (each.ok) continue;
            out.push_back(each.name + ": " + each.state + " | " + each.trouble + " | " +
                          each.detail);
        }
        EXPECT_EQ(readiness.ready, out.empty());
        EXPECT_EQ(readiness.dependencies.size(), 6U);
        return out;
    }
};
using Troubles = std::vector<std::string>;

TEST(Readiness, IsThereWhenEveryPartIsWell) { EXPECT_EQ(Pool{}.troubles(), Troubles{}); }

TEST(Readiness, TellsOfANodeWhatItLastSaidOrThatItSaysNothing)
{
    Pool pool;
    pool.live.work.node_ok = false;
    EXPECT_EQ(pool.troubles(), Troubles{"node: no answer yet | node_unheard | "});
    pool.live.work.node_trouble = NodeTrouble::none();
    EXPECT_EQ(pool.troubles(), Troubles{"node: no answer for two minutes | node_silent | "});
    pool.live.work.node_trouble =
        NodeTrouble::unanswered("north", {Error::Code::invalid, "getblockheader: no hash"});
    EXPECT_EQ(pool.troubles(),
              Troubles{"node: getblockheader: no hash | node_trouble | getblockheader: no hash"})
        << "no code says that";
}

// In any language: of the sentence, which is English, no more than the node's name is left.
TEST(Readiness, TellsByCodesWhyANodeIsNoUseAndWhichOneItIs)
{
    Pool pool;
    pool.live.work.node_ok = false;
    const auto told = [&pool](NodeTrouble trouble) {
        pool.live.work.node_trouble = std::move(trouble);
        return pool.troubles();
    };
    EXPECT_EQ(
        told(NodeTrouble::unanswered("north", {Error::Code::unavailable, "refused to connect"})),
        Troubles{"node: refused to connect | node_away | north"});
    EXPECT_EQ(told(NodeTrouble::unanswered("north", {Error::Code::refused, "bad password"})),
              Troubles{"node: bad password | node_refuses | north"});
    EXPECT_EQ(told(NodeTrouble::of("south", "node_no_template", {Error::Code::refused, "no"})),
              Troubles{"node: no | node_no_template | south"});
}

TEST(Readiness, WantsATemplateYoungerThanNinetySeconds)
{
    const Troubles old{
        "template: the newest block template is old; is the node running? | template_old | "};
    Pool pool;
    pool.live.work.template_age_ms = 89'999;
    EXPECT_EQ(pool.troubles(), Troubles{});
    pool.live.work.template_age_ms = 90'000;
    EXPECT_EQ(pool.troubles(), old);
    pool.live.work.template_age_ms = -1;
    EXPECT_EQ(pool.troubles(), old) << "there has been none";
}

TEST(Readiness, BlamesTheJournalAndEachStoreForItself)
{
    Pool pool;
    pool.live.journal_ok = false;
    pool.live.redis_ok = false;
    pool.books.streams_trouble = "not told while Redis is silent";
    pool.books.mysql_ok = false;
    pool.books.mysql_trouble = "Access denied";
    EXPECT_EQ(
        pool.troubles(),
        (Troubles{"journal: shares can't be written to the journal and are refused; is its "
                  "disk full? | journal_refuses | ",
                  "redis: Redis does not answer; shares wait in the journal | redis_silent | ",
                  "mysql: Access denied | mysql_trouble | Access denied"}));
    pool = {};
    pool.books.streams_trouble = "a stream is gone";
    EXPECT_EQ(pool.troubles(),
              Troubles{"redis: a stream is gone | redis_streams | a stream is gone"});
}

TEST(Readiness, SaysWhatARedisSaysThatAnswersAndTakesNothing)
{
    Pool pool;
    pool.live.redis_ok = false;
    pool.live.redis_trouble = "OOM command not allowed";
    EXPECT_EQ(pool.troubles(),
              Troubles{"redis: OOM command not allowed | redis_refuses | OOM command not allowed"});
}

TEST(Readiness, CountsSharesInTheJournalAmongThoseThatMySqlLacks)
{
    Pool pool;
    EXPECT_EQ(books_lag_ms(pool.live, pool.books, now), 0U);
    pool.live.unshipped_since = UnixMillis{now.wall.value - 59'999};
    EXPECT_EQ(books_lag_ms(pool.live, pool.books, now), 59'999U);
    EXPECT_EQ(pool.troubles(), Troubles{});
    pool.live.unshipped_since = UnixMillis{now.wall.value - 60'000};
    EXPECT_EQ(
        pool.troubles(),
        Troubles{"books: the books are more than a minute behind the shares | books_behind | "});
    pool.live.unshipped_since = UnixMillis{now.wall.value + 5};
    EXPECT_EQ(books_lag_ms(pool.live, pool.books, now), 0U) << "its clock is ahead";
    pool.live.unshipped_since = UnixMillis{now.wall.value - 7};
    pool.books.lag_ms = 9;
    EXPECT_EQ(books_lag_ms(pool.live, pool.books, now), 9U) << "the older of the two";
}

TEST(Readiness, WantsBooksThatAreLessThanAMinuteBehind)
{
    Pool pool;
    pool.books.good_at = now.steady - milliseconds{59'999};
    EXPECT_EQ(pool.troubles(), Troubles{});
    pool.books.good_at = now.steady - milliseconds{60'000};
    EXPECT_EQ(
        pool.troubles(),
        Troubles{"books: the books are more than a minute behind the shares | books_behind | "});
}

}  // namespace
}  // namespace pool
