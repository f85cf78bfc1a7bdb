#include "stratum/census.h"

#include <algorithm>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/stratum/talk.h"

// What a shard shows of itself, in parts that nobody waits for.
namespace tests {
namespace {

using Names = std::multiset<std::string>;

Names names_of(const std::vector<stratum::WorkerSnapshot>& workers)
{
    Names names;
    for (const auto& worker : workers) names.insert(worker.worker);
    return names;
}

std::size_t workers_in(const stratum::Census& census)
{
    std::size_t count = census.past_workers.size();
    for (const auto& session : census.sessions) count += session.workers.size();
    return count;
}

void end_after_a_share(Talk& talk, const std::string& name)
{
    TalkingMiner miner{talk, "user." + name};
    miner.submit(miner.find());
    talk.closed(miner.id);
}

TEST(Census, IsTheWholeSnapshotInSmallParts)
{
    Talk talk;
    talk.publish(1);
    for (int i = 0; i < 250; ++i) end_after_a_share(talk, "past" + std::to_string(i));
    for (int i = 0; i < 700; ++i) TalkingMiner{talk, "user.rig" + std::to_string(i), false};

    stratum::Census census;
    std::size_t most = 0;
    std::size_t parts = 0;
    for (bool more = true; more; ++parts) {
        const std::size_t before = workers_in(census);
        more = talk.shard.count_some(census, talk.now);
        most = std::max(most, workers_in(census) - before);
    }
    EXPECT_LE(most, 200U);
    EXPECT_GE(parts, 5U);
    EXPECT_EQ(names_of(census.past_workers), names_of(talk.shard.past_workers(talk.now)));
    Names rigs;
    for (const auto& session : census.sessions) rigs.merge(names_of(session.workers));
    Names expected;
    for (int i = 0; i < 700; ++i) expected.insert("rig" + std::to_string(i));
    EXPECT_EQ(rigs, expected);
}

TEST(Census, TakesAConnectionOfManyWorkersForMany)
{
    Talk talk;
    talk.publish(1);
    for (int proxy = 0; proxy < 2; ++proxy) {
        const TalkingMiner miner{talk, "user.rig"};
        for (int i = 0; i < 300; ++i) {
            talk.say(miner.id, R"({"id":3,"method":"mining.authorize","params":["user.)" +
                                   std::to_string(i) + R"(","x"]})");
        }
    }
    stratum::Census census;
    ASSERT_TRUE(talk.shard.count_some(census, talk.now));
    EXPECT_TRUE(talk.shard.count_some(census, talk.now));
    EXPECT_EQ(census.sessions.size(), 1U);
    EXPECT_FALSE(talk.shard.count_some(census, talk.now));
    EXPECT_EQ(census.sessions.size(), 2U);
}

// Names are free: who says a thousand has nothing to show for them, and copies would cost the loop
// and pages the more. An admin may have to find them all the same.
TEST(Census, ShowsOfAConnectionsNamesTheFirstAndThoseThatHadAVerdict)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner proxy{talk, "user.rig"};
    for (int i = 0; i < 50; ++i) {
        proxy.say(R"({"id":3,"method":"mining.authorize","params":["user.)" + std::to_string(i) +
                  R"(","x"]})");
    }
    proxy.submit(proxy.find(), "9", "user.7");
    const auto low = proxy.find({.target = pool::Uint256::max(), .not_target = *proxy.target});
    proxy.submit(low, "9", "user.9");
    const auto counted = [&talk](bool sessions_only) {
        stratum::Census census;
        census.sessions_only = sessions_only;
        while (talk.shard.count_some(census, talk.now)) {
        }
        return census;
    };
    EXPECT_EQ(names_of(counted(false).sessions.at(0).workers), (Names{"rig", "7", "9"}));
    EXPECT_EQ(counted(false).sessions[0].names, 51U);
    EXPECT_EQ(counted(true).sessions.at(0).workers.size(), 51U);
    talk.closed(proxy.id);
    EXPECT_EQ(names_of(counted(false).past_workers), Names{"7"});
}

TEST(Census, NeverCountsAWorkerTwiceWhoseConnectionEndsMeanwhile)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner leaving{talk, "user.leaving"};
    leaving.submit(leaving.find());
    for (int i = 0; i < 300; ++i) TalkingMiner{talk, "user.rig" + std::to_string(i), false};
    stratum::Census census;
    ASSERT_TRUE(talk.shard.count_some(census, talk.now));
    ASSERT_TRUE(talk.shard.count_some(census, talk.now));
    talk.closed(leaving.id);
    while (talk.shard.count_some(census, talk.now)) {
    }
    Names names = names_of(census.past_workers);
    for (const auto& session : census.sessions) names.merge(names_of(session.workers));
    EXPECT_EQ(names.count("leaving"), 0U);
    EXPECT_EQ(names.size(), 300U);
}

// What an admin's word is for: each part is done with before the next.
TEST(Census, OfSessionsOnlyGivesEachOnceThoughPartsAreTakenOut)
{
    Talk talk;
    talk.publish(1);
    end_after_a_share(talk, "past");
    for (int i = 0; i < 700; ++i) TalkingMiner{talk, "user.rig" + std::to_string(i), false};
    stratum::Census census;
    census.sessions_only = true;
    std::size_t seen = 0;
    Names rigs;
    for (bool more = true; more;) {
        more = talk.shard.count_some(census, talk.now);
        EXPECT_LE(census.sessions.size(), 200U);
        seen += census.sessions.size();
        for (const auto& session : census.sessions) rigs.merge(names_of(session.workers));
        census.sessions.clear();
    }
    EXPECT_EQ(seen, 700U);
    EXPECT_EQ(rigs.size(), 700U);
    EXPECT_TRUE(census.past_workers.empty());
}

}  // namespace
}  // namespace tests
