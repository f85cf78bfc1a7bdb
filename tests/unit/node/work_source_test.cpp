#include "pool/node/work_source.h"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/chain_rules.h"
#include "tests/unit/node/race.h"

namespace pool::race {
namespace {

TEST(WorkSource, PublishesTheFirstTemplateAsClean)
{
    Race race;
    EXPECT_EQ(race.says(0, 1).asks, (std::vector{Ask{0, block(1)}}));
    const Step known = race.answers(0, header_of(1, 0, 10));
    EXPECT_FALSE(known.publication.has_value());
    EXPECT_EQ(known.asks, std::vector{template_from_0});
    const Step first = race.gives(0, on(1, 10));
    ASSERT_TRUE(first.publication.has_value());
    EXPECT_TRUE(first.publication->clean());
    EXPECT_EQ(first.publication->work, Work::tip);
}

TEST(WorkSource, SendsTheEmptyJobOnTheHeaderAndTheFullOneOnTheTemplate)
{
    Race race;
    race.begin(10);
    EXPECT_EQ(race.says(0, 2).asks, std::vector{header_of_2_from_0});
    const Step empty = race.answers(0, header_of(2, 1, 11));
    ASSERT_TRUE(empty.publication.has_value());
    EXPECT_EQ(empty.publication->work, Work::empty);
    EXPECT_TRUE(empty.publication->clean());
    const BlockTemplate& work = *empty.publication->source;
    EXPECT_EQ(work.previous, block(2));
    EXPECT_EQ(work.height, Height{12});
    EXPECT_EQ(work.reward, Sats{5'000'000'000}) << "what the block before pays, less its fees";
    EXPECT_EQ(work.time_min, UnixTime{1'699'999'001}) << "median time past + 1";
    EXPECT_EQ(empty.publication->time, wall);
    EXPECT_TRUE(work.transactions.empty());
    EXPECT_EQ(to_hex(work.witness_commitment),
              "6a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf9");
    EXPECT_EQ(empty.asks, std::vector{template_from_0});

    race.now += milliseconds{80};
    const Step full = race.gives(0, on(2, 11));
    ASSERT_TRUE(full.publication.has_value());
    EXPECT_EQ(full.publication->work, Work::filled);
    EXPECT_FALSE(full.publication->clean());
    EXPECT_EQ(race.source.empty_time(race.now), milliseconds{80});
}

TEST(WorkSource, NeverSetsATimeBelowTheMedianOfThePast)
{
    Race race;
    race.begin(10);
    race.says(0, 2);
    TipHeader header = header_of(2, 1, 11);
    header.median_time = {wall.seconds + 5000};
    const Step empty = race.answers(0, header);
    ASSERT_TRUE(empty.publication.has_value());
    EXPECT_EQ(empty.publication->time, UnixTime{wall.seconds + 5001});
}

TEST(WorkSource, WithholdsTheEmptyJobWhereOnlyATemplateKnowsTheRules)
{
    const auto withheld = [](std::uint32_t height, WorkSource::Options options) {
        Race race{{NodeRole::both}, options};
        race.begin(height);
        race.says(0, 2);
        const Step step = race.answers(0, header_of(2, 1, height + 1));
        EXPECT_EQ(step.asks, std::vector{template_from_0}) << height;
        EXPECT_EQ(step.publication.has_value(), reason(step).empty()) << height;
        return !step.publication.has_value();
    };
    // The empty job would be two above: its own height decides.
    EXPECT_TRUE(withheld(2016 - 2, {})) << "the target changes";
    EXPECT_FALSE(withheld(2016 - 1, {}));
    EXPECT_FALSE(withheld(2016 - 3, {}));
    EXPECT_TRUE(withheld(210'000 - 2, {})) << "the reward halves";
    EXPECT_FALSE(withheld(210'000 - 1, {}));
    EXPECT_TRUE(withheld(150 - 2, {.chain = Chain::regtest}));
    EXPECT_FALSE(withheld(150 - 2, {.chain = Chain::signet}));
    EXPECT_TRUE(withheld(10, {.chain = Chain::testnet4})) << "nBits depends on the header's time";
    EXPECT_TRUE(withheld(10, {.empty_first = false}));
}

TEST(WorkSource, WithholdsTheEmptyJobWhenTheHeaderComesLate)
{
    Race race;
    race.begin(10);
    race.says(0, 2);
    race.now += milliseconds{51};
    // The template is asked for without waiting any longer …
    EXPECT_EQ(race.source.on_tick(race.now).asks, std::vector{template_from_0});
    // … and the header, when it comes, moves the tip but starts no work.
    const Step late = race.answers(0, header_of(2, 1, 11));
    EXPECT_FALSE(late.publication.has_value());
    EXPECT_TRUE(has(late, Kind::new_tip));
    EXPECT_EQ(race.gives(0, on(2, 11)).publication->work, Work::tip);
}

TEST(WorkSource, WithholdsTheEmptyJobUntilANodeHasJudgedOne)
{
    Race race;
    race.begin(10);
    race.source.allow_empty(false);
    race.says(0, 2);
    const Step step = race.answers(0, header_of(2, 1, 11));
    EXPECT_FALSE(step.publication.has_value());
    EXPECT_EQ(reason(step), "no node has said that it would take an empty block of ours");
}

TEST(WorkSource, SaysByWhatMeansANewTipWasFirstKnown)
{
    Race race;
    race.begin(10);
    race.source.on_tip(1, block(2), race.now, TipSource::zmq);
    race.source.on_tip(0, block(2), race.now, TipSource::long_poll);
    const Step step = race.answers(1, header_of(2, 1, 11));
    ASSERT_TRUE(has(step, Kind::new_tip));
    EXPECT_EQ(step.notices.front().source, TipSource::zmq);
    EXPECT_EQ(step.notices.front().node, 1U);
    EXPECT_EQ(race.gives(0, on(3, 12)).notices.front().source, TipSource::block_template);
}

TEST(WorkSource, WithholdsTheEmptyJobOnAnotherTarget)
{
    Race race;
    race.begin(10);
    race.says(0, 2);
    TipHeader header = header_of(2, 1, 11);
    header.bits.value ^= 1;
    EXPECT_FALSE(race.answers(0, header).publication.has_value());
}

TEST(WorkSource, TwoBlocksWithinFiftyMillisecondsLeaveNobodyOnTheFirst)
{
    Race race;
    race.begin(10);
    race.says(0, 2);
    EXPECT_EQ(race.answers(0, header_of(2, 1, 11)).publication->work, Work::empty);
    race.now += milliseconds{20};
    EXPECT_EQ(race.says(0, 3).asks, (std::vector{Ask{0, block(3)}}));
    const Step second = race.answers(0, header_of(3, 2, 12));
    EXPECT_FALSE(second.publication.has_value()) << "no child of what the template was built on";
    EXPECT_EQ(race.source.tip()->hash, block(3));
    // The answer to the question asked at block 2 is late, and the question is asked again.
    race.now += milliseconds{30};
    const Step late = race.gives(0, on(2, 11));
    EXPECT_FALSE(late.publication.has_value());
    EXPECT_EQ(late.asks, std::vector{template_from_0});
    const Step full = race.gives(0, on(3, 12));
    ASSERT_TRUE(full.publication.has_value());
    EXPECT_TRUE(full.publication->clean());
}

TEST(WorkSource, TheFirstNodeToSayItWinsAndTheOthersOnlyAgree)
{
    Race race;
    race.begin(10);
    race.says(0, 2);
    EXPECT_EQ(race.says(1, 2).asks, (std::vector{Ask{1, block(2)}})) << "both are in the race";
    EXPECT_EQ(race.answers(1, header_of(2, 1, 11)).publication->work, Work::empty);
    const Step second = race.answers(0, header_of(2, 1, 11));
    EXPECT_FALSE(second.publication.has_value());
    EXPECT_FALSE(has(second, Kind::new_tip));
}

// Node 0 is stopped: it answers nothing and its connections stay open.
TEST(WorkSource, AFrozenNodeHoldsUpNothing)
{
    Race race;
    race.begin(10);
    race.says(0, 2);  // its last word; the header never comes
    const Step signal = race.says(1, 2);
    EXPECT_EQ(signal.asks, (std::vector{Ask{1, block(2)}}));
    const Step empty = race.answers(1, header_of(2, 1, 11));
    EXPECT_EQ(empty.publication->work, Work::empty);
    EXPECT_EQ(empty.asks, std::vector{template_from_1});
    EXPECT_EQ(race.gives(1, on(2, 11)).publication->work, Work::filled);
    // And jobs go on at least every thirty seconds, from the node that lives.
    for (int i = 0; i < 5; ++i) {
        const Step due = race.after(seconds{28}, {{1, 2}});
        EXPECT_NE(std::find(due.asks.begin(), due.asks.end(), template_from_1), due.asks.end());
        EXPECT_TRUE(race.gives(1, on(2, 11)).publication.has_value());
    }
}

TEST(WorkSource, ANodeThatFreezesWithOurTemplateInHandIsPassedOver)
{
    Race race;
    race.begin(10);
    race.says(0, 2);
    race.says(1, 2);
    const Step empty = race.answers(0, header_of(2, 1, 11));
    EXPECT_EQ(empty.asks, std::vector{template_from_0});
    race.answers(1, header_of(2, 1, 11));
    race.now += milliseconds{501};
    EXPECT_EQ(race.source.on_tick(race.now).asks, std::vector{template_from_1});
    EXPECT_EQ(race.gives(1, on(2, 11)).publication->work, Work::filled);
}

TEST(WorkSource, AForkedNodeIsNotFollowedAndAfterAWhileAnAlarm)
{
    Race race;
    race.begin(10);
    // Node 1 comes to a rival of the same height: never on our tip, so it did not reorganise.
    race.says(0, 2);
    race.answers(0, header_of(2, 1, 11));
    race.gives(0, on(2, 11));
    race.says(1, 9);
    const Step rival = race.answers(1, header_of(9, 1, 11));
    EXPECT_TRUE(has(rival, Kind::behind));
    EXPECT_FALSE(rival.publication.has_value());
    const std::vector<std::pair<std::size_t, std::uint8_t>> looks{{0, 2}, {1, 9}};
    EXPECT_FALSE(has(race.after(seconds{29}, looks), Kind::disagreement));
    const Step alarm = race.after(seconds{2}, looks);
    EXPECT_TRUE(has(alarm, Kind::disagreement));
    EXPECT_FALSE(has(race.after(seconds{60}, looks), Kind::disagreement)) << "said once";
    EXPECT_EQ(race.source.tip()->hash, block(2));
    // It comes over.
    race.says(1, 2);
    EXPECT_TRUE(has(race.after(seconds{1}, {{0, 2}, {1, 2}}), Kind::agreement));
}

TEST(WorkSource, ANodeAheadWinsWhateverTheOthersSay)
{
    Race race;
    race.begin(10);
    race.says(1, 5);
    const Step ahead = race.answers(1, header_of(5, 4, 13));
    EXPECT_TRUE(has(ahead, Kind::new_tip));
    EXPECT_FALSE(ahead.publication.has_value()) << "no child of our tip: only a template will do";
    EXPECT_EQ(ahead.asks, std::vector{template_from_1});
    EXPECT_TRUE(race.gives(1, on(5, 13)).publication->clean());
    EXPECT_FALSE(race.says(0, 1).publication.has_value());
}

// What is said of the height decides which tip wins: an absurd one would win for good.
TEST(WorkSource, AChildThatIsNotOneHigherIsNoTip)
{
    Race race;
    race.begin(10);
    race.says(1, 2);
    const Step absurd = race.answers(1, header_of(2, 1, 900'000));
    EXPECT_FALSE(has(absurd, Kind::new_tip));
    EXPECT_FALSE(absurd.publication.has_value());
    race.says(0, 3);
    EXPECT_TRUE(has(race.answers(0, header_of(3, 1, 11)), Kind::new_tip));
}

TEST(WorkSource, FollowsAReorganisationOfTheSameHeightOnceNobodyHoldsOurTip)
{
    Race race;
    race.begin(10);
    race.says(0, 7);
    EXPECT_FALSE(has(race.answers(0, header_of(7, 0, 10)), Kind::new_tip)) << "node 1 holds ours";
    race.says(1, 7);
    const Step moved = race.answers(1, header_of(7, 0, 10));
    EXPECT_TRUE(has(moved, Kind::new_tip));
    EXPECT_TRUE(race.gives(1, on(7, 10)).publication->clean());
}

TEST(WorkSource, FollowsALoneNodeThroughAReorganisationToALowerHeight)
{
    Race race{{NodeRole::both}};
    race.begin(10);
    race.says(0, 7);
    EXPECT_TRUE(has(race.answers(0, header_of(7, 6, 9)), Kind::new_tip));
    EXPECT_TRUE(race.gives(0, on(7, 9)).publication->clean());
    // And back again.
    race.says(0, 1);
    EXPECT_TRUE(has(race.answers(0, header_of(1, 7, 10)), Kind::new_tip));
}

TEST(WorkSource, ATemplateOnANewTipIsAsGoodAsASignal)
{
    Race race;
    race.begin(10);
    const Step silent = race.after(seconds{28}, {{0, 1}});
    ASSERT_FALSE(silent.asks.empty());
    EXPECT_TRUE(race.gives(0, on(2, 11)).publication->clean());
    EXPECT_EQ(race.source.tip()->hash, block(2));
}

// Without ZMQ and without the long poll there is the look a second: the same call, later.
TEST(WorkSource, ZmqMayBeSilentAndItsGapsAreNoticed)
{
    Race race;
    race.begin(10);
    EXPECT_TRUE(race.source.on_sequence(0, 7).notices.empty());
    EXPECT_TRUE(race.source.on_sequence(0, 8).notices.empty());
    EXPECT_TRUE(has(race.source.on_sequence(0, 10), Kind::messages_lost));
    EXPECT_TRUE(race.source.on_sequence(0, 0).notices.empty()) << "the node was restarted";
    EXPECT_TRUE(race.source.on_sequence(1, 3).notices.empty()) << "each node counts for itself";
    EXPECT_EQ(race.after(milliseconds{500}, {{0, 2}}).asks, std::vector{header_of_2_from_0});
}

TEST(WorkSource, ASubmitNodeIsInTheRaceAndNeverAskedForATemplate)
{
    Race race{{NodeRole::both, NodeRole::submits}};
    race.begin(10);
    race.says(1, 2);
    const Step empty = race.answers(1, header_of(2, 1, 11));
    EXPECT_EQ(empty.publication->work, Work::empty);
    EXPECT_TRUE(empty.asks.empty()) << "its template would have to come from node 0";
    for (const Ask& ask : race.after(seconds{60}, {{1, 2}}).asks) EXPECT_NE(ask.node, 1U);
    EXPECT_EQ(race.says(0, 2).asks, std::vector{template_from_0}) << "its header is known";
}

TEST(WorkSource, PublishesARicherTemplateAtOnceAndAPoorerOneWhenItIsDue)
{
    Race race{{NodeRole::both}};
    race.begin(10);
    race.now += seconds{10};
    EXPECT_FALSE(race.gives(0, on(1, 10, 1499)).publication.has_value()) << "below the threshold";
    const Step richer = race.gives(0, on(1, 10, 1500));
    ASSERT_TRUE(richer.publication.has_value());
    EXPECT_EQ(richer.publication->work, Work::routine);
    const Step due = race.after(seconds{28}, {{0, 1}});
    ASSERT_FALSE(due.asks.empty());
    EXPECT_EQ(race.gives(0, on(1, 10, 1500)).publication->work, Work::routine);
}

TEST(WorkSource, ASlowNodeDoesNotKeepMinersWithoutAJob)
{
    Race race{{NodeRole::both}};
    race.begin(10);
    const Step repeated = race.after(seconds{30}, {{0, 1}});
    ASSERT_TRUE(repeated.publication.has_value());
    EXPECT_EQ(repeated.publication->work, Work::routine);
    EXPECT_EQ(repeated.publication->time, UnixTime{wall.seconds + 30}) << "its time goes on";
}

TEST(WorkSource, KnowsATemplateThatCannotBeTrue)
{
    Race race;
    race.begin(10);
    const auto check = [&](std::size_t node, const WorkSource::TemplatePtr& given, int behind = 0) {
        return race.source.check(node, *given, {wall.seconds - static_cast<std::uint32_t>(behind)});
    };
    EXPECT_TRUE(check(0, on(1, 10)).has_value());
    EXPECT_TRUE(check(0, on(2, 700)).has_value()) << "nothing is known of block 2";
    const auto height = check(1, on(1, 6'999'999));
    ASSERT_FALSE(height.has_value());
    EXPECT_EQ(height.error().detail, "getblocktemplate: height 7000000 on a block of height 10");
    EXPECT_FALSE(check(0, on(1, 9)).has_value());
    race.says(1, 3);
    race.answers(1, header_of(3, 0, 10));  // beside our tip
    EXPECT_FALSE(check(1, on(3, 20)).has_value()) << "by its own header";
    EXPECT_TRUE(check(1, on(3, 10)).has_value());
    EXPECT_TRUE(check(0, on(1, 10), 7200).has_value());
    const auto time = check(0, on(1, 10), 7201);
    ASSERT_FALSE(time.has_value());
    EXPECT_NE(time.error().detail.find("7201 s ahead"), std::string::npos) << time.error().detail;
}

TEST(WorkSource, BelievesATemplateFarAboveItsTipWhenTheNodesHeaderSaysSoAsWell)
{
    Race race;
    race.begin(10);
    const Step leap = race.gives(1, on(9, 6'999'999));
    EXPECT_FALSE(leap.publication.has_value());
    EXPECT_EQ(leap.asks, (std::vector{Ask{1, block(9)}}));
    EXPECT_EQ(race.source.tip()->height, Height{10});
    const Step lie = race.answers(1, header_of(9, 1, 11));
    EXPECT_EQ(race.source.tip()->height, Height{11}) << "what the header says";
    EXPECT_EQ(race.source.tip()->hash, block(9));
    EXPECT_FALSE(race.source.check(1, *on(9, 6'999'999), wall).has_value());
    EXPECT_EQ(lie.asks, std::vector{template_from_1});

    // One that gives no headers is asked for one once.
    race.gives(1, on(30, 40));
    const Step none =
        race.source.on_header(1, block(30), fail(Error::Code::unavailable, "no"), race.now, wall);
    EXPECT_EQ(none.asks, std::vector{template_from_1});
    EXPECT_TRUE(race.gives(1, on(30, 40)).publication.has_value());
    race.says(1, 31);
    race.answers(1, header_of(31, 30, 41));

    // The node was away, and is hundreds of blocks ahead: it says so both times.
    const Step ahead = race.gives(1, on(20, 500));
    EXPECT_EQ(ahead.asks, (std::vector{Ask{1, block(20)}}));
    race.answers(1, header_of(20, 19, 500));
    EXPECT_EQ(race.source.tip()->height, Height{500});
    EXPECT_TRUE(race.gives(1, on(20, 500)).publication.has_value());
}

}  // namespace
}  // namespace pool::race
