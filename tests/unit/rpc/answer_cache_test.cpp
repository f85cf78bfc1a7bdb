#include "rpc/answer_cache.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rpc {
namespace {

using std::chrono::milliseconds;

/// A cache with a clock of the test's, and whoever knows the answers.
class AnswerCacheTest : public ::testing::Test {
protected:
    void make(AnswerCache::Limits limits)
    {
        cache = std::make_unique<AnswerCache>(limits, [this] { return now; });
    }
    /// What is heard lands in `heard`; the question waits in `open` until the test answers it.
    void get(const std::string& key, std::uint64_t generation = 1,
             const std::string& host = "127.0.0.1")
    {
        cache->get(
            key, generation, host,
            [this](AnswerCache::Take take) { open.push_back(std::move(take)); },
            [this](const pool::Result<AnswerPtr>& answer) {
                heard.push_back(answer ? (*answer)->body : "error: " + answer.error().detail);
            });
    }
    void answer(std::size_t question, const std::string& body)
    {
        const AnswerCache::Take take = open.at(question);
        take(std::make_shared<const RenderedAnswer>(RenderedAnswer{body, "t", {}}));
    }

    pool::SteadyTime now{};
    std::unique_ptr<AnswerCache> cache;
    std::vector<AnswerCache::Take> open;
    std::vector<std::string> heard;
};

TEST_F(AnswerCacheTest, GivesAnAnswerOutOfMemoryUntilItsLifeIsOver)
{
    make({.life = milliseconds{1000}, .renewal = milliseconds{0}});
    get("pool");
    answer(0, "first");
    now += milliseconds{999};
    get("pool");
    EXPECT_EQ(heard, (std::vector<std::string>{"first", "first"}));
    EXPECT_EQ(open.size(), 1U) << "the second one asked nobody";

    now += milliseconds{1};
    get("pool");
    ASSERT_EQ(open.size(), 2U);
    answer(1, "second");
    EXPECT_EQ(heard.back(), "second");
    EXPECT_EQ(cache->counts().kept, 1U);
    EXPECT_EQ(cache->size(), 1U);
}

TEST_F(AnswerCacheTest, LetsNobodyWaitWhileWhatHasJustEndedIsAskedForAnew)
{
    make({.life = milliseconds{1000}, .renewal = milliseconds{500}});
    get("pool");
    answer(0, "first");
    now += milliseconds{1000};
    get("pool");
    get("pool");
    EXPECT_EQ(heard, std::vector<std::string>(3, "first"));
    ASSERT_EQ(open.size(), 2U) << "asked once for both";
    answer(1, "second");
    EXPECT_EQ(heard.size(), 3U) << "nobody is answered twice";
    get("pool");
    EXPECT_EQ(heard.back(), "second");
    EXPECT_EQ(cache->size(), 1U);

    now += milliseconds{1500};
    get("pool");
    EXPECT_EQ(heard.size(), 4U) << "too old to be shown";
    answer(2, "third");
    EXPECT_EQ(heard.back(), "third");
}

TEST_F(AnswerCacheTest, GoesOnWithTheOldOneForAMomentWhenANewOneCannotBeHad)
{
    make({.life = milliseconds{1000}, .renewal = milliseconds{500}});
    get("pool");
    answer(0, "first");
    now += milliseconds{1499};
    get("pool");
    const AnswerCache::Take failed = open.at(1);
    failed(pool::fail(pool::Error::Code::unavailable, "away"));
    get("pool");
    EXPECT_EQ(heard, std::vector<std::string>(3, "first"));
    EXPECT_EQ(open.size(), 3U) << "and asks again";
    now += milliseconds{1};
    get("pool");
    EXPECT_EQ(heard.size(), 3U);
}

TEST_F(AnswerCacheTest, AsksOnceForAllWhoWantTheSameMeanwhile)
{
    make({});
    for (int i = 0; i < 100; ++i) get("users/a");
    get("users/b");
    ASSERT_EQ(open.size(), 2U);
    EXPECT_TRUE(heard.empty());
    answer(0, "a");
    EXPECT_EQ(heard, std::vector<std::string>(100, "a"));
    EXPECT_EQ(cache->counts().joined, 99U);
    answer(1, "b");
    EXPECT_EQ(heard.back(), "b");
}

TEST_F(AnswerCacheTest, TellsAnErrorToAllWhoWaitAndDoesNotKeepIt)
{
    make({});
    get("pool");
    get("pool");
    const AnswerCache::Take take = open.at(0);
    take(pool::fail(pool::Error::Code::unavailable, "MySQL is away"));
    EXPECT_EQ(heard, std::vector<std::string>(2, "error: MySQL is away"));
    get("pool");
    EXPECT_EQ(open.size(), 2U);
}

TEST_F(AnswerCacheTest, HoldsSoManyBytesAndNoMore)
{
    constexpr std::size_t body = 300;
    make({.bytes_max = 3 * (AnswerCache::entry_bytes + 2 * body + 10)});
    for (std::size_t i = 0; i < 10; ++i) {
        get(std::to_string(i));
        answer(i, std::string(body, 'x'));
        EXPECT_LE(cache->size(), 3U);
        EXPECT_GT(cache->bytes(), cache->size() * (AnswerCache::entry_bytes + 2 * body));
    }
    EXPECT_EQ(cache->size(), 3U);
    get("9");
    EXPECT_EQ(open.size(), 10U) << "the youngest stay";
    get("0");
    EXPECT_EQ(open.size(), 11U) << "the oldest has gone";
    get("huge");
    answer(11, std::string(3 * AnswerCache::entry_bytes, 'x'));
    EXPECT_EQ(heard.back().size(), 3 * AnswerCache::entry_bytes)
        << "told, though too large to be kept";
    EXPECT_EQ(cache->size(), 3U);
}

// Ten thousand accounts that are looked at in turn, each by somebody else.
TEST_F(AnswerCacheTest, HoldsTheAnswersOfTenThousandAccounts)
{
    make({});
    const std::string account(62, 'a');
    for (std::size_t i = 0; i < 10'000; ++i) {
        get(account + std::to_string(i));
        answer(i, std::string(600, 'x'));
    }
    EXPECT_EQ(cache->size(), 10'000U);
    EXPECT_LE(cache->bytes(), AnswerCache::Limits{}.bytes_max);
}

// Whoever knows the answers is asked for so many a second, however many are looked at.
TEST_F(AnswerCacheTest, LetsAnswersLiveLongerWhenThereAreManyOfThem)
{
    make({.life = milliseconds{1000},
          .life_max = milliseconds{4000},
          .renewals_per_second = 10,
          .renewal = milliseconds{0}});
    const auto asked_after = [this](const std::string& key, milliseconds age) {
        now += age;
        const std::size_t before = open.size();
        get(key);
        return open.size() > before;
    };
    std::size_t made = 0;
    const auto fill = [&](std::size_t entries) {
        while (cache->size() < entries) {
            get(std::to_string(made++));
            answer(open.size() - 1, "x");
        }
        return std::to_string(made - 1);
    };
    EXPECT_TRUE(asked_after(fill(10), milliseconds{1000})) << "ten of them renew once a second";
    answer(open.size() - 1, "x");
    const std::string twentieth = fill(20);
    EXPECT_FALSE(asked_after(twentieth, milliseconds{1999}));
    EXPECT_TRUE(asked_after(twentieth, milliseconds{1}));
    answer(open.size() - 1, "x");
    const std::string hundredth = fill(100);
    EXPECT_FALSE(asked_after(hundredth, milliseconds{3999}));
    EXPECT_TRUE(asked_after(hundredth, milliseconds{1})) << "no longer than answers say";
}

TEST_F(AnswerCacheTest, ForgetsAllOfItWhenWhatItIsMadeFromHasChanged)
{
    make({});
    get("pool", 1);
    answer(0, "old");
    get("pool", 2);
    ASSERT_EQ(open.size(), 2U);
    EXPECT_EQ(cache->bytes(), 0U);
    answer(1, "new");
    EXPECT_EQ(heard.back(), "new");
}

TEST_F(AnswerCacheTest, LetsNobodyJoinAQuestionThatWasPutBeforeTheChange)
{
    make({});
    get("pool", 1);
    get("pool", 2);
    ASSERT_EQ(open.size(), 2U);
    answer(1, "new");
    answer(0, "old");  // comes late: goes to who asked for it, and is not kept
    get("pool", 2);
    EXPECT_EQ(heard, (std::vector<std::string>{"new", "old", "new"}));
}

TEST_F(AnswerCacheTest, TakesNoAnswerToAnEarlierQuestionForThatToTheOneThatIsOpen)
{
    make({});
    get("pool", 1);
    get("pool", 2);
    answer(0, "old");
    get("pool", 2);
    EXPECT_EQ(heard, std::vector<std::string>{"old"}) << "who asks now waits for the new one";
    EXPECT_EQ(open.size(), 2U) << "and joins its question";
    answer(1, "new");
    EXPECT_EQ(heard, (std::vector<std::string>{"old", "new", "new"}));
}

TEST_F(AnswerCacheTest, MayBeAskedAgainByWhomItTellsAnAnswer)
{
    make({.bytes_max = AnswerCache::entry_bytes + 100});
    get("a");
    std::optional<std::string> second;
    cache->get(
        "a", 1, "127.0.0.1", [](const AnswerCache::Take&) { FAIL() << "it joins"; },
        [&](const pool::Result<AnswerPtr>& first) {
            ASSERT_TRUE(first.has_value());
            get("b");
            answer(1, "b");  // drops "a", whose body this call still holds
            second = (*first)->body;
        });
    answer(0, "a");
    EXPECT_EQ(second, "a");
}

TEST_F(AnswerCacheTest, HearsAnAnswerThatComesAfterItsEnd)
{
    make({});
    get("pool");
    cache.reset();
    answer(0, "late");
    EXPECT_TRUE(heard.empty());
}

TEST_F(AnswerCacheTest, AsksForOthersWhileOneNetworkHasAskedEnough)
{
    make({.questions = {.of_network = 2, .of_prefix = 3}});
    get("a", 1, "192.0.2.1");
    get("b", 1, "192.0.2.1");
    get("c", 1, "192.0.2.1");
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_TRUE(heard.back().starts_with("error")) << heard.back();
    get("a", 1, "192.0.2.1");
    EXPECT_EQ(heard.size(), 1U) << "joins its own question";
    get("c", 1, "192.0.2.9");
    get("d", 1, "192.0.2.9");
    ASSERT_EQ(heard.size(), 2U) << "enough for the neighbours, too";
    get("d", 1, "198.51.100.1");
    EXPECT_EQ(heard.size(), 2U);
    EXPECT_EQ(open.size(), 4U);

    get("b", 2, "192.0.2.1");
    EXPECT_EQ(heard.size(), 3U) << "what was asked before a change is still being looked for";
    answer(0, "answer");
    EXPECT_EQ(heard.size(), 5U) << "both who asked for a";
    get("e", 2, "192.0.2.1");
    EXPECT_EQ(open.size(), 5U) << "one is answered, so one may be asked";
}

TEST_F(AnswerCacheTest, ShowsTheOldOneToWhoeverMayNotAskForANewOne)
{
    make(
        {.life = milliseconds{1000}, .renewal = milliseconds{500}, .questions = {.of_network = 1}});
    get("pool", 1, "192.0.2.1");
    answer(0, "first");
    get("other", 1, "192.0.2.1");
    now += milliseconds{1000};
    get("pool", 1, "192.0.2.1");
    EXPECT_EQ(heard, std::vector<std::string>(2, "first"));
    EXPECT_EQ(open.size(), 2U);
}

}  // namespace
}  // namespace rpc
