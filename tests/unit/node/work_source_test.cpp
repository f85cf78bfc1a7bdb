#include "pool/node/work_source.h"

#include <gtest/gtest.h>

namespace pool {
namespace {

using std::chrono::seconds;

WorkSource::TemplatePtr at_tip(std::uint32_t height, std::uint8_t previous, std::int64_t reward)
{
    auto out = std::make_shared<BlockTemplate>();
    out->height = {height};
    out->previous.bytes.fill(previous);
    out->reward = {reward};
    return out;
}

const SteadyTime start{seconds{1000}};

TEST(WorkSource, PublishesTheFirstTemplateAsClean)
{
    WorkSource source{{}};
    EXPECT_TRUE(source.refresh_due(start));
    const auto first = source.on_template(at_tip(10, 1, 50), start, start);
    ASSERT_TRUE(first.has_value());
    EXPECT_TRUE(first->clean);
}

TEST(WorkSource, PublishesANewTipAtOnceAndAsClean)
{
    WorkSource source{{}};
    source.on_template(at_tip(10, 1, 50), start, start);
    const auto next = source.on_template(at_tip(11, 2, 50), start, start + seconds{1});
    ASSERT_TRUE(next.has_value());
    EXPECT_TRUE(next->clean);
}

TEST(WorkSource, KeepsQuietAboutTheSameWorkUntilTheRefreshIsDue)
{
    WorkSource source{{.refresh = seconds{25}}};
    source.on_template(at_tip(10, 1, 50), start, start);
    const SteadyTime early = start + seconds{24};
    EXPECT_FALSE(source.refresh_due(early));
    EXPECT_FALSE(source.on_template(at_tip(10, 1, 50), early, early).has_value());
    const SteadyTime due = start + seconds{25};
    EXPECT_TRUE(source.refresh_due(due));
    const auto refreshed = source.on_template(at_tip(10, 1, 50), due, due);
    ASSERT_TRUE(refreshed.has_value());
    EXPECT_FALSE(refreshed->clean);
}

TEST(WorkSource, PublishesARicherTemplateOfTheSameTipWithoutCallingTheOldStale)
{
    WorkSource source{{}};
    source.on_template(at_tip(10, 1, 50), start, start);
    const auto richer = source.on_template(at_tip(10, 1, 51), start, start + seconds{2});
    ASSERT_TRUE(richer.has_value());
    EXPECT_FALSE(richer->clean);
}

// A refresh that was asked before the long poll brought the new tip answers with the old one.
TEST(WorkSource, IsNotPulledBackByASlowAnswerToAnOldQuestion)
{
    WorkSource source{{}};
    source.on_template(at_tip(10, 1, 50), start, start);
    source.on_template(at_tip(11, 2, 50), start, start + seconds{2});
    const auto late = source.on_template(at_tip(10, 1, 60), start + seconds{1}, start + seconds{3});
    EXPECT_FALSE(late.has_value());
    EXPECT_EQ(source.current()->height, Height{11});
}

TEST(WorkSource, FollowsTheNodeThroughAReorganisationOfTheSameHeight)
{
    WorkSource source{{}};
    source.on_template(at_tip(11, 2, 50), start, start);
    const SteadyTime asked = start + seconds{1};
    const auto rival = source.on_template(at_tip(11, 3, 50), asked, start + seconds{2});
    ASSERT_TRUE(rival.has_value());
    EXPECT_TRUE(rival->clean);
}

TEST(WorkSource, SaysThatTheNodeIsLostAfterSilenceAndFoundAfterAnAnswer)
{
    WorkSource source{{.lost_after = seconds{120}}};
    EXPECT_FALSE(source.lost(start)) << "nothing to lose before the first template";
    source.on_template(at_tip(10, 1, 50), start, start);
    EXPECT_FALSE(source.lost(start + seconds{120}));
    EXPECT_TRUE(source.lost(start + seconds{121}));
    source.on_template(at_tip(10, 1, 50), start + seconds{121}, start + seconds{122});
    EXPECT_FALSE(source.lost(start + seconds{123}));
}

}  // namespace
}  // namespace pool
