// Whom the race believes, asks and gives up: nodes that lag, fork, go and come back.
#include <algorithm>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/node/race.h"

namespace pool::race {
namespace {

TEST(WorkSource, ALaggingNodeDoesNotPullThePoolBack)
{
    Race race;
    race.begin(10);
    race.says(0, 2);
    race.answers(0, header_of(2, 1, 11));
    race.gives(0, on(2, 11));
    EXPECT_FALSE(race.says(1, 1).publication.has_value());
    const Step old = race.gives(1, on(1, 10, 9'000'000));
    EXPECT_FALSE(old.publication.has_value());
    EXPECT_EQ(race.source.tip()->hash, block(2));
}

TEST(WorkSource, ARestartingNodeIsAskedAgainWhenItIsBack)
{
    Race race{{NodeRole::both}};
    race.begin(10);
    race.source.on_failure(0);
    race.gives(0, fail(Error::Code::unavailable, "warming up"));
    EXPECT_TRUE(race.after(seconds{20}, {}).asks.empty()) << "nobody asks a dead node";
    race.says(0, 2);
    EXPECT_EQ(race.answers(0, header_of(2, 1, 11)).publication->work, Work::empty);
    EXPECT_EQ(race.gives(0, on(2, 11)).publication->work, Work::filled);
}

TEST(WorkSource, ATemplateThatCannotBeReadIsAskedOfTheNextNode)
{
    Race race;
    race.begin(10);
    race.says(0, 2);
    race.says(1, 2);
    race.answers(0, header_of(2, 1, 11));
    race.answers(1, header_of(2, 1, 11));
    race.gives(0, fail(Error::Code::invalid, "\"height\" is missing"));
    const Step next = race.source.on_tick(race.now + milliseconds{100});
    EXPECT_EQ(next.asks, std::vector{template_from_1}) << "the one without failures comes first";
    EXPECT_EQ(race.gives(1, on(2, 11)).publication->work, Work::filled);
}

TEST(WorkSource, SaysThatAllNodesAreLostAndStopsUntilOneGivesWorkAgain)
{
    Race race;
    race.begin(10);
    EXPECT_FALSE(has(race.after(seconds{120}, {}), Kind::lost));
    EXPECT_TRUE(has(race.after(seconds{1}, {}), Kind::lost));
    EXPECT_FALSE(race.after(seconds{60}, {}).publication.has_value()) << "no new jobs";
    const Step back = race.after(seconds{1}, {{1, 1}});
    EXPECT_EQ(back.asks, std::vector{template_from_1});
    EXPECT_TRUE(back.publication.has_value()) << "the tip stands, and so does the work";
    EXPECT_FALSE(has(back, Kind::back));
    race.gives(1, on(1, 10));
    EXPECT_TRUE(has(race.source.on_tick(race.now), Kind::back));
    EXPECT_EQ(race.source.template_node(), 1U) << "who gave the newest";
    race.gives(0, on(1, 10));
    EXPECT_EQ(race.source.template_node(), 0U);
}

// It says where the tip is, and nobody says what to build on it.
TEST(WorkSource, ANodeThatOnlyTakesBlocksDoesNotHideThatNobodyGivesWork)
{
    Race race{{NodeRole::both, NodeRole::submits}};
    race.begin(10);
    race.source.on_failure(0);
    EXPECT_FALSE(has(race.after(seconds{119}, {{1, 1}}), Kind::lost));
    EXPECT_EQ(race.source.template_age(race.now), seconds{119});
    const Step lost = race.after(seconds{2}, {{1, 1}});
    EXPECT_TRUE(has(lost, Kind::lost));
    EXPECT_TRUE(race.after(seconds{31}, {{1, 1}}).publication.has_value()) << "the tip stands";
    EXPECT_FALSE(race.after(seconds{60}, {}).publication.has_value()) << "nobody says so";
}

// Its last blocks had not reached the disk, or it was told to leave one while it was away.
TEST(WorkSource, ALowerTipIsTakenWhenNoNodeHasComeBackWithOursForHalfAMinute)
{
    Race race{{NodeRole::both}};
    race.begin(10);
    race.source.on_failure(0);
    race.after(seconds{5}, {});
    race.says(0, 7);
    EXPECT_TRUE(has(race.answers(0, header_of(7, 6, 9)), Kind::behind)) << "it may catch up yet";
    EXPECT_TRUE(race.after(seconds{24}, {{0, 7}}).asks.empty());
    EXPECT_EQ(race.after(seconds{1}, {{0, 7}}).asks, (std::vector{Ask{0, block(7)}}));
    const Step left = race.answers(0, header_of(7, 6, 9));
    EXPECT_TRUE(has(left, Kind::new_tip));
    EXPECT_EQ(left.asks, std::vector{template_from_0});
    EXPECT_EQ(race.gives(0, on(7, 9)).publication->work, Work::tip);
}

// The node that is kept for bad days was last asked an hour ago; what it takes is reckoned from the
// question that it answers.
TEST(WorkSource, ANodeIsAsFastAsItAnswersTheQuestionOfAnAdminToo)
{
    Race race;
    race.begin(10);
    race.now += seconds{1};
    race.says(0, 1);
    race.says(1, 1);
    const Step all = race.source.ask_all(race.now);
    EXPECT_EQ(all.asks, (std::vector{template_from_0, template_from_1}));
    EXPECT_TRUE(race.source.ask_all(race.now).asks.empty()) << "both are under way";
    race.now += milliseconds{5};
    race.gives(1, on(1, 10));
    race.now += milliseconds{45};
    race.gives(0, on(1, 10));
    race.says(1, 1);
    const Step next = race.after(seconds{10}, {{0, 1}, {1, 1}});
    ASSERT_FALSE(next.asks.empty());
    EXPECT_EQ(next.asks.front(), template_from_1) << "the faster";
}

// Its rival of the same height is the tip of a node that gives templates: nobody would ever give
// work on the first.
TEST(WorkSource, ATipOfANodeThatOnlyTakesBlocksIsLeftForARivalThatWorkCanBeHadOn)
{
    Race race{{NodeRole::both, NodeRole::submits}};
    race.begin(10);
    race.says(1, 9);
    EXPECT_TRUE(has(race.answers(1, header_of(9, 1, 11)), Kind::new_tip));
    race.says(0, 7);
    EXPECT_TRUE(has(race.answers(0, header_of(7, 1, 11)), Kind::behind)) << "the second to come";
    const std::vector<std::pair<std::size_t, std::uint8_t>> where{{0, 7}, {1, 9}};
    EXPECT_TRUE(race.after(milliseconds{4500}, where).asks.empty());
    EXPECT_EQ(race.after(milliseconds{500}, where).asks, (std::vector{Ask{0, block(7)}}));
    EXPECT_EQ(race.answers(0, header_of(7, 1, 11)).publication->work, Work::empty);
    EXPECT_EQ(race.gives(0, on(7, 11)).publication->work, Work::filled);
    for (const Ask& ask : race.after(seconds{20}, where).asks)
        EXPECT_EQ(ask, template_from_0) << "the other is left for good";
    EXPECT_FALSE(has(race.answers(1, header_of(9, 1, 11)), Kind::new_tip));
}

// Whether it is late, cut off or on another chain: what it has is stale, or the alarms ring.
TEST(WorkSource, ALowerTipIsNotGoneBackToWhereANodeThatOnlyTakesBlocksIsAhead)
{
    Race race{{NodeRole::both, NodeRole::submits}};
    race.begin(10);
    race.source.on_failure(0);
    race.says(1, 2);
    EXPECT_TRUE(has(race.answers(1, header_of(2, 1, 11)), Kind::new_tip));
    race.after(seconds{100}, {{1, 2}});
    race.says(0, 1);
    EXPECT_TRUE(has(race.answers(0, header_of(1, 0, 10)), Kind::behind));
    const Step long_after = race.after(seconds{60}, {{0, 1}, {1, 2}});
    EXPECT_TRUE(long_after.asks.empty());
    EXPECT_TRUE(has(long_after, Kind::disagreement));
    EXPECT_TRUE(has(long_after, Kind::lost));
    race.says(0, 2);
    EXPECT_EQ(race.source.tip()->hash, block(2));
}

TEST(WorkSource, ARivalTipIsTakenSoonAfterTheLastNodeThatHeldOursIsGone)
{
    Race race;
    race.begin(10);
    race.says(0, 7);
    EXPECT_TRUE(has(race.answers(0, header_of(7, 0, 10)), Kind::behind)) << "the other is on ours";
    race.source.on_failure(1);
    EXPECT_TRUE(race.after(milliseconds{4500}, {{0, 7}}).asks.empty());
    EXPECT_EQ(race.after(milliseconds{500}, {{0, 7}}).asks, (std::vector{Ask{0, block(7)}}));
    EXPECT_TRUE(has(race.answers(0, header_of(7, 0, 10)), Kind::new_tip));
}

// An answer that was long on its way: the node has said more since.
TEST(WorkSource, ABlockThatOthersFollowIsNoTip)
{
    Race race;
    race.begin(10);
    race.says(0, 3);
    race.says(1, 2);
    EXPECT_TRUE(has(race.answers(0, header_of(3, 2, 12)), Kind::new_tip));
    TipHeader followed = header_of(2, 1, 11);
    followed.newest = false;
    EXPECT_TRUE(race.answers(1, followed).notices.empty());
    EXPECT_EQ(race.source.tip()->hash, block(3));
}

TEST(WorkSource, ANodeThatCannotGiveATemplateIsAskedLessAndLessOften)
{
    Race race{{NodeRole::both}};
    race.begin(10);
    race.says(0, 2);
    race.answers(0, header_of(2, 1, 11));
    int asked = 0;
    for (int tenths = 0; tenths < 600; ++tenths) {
        race.gives(0, fail(Error::Code::refused, "our coinbase is not to its liking"));
        race.now += milliseconds{100};
        Step step = race.says(0, 2);
        Race::join(step, race.source.on_tick(race.now));
        asked += static_cast<int>(std::count(step.asks.begin(), step.asks.end(), template_from_0));
    }
    EXPECT_GE(asked, 6);
    EXPECT_LE(asked, 20);
    // What it could not do for one block it may well do for the next.
    race.says(0, 3);
    race.gives(0, fail(Error::Code::refused, "late"));
    EXPECT_EQ(race.answers(0, header_of(3, 2, 12)).asks, std::vector{template_from_0});
    EXPECT_TRUE(race.gives(0, on(3, 12)).publication.has_value());
}

}  // namespace
}  // namespace pool::race
