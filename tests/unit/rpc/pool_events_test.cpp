#include "rpc/pool_events.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace rpc {
namespace {

constexpr pool::UnixMillis now{1'700'000'000'000};

std::vector<std::string> names(const std::vector<PoolEvent>& events)
{
    std::vector<std::string> out;
    for (const PoolEvent& event : events) out.push_back(event.name);
    return out;
}
using Names = std::vector<std::string>;

BlockInfo block(const std::string& hash, const std::string& state)
{
    BlockInfo info;
    info.height = {100};
    info.hash = hash;
    info.state = state;
    info.finder = "farm";
    info.worker = "\"><script>";
    return info;
}

PayoutInfo payout(std::uint64_t id, const std::string& state)
{
    PayoutInfo info;
    info.id = id;
    info.state = state;
    return info;
}

BitcoindInfo node(bool up, bool enabled = true)
{
    BitcoindInfo info;
    info.name = "local";
    info.up = up;
    info.enabled = enabled;
    return info;
}

WorkerLine worker(const std::string& name, std::uint64_t minutes_ago)
{
    WorkerLine line;
    line.account = "farm";
    line.worker.name = name;
    line.worker.last_share = pool::UnixMillis{now.value - minutes_ago * 60'000};
    return line;
}

// Each server of a pool tells of a block; its receivers drop what they have had by its id.
TEST(EventWatch, NamesWhatAllServersOfAPoolSeeAlikeBySameIds)
{
    const auto told = [](const std::string& state, std::uint32_t epoch) {
        EventWatch watch{{}};
        EXPECT_TRUE(watch.blocks({}, now).empty());
        BlockInfo found = block("a", state);
        found.epoch = epoch;
        std::vector<std::string> ids;
        for (const PoolEvent& event : watch.blocks({found}, now)) ids.push_back(event.id);
        return ids;
    };
    EXPECT_EQ(told("mature", 1), (std::vector<std::string>{"block.found:a", "block.matured:a"}));
    EXPECT_EQ(told("orphaned", 2).back(), "block.orphaned:a:2");
    EXPECT_EQ(told("orphaned", 3).back(), "block.orphaned:a:3") << "it came back in between";
    EventWatch watch{{}};
    EXPECT_TRUE(watch.payouts({}, now).empty());
    PayoutInfo sent;
    sent.id = 17;
    sent.state = "broadcast";
    EXPECT_EQ(watch.payouts({sent}, now).at(0).id, "payout.sent:17");
}

TEST(EventWatch, CallsNothingNewsThatWasSoBefore)
{
    EventWatch watch{{}};
    EXPECT_TRUE(watch.blocks({block("a", "orphaned"), block("b", "mature")}, now).empty());
    EXPECT_TRUE(watch.payouts({payout(1, "broadcast")}, now).empty());
    EXPECT_TRUE(watch.nodes({node(false)}, now).empty());
    EXPECT_TRUE(watch.workers({worker("w", 0), worker("x", 60)}, now).empty());
    EXPECT_TRUE(watch.blocks({block("a", "orphaned"), block("b", "mature")}, now).empty());
}

TEST(EventWatch, TellsOfABlockWhenItIsFoundAndWhenItsFateChanges)
{
    EventWatch watch{{}};
    EXPECT_TRUE(watch.blocks({}, now).empty());
    const auto found = watch.blocks({block("a", "immature")}, now);
    ASSERT_EQ(names(found), Names{"block.found"});
    EXPECT_NE(found[0].data.find("\"hash\":\"a\""), std::string::npos);
    EXPECT_NE(found[0].data.find(R"("worker":"\"><script>")"), std::string::npos) << found[0].data;
    EXPECT_TRUE(watch.blocks({block("a", "immature")}, now).empty());
    EXPECT_EQ(names(watch.blocks({block("a", "mature")}, now)), Names{"block.matured"});
    EXPECT_EQ(names(watch.blocks({block("a", "orphaned")}, now)), Names{"block.orphaned"});
    EXPECT_EQ(names(watch.blocks({block("b", "rejected"), block("a", "orphaned")}, now)),
              (Names{"block.found", "block.rejected"}));
}

TEST(EventWatch, GoesOnFromWhatAnEarlierLifeHasTold)
{
    EventsTold told;
    told.blocks.emplace()["aa"] = "immature";
    told.payouts.emplace()[3] = "broadcast";
    const auto read = events_told_from(to_text(told));
    ASSERT_TRUE(read.has_value()) << read.error().detail;
    EXPECT_EQ(*read, told);
    EventWatch watch{{}, *read};
    BlockInfo block;
    block.hash = "aa";
    block.state = "mature";
    PayoutInfo payout;
    payout.id = 3;
    payout.state = "confirmed";
    const auto blocks = watch.blocks({block}, {1});
    ASSERT_EQ(blocks.size(), 1U);
    EXPECT_EQ(blocks.front().id, "block.matured:aa");
    const auto payouts = watch.payouts({payout}, {1});
    ASSERT_EQ(payouts.size(), 1U);
    EXPECT_EQ(payouts.front().id, "payout.confirmed:3");
    EXPECT_NE(watch.told(), told);
}

TEST(EventsTold, AreNotReadFromATextThatIsCutOrOfSomethingElse)
{
    EventsTold told;
    told.blocks.emplace()["aa"] = "immature";
    (*told.blocks)["bb"] = "mature";
    told.payouts.emplace()[3] = "broadcast";
    const std::string text = to_text(told);
    EXPECT_EQ(*events_told_from(text), told);
    for (std::size_t end = 0; end + 1 < text.size(); ++end) {
        EXPECT_FALSE(events_told_from(text.substr(0, end)).has_value()) << end;
    }
    for (const char* const other : {"[]", "7", R"({"blocks":{"aa":1}})", R"({"payouts":[{}]})"}) {
        EXPECT_FALSE(events_told_from(other).has_value()) << other;
    }
}

TEST(EventWatch, FollowsAPayoutFromSentToConfirmed)
{
    EventWatch watch{{}};
    watch.payouts({}, now);
    EXPECT_TRUE(watch.payouts({payout(1, "approved")}, now).empty());
    EXPECT_TRUE(watch.payouts({payout(1, "signed")}, now).empty());
    EXPECT_EQ(names(watch.payouts({payout(1, "broadcast")}, now)), Names{"payout.sent"});
    EXPECT_EQ(names(watch.payouts({payout(1, "confirmed")}, now)), Names{"payout.confirmed"});
    // Both in the time between two looks.
    EXPECT_EQ(names(watch.payouts({payout(2, "confirmed"), payout(1, "confirmed")}, now)),
              (Names{"payout.sent", "payout.confirmed"}));
}

TEST(EventWatch, TellsOfAPayoutThatIsCalledOffAndNotOfOneThatIsOnlyOutOfSight)
{
    EventWatch watch{{.listed = 3}};
    watch.payouts({payout(3, "approved"), payout(2, "approved"), payout(1, "confirmed")}, now);
    const auto events = watch.payouts({payout(3, "approved"), payout(1, "confirmed")}, now);
    EXPECT_EQ(names(events), Names{"payout.failed"});
    EXPECT_EQ(events[0].data, "{\"payout\":2}");
    const std::vector<PayoutInfo> full{payout(5, "approved"), payout(4, "approved"),
                                       payout(3, "approved")};
    EXPECT_TRUE(watch.payouts(full, now).empty()) << "1 is out of sight";
}

// One above it was called off, so a place at the end of the list became free.
TEST(EventWatch, CallsAPayoutNoNewsThatOnlyComesIntoSightAtTheEndOfAFullList)
{
    EventWatch watch{{.listed = 3}};
    watch.payouts({payout(4, "approved"), payout(3, "broadcast"), payout(2, "confirmed")}, now);
    const std::vector<PayoutInfo> without{payout(3, "broadcast"), payout(2, "confirmed"),
                                          payout(1, "confirmed")};
    EXPECT_EQ(names(watch.payouts(without, now)), Names{"payout.failed"});
    EXPECT_TRUE(watch.payouts(without, now).empty());
    const std::vector<PayoutInfo> deeper{payout(2, "confirmed"), payout(1, "confirmed"),
                                         payout(0, "broadcast")};
    EXPECT_EQ(names(watch.payouts(deeper, now)), Names{"payout.failed"});
    EXPECT_EQ(names(watch.payouts(
                  {payout(2, "confirmed"), payout(1, "confirmed"), payout(0, "confirmed")}, now)),
              Names{"payout.confirmed"})
        << "what becomes of it from then on is news";
    EventWatch short_list{{.listed = 3}};
    short_list.payouts({payout(3, "broadcast"), payout(2, "confirmed")}, now);
    EXPECT_EQ(names(short_list.payouts(
                  {payout(3, "broadcast"), payout(2, "confirmed"), payout(1, "broadcast")}, now)),
              Names{"payout.sent"})
        << "a draft until now: the list had room for it";
}

TEST(EventWatch, TellsOfAPayoutOnItsWayBackOnlyOnceItIsBackOrPaidAfterAll)
{
    EventWatch watch{{}};
    watch.payouts({payout(3, "signed"), payout(2, "broadcast"), payout(1, "broadcast")}, now);
    EXPECT_TRUE(
        watch
            .payouts({payout(3, "cancelling"), payout(2, "cancelling"), payout(1, "cancelling")},
                     now)
            .empty());
    // The next life of the server goes on from there.
    const auto told = events_told_from(to_text(watch.told()));
    ASSERT_TRUE(told.has_value()) << told.error().detail;
    EventWatch next{{}, *told};
    const auto events = next.payouts({payout(3, "confirmed"), payout(2, "confirmed")}, now);
    std::vector<std::string> ids;
    for (const PoolEvent& event : events) ids.push_back(event.id);
    EXPECT_EQ(ids, (std::vector<std::string>{"payout.confirmed:2", "payout.sent:3",
                                             "payout.confirmed:3", "payout.failed:1"}));
}

TEST(EventWatch, TellsWhenTheOldestPayoutOrTheOnlyOneIsCalledOff)
{
    EventWatch watch{{}};
    watch.payouts({payout(2, "approved"), payout(1, "approved")}, now);
    EXPECT_EQ(names(watch.payouts({payout(2, "approved")}, now)), Names{"payout.failed"});
    EXPECT_EQ(names(watch.payouts({}, now)), Names{"payout.failed"});
}

TEST(EventWatch, TellsWhenPayoutsAreHeldForWhateverReasonAndWhenTheyGoOn)
{
    EventWatch watch{{}};
    EXPECT_TRUE(watch.payouts_held("", now).empty());
    const auto held = watch.payouts_held("the wallet lacks 5 sat (zubrd)", now);
    ASSERT_EQ(names(held), Names{"payouts.held"});
    EXPECT_EQ(held[0].data, R"x({"reason":"the wallet lacks 5 sat (zubrd)"})x");
    EXPECT_TRUE(watch.payouts_held("the wallet lacks 5 sat (zubrd)", now).empty());
    EXPECT_EQ(names(watch.payouts_held("\"stop\" (ann)", now)), Names{"payouts.held"});
    EXPECT_EQ(names(watch.payouts_held("", now)), Names{"payouts.released"});
    EventWatch later{{}};
    EXPECT_TRUE(later.payouts_held("since yesterday (ann)", now).empty()) << "no news";
}

TEST(EventWatch, TellsWhenANodeGoesAndComesButNotWhenAnAdminSwitchesIt)
{
    EventWatch watch{{}};
    watch.nodes({node(true)}, now);
    EXPECT_EQ(names(watch.nodes({node(false)}, now)), Names{"node.down"});
    EXPECT_TRUE(watch.nodes({node(false)}, now).empty());
    EXPECT_EQ(names(watch.nodes({node(true)}, now)), Names{"node.up"});
    EXPECT_TRUE(watch.nodes({node(false, false)}, now).empty());
    EXPECT_TRUE(watch.nodes({node(true)}, now).empty());
}

TEST(EventWatch, CallsAWorkerOfflineAfterTenMinutesWithoutAShare)
{
    EventWatch watch{{}};
    watch.workers({worker("w", 1)}, now);
    EXPECT_TRUE(watch.workers({worker("w", 9)}, now).empty());
    EXPECT_EQ(names(watch.workers({worker("w", 10)}, now)), Names{"worker.offline"});
    EXPECT_TRUE(watch.workers({worker("w", 11)}, now).empty());
    EXPECT_EQ(names(watch.workers({worker("w", 0), worker("new", 0), worker("old", 60)}, now)),
              (Names{"worker.online", "worker.online"}));
}

WorkerLine earlier_worker(const std::string& name, std::uint64_t minutes_ago)
{
    WorkerLine line = worker(name, minutes_ago);
    line.worker.earlier = true;
    return line;
}

TEST(EventWatch, TellsOfAWorkerThatDoesNotComeBackAfterARestart)
{
    EventWatch watch{{}};
    // The earlier life ended a quarter of an hour ago; one was silent by then.
    const auto events = watch.workers({worker("back", 1), earlier_worker("lost", 15),
                                       earlier_worker("lost-too", 20), earlier_worker("old", 26)},
                                      now);
    EXPECT_EQ(names(events), (Names{"worker.offline", "worker.offline"}));
    EXPECT_NE(events.at(0).text.find("lost"), std::string::npos);
    EXPECT_NE(events.at(1).text.find("lost-too"), std::string::npos);
    EXPECT_TRUE(watch.workers({worker("back", 1), earlier_worker("lost", 15)}, now).empty());
    EXPECT_EQ(names(watch.workers({worker("back", 1), worker("lost", 0)}, now)),
              Names{"worker.online"});
}

TEST(EventWatch, WaitsForAWorkerOfAnEarlierLifeThatEndedJustNow)
{
    EventWatch watch{{}};
    EXPECT_TRUE(watch.workers({earlier_worker("rig", 4)}, now).empty());
    const pool::UnixMillis later{now.value + 7 * 60'000};
    EXPECT_EQ(names(watch.workers({earlier_worker("rig", 4)}, later)), Names{"worker.offline"});
}

// The server that it is at tells of it.
TEST(EventWatch, LeavesAWorkerAloneThatMinesAtAnotherServer)
{
    EventWatch watch{{}};
    EXPECT_TRUE(watch.workers({earlier_worker("rig", 4)}, now).empty());
    EXPECT_TRUE(watch.workers({earlier_worker("rig", 0), earlier_worker("new", 0)}, now).empty());
    const pool::UnixMillis later{now.value + 60 * 60'000};
    EXPECT_TRUE(watch.workers({earlier_worker("rig", 0), earlier_worker("new", 0)}, later).empty());
}

TEST(EventWatch, WatchesSoManyWorkersAndNoMore)
{
    EventWatch watch{{.workers_max = 2}};
    watch.workers({}, now);
    EXPECT_EQ(watch.workers({worker("a", 0), worker("b", 0), worker("c", 0)}, now).size(), 2U);
    EXPECT_EQ(watch.workers({worker("c", 0), worker("d", 0)}, now).size(), 0U)
        << "places are given away once those who had them are gone";
    EXPECT_EQ(watch.workers({worker("c", 0), worker("d", 0)}, now).size(), 2U);
}

TEST(EventWatch, TellsOfAFallenHashrateOnceUntilHalfOfItIsBack)
{
    EventWatch watch{{}};
    const auto rates = [](double m10) { return Hashrates{.m10 = m10, .h1 = 100}; };
    EXPECT_TRUE(watch.hashrate(rates(71), now).empty());
    EXPECT_EQ(names(watch.hashrate(rates(70), now)), Names{"hashrate.drop"});
    EXPECT_TRUE(watch.hashrate(rates(60), now).empty());
    EXPECT_TRUE(watch.hashrate(rates(80), now).empty());
    EXPECT_TRUE(watch.hashrate(rates(65), now).empty());
    EXPECT_TRUE(watch.hashrate(rates(86), now).empty());
    EXPECT_EQ(names(watch.hashrate(rates(65), now)), Names{"hashrate.drop"});
    EXPECT_TRUE(watch.hashrate({}, now).empty());
}

TEST(EventWatch, KnowsTheNameOfEachEventItTells)
{
    EventWatch watch{{}};
    watch.blocks({}, now);
    for (const auto& event : watch.blocks({block("a", "rejected")}, now)) {
        const auto& all = pool_event_names();
        EXPECT_NE(std::find(all.begin(), all.end(), event.name), all.end()) << event.name;
    }
}

}  // namespace
}  // namespace rpc
