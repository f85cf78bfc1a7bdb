#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "tests/unit/stratum/talk.h"

// Names: those that nobody has, that may not come now, or for which there is no room.
namespace tests {
namespace {

using stratum::EndReason;

constexpr std::string_view subscribe =
    R"({"id":1,"method":"mining.subscribe","params":["conf/1.0"]})";
constexpr std::string_view authorize =
    R"({"id":2,"method":"mining.authorize","params":["user.w1","x"]})";

std::string authorizes(std::string_view name, int first, int count)
{
    std::string lines;
    for (int i = first; i < first + count; ++i) {
        lines += R"({"id":1,"method":"mining.authorize","params":[")" + std::string{name} +
                 std::to_string(i) + "\",\"\"]}\n";
    }
    return lines;
}

// A proxy of hundreds of machines has a customer who has mistyped the account of all of his.
TEST(RefusedNames, OfOneCustomerLeaveTheProxyToTheOthers)
{
    for (const bool wrong_ones_first : {false, true}) {
        Talk talk;
        talk.publish(1);
        TalkingMiner proxy{talk, talk.open()};
        proxy.user = "user.w1";
        const std::string good = authorizes("user.w", 1, 100);
        const std::string wrong = authorizes("usr.w", 1, 100);
        proxy.say(subscribe);
        const Lines heard =
            talk.send(proxy.id, wrong_ones_first ? wrong + good : good + wrong + wrong);
        proxy.take_in(heard);
        ASSERT_EQ(talk.end_of(proxy.id), std::nullopt);
        ASSERT_FALSE(proxy.jobs.empty());
        EXPECT_TRUE(contains(heard, R"("result":false,"error":[24,)")) << "each is answered";
        EXPECT_TRUE(contains(proxy.submit(proxy.find()), "true"));
    }
}

TEST(RefusedNames, AreBoundedAllTheSame)
{
    auto options = Talk::default_options();
    options.session.workers_max = 100;
    Talk talk{options};
    talk.publish(1);
    const auto guesses = talk.open();
    talk.say(guesses, subscribe);
    talk.send(guesses, authorizes("usr.w", 0, 31));
    EXPECT_EQ(talk.end_of(guesses), std::nullopt);
    talk.send(guesses, R"({"id":1,"method":"mining.authorize","params":[]})"
                       "\n");
    EXPECT_EQ(talk.end_of(guesses), EndReason::too_many_bad_requests);

    TalkingMiner miner{talk, "user.w1"};
    talk.send(miner.id, authorizes("usr.w", 0, 99));
    EXPECT_TRUE(contains(miner.submit(miner.find()), "true")) << "a good share begins it anew";
    talk.send(miner.id, authorizes("usr.w", 0, 99));
    EXPECT_EQ(talk.end_of(miner.id), std::nullopt);
    talk.send(miner.id, authorizes("usr.w", 0, 1));
    EXPECT_EQ(talk.end_of(miner.id), EndReason::too_many_bad_requests);
}

TEST(RefusedNames, AreThoseThatMayNotComeNowToo)
{
    stratum::Gate gate{stratum::GateOptions{}};
    auto options = Talk::default_options();
    options.gate = &gate;
    Talk talk{options};
    gate.delay_worker("192.0.2.1:1", "user.bad0", talk.now.steady);
    const auto id = talk.open();
    talk.say(id, subscribe);
    for (int i = 0; i < 31; ++i) talk.send(id, authorizes("user.bad", 0, 1));
    EXPECT_EQ(talk.end_of(id), std::nullopt);
    talk.send(id, authorizes("user.bad", 0, 1));
    EXPECT_EQ(talk.end_of(id), EndReason::too_many_bad_requests);
}

// A proxy with more machines than it may have workers asks once for each of them, and stays; who
// goes on asking does not.
TEST(RefusedNames, ForWhichThereIsNoRoomAreBounded)
{
    auto options = Talk::default_options();
    options.session.workers_max = 40;
    Talk talk{options};
    talk.publish(1);
    TalkingMiner proxy{talk, "user.w0"};
    talk.send(proxy.id, authorizes("user.w", 0, 40 + 399));
    EXPECT_EQ(talk.end_of(proxy.id), std::nullopt);
    EXPECT_TRUE(contains(proxy.submit(proxy.find()), "true")) << "a good share begins it anew";
    talk.send(proxy.id, authorizes("user.x", 0, 399));
    EXPECT_EQ(talk.end_of(proxy.id), std::nullopt);
    talk.send(proxy.id, authorizes("user.x", 0, 1));
    EXPECT_EQ(talk.end_of(proxy.id), EndReason::too_many_bad_requests);
}

// Names are free: what an address may have of them is not each connection's own matter.
TEST(WorkerNames, OfAnAddressAreBoundedOverAllItsConnections)
{
    stratum::GateOptions limits;
    limits.address.channels = 20;
    limits.prefix.channels = 30;
    stratum::Gate gate{limits};
    auto options = Talk::default_options();
    options.gate = &gate;
    Talk talk{options};
    talk.publish(1);
    const auto good = [&talk](pool::SessionId id) {
        const Lines lines = talk.send(id, authorizes("user.w", 0, 16));
        return std::count(lines.begin(), lines.end(), R"({"id":1,"result":true,"error":null})");
    };
    const auto from = [&talk](const std::string& peer) {
        const auto id = talk.shard.open(peer, talk.now);
        talk.say(id, subscribe);
        return id;
    };
    const auto first = from("192.0.2.1:1");
    EXPECT_EQ(good(first), 16);
    EXPECT_EQ(good(first), 16) << "the same again are no more";
    EXPECT_EQ(good(from("192.0.2.1:2")), 6) << "its first, and five of those that are left";
    EXPECT_EQ(good(from("192.0.2.2:3")), 11) << "of the prefix, ten";
    EXPECT_EQ(good(from("198.51.100.1:4")), 16);

    // No room for another name: the share counts for its account all the same.
    TalkingMiner miner{talk, from("192.0.2.1:5")};
    miner.user = "user.z";
    miner.say(subscribe);
    miner.say(authorize);
    EXPECT_TRUE(contains(miner.submit(miner.find()), "true"));
    EXPECT_EQ(talk.log.who(talk.log.shares.back()), "user.w1");

    talk.closed(first);
    EXPECT_EQ(good(from("192.0.2.1:6")), 16) << "what went with it is there again";
}

// A proxy takes leave for one of its machines.
class Leave : public ::testing::Test {
protected:
    Leave() { talk.publish(1); }
    Lines take_leave(TalkingMiner& miner, const std::string& params)
    {
        return miner.say(R"({"id":8,"method":"mining.deauthorize","params":[)" + params + "]}");
    }
    void authorise(TalkingMiner& miner, const std::string& user)
    {
        const auto lines =
            miner.say(R"({"id":7,"method":"mining.authorize","params":[")" + user + R"(","x"]})");
        EXPECT_TRUE(contains(lines, R"({"id":7,"result":true,"error":null})"));
    }

    const Lines thanks{R"({"id":8,"result":true,"error":null})"};
    Talk talk;
};

TEST_F(Leave, OfOneNameOfSeveralLeavesTheConnectionToTheOthers)
{
    TalkingMiner proxy{talk, "user.w1"};
    authorise(proxy, "user.w2");
    authorise(proxy, "user2.w3");
    EXPECT_EQ(take_leave(proxy, R"("user.w2")"), thanks);
    EXPECT_EQ(talk.end_of(proxy.id), std::nullopt);
    EXPECT_TRUE(contains(proxy.submit(proxy.find(), "9", "user2.w3"), R"("result":true)"));
    EXPECT_TRUE(contains(proxy.submit(proxy.find(), "9", "user.w1"), R"("result":true)"));
    EXPECT_TRUE(contains(proxy.submit(proxy.find(), "9", "user.w2"), "[24,"));
    EXPECT_TRUE(contains(proxy.submit(proxy.find(), "9", "User.w2"), "[24,")) << "however spelt";
    EXPECT_TRUE(contains(proxy.submit(proxy.find(), "9", "user.w4"), R"("result":true)"))
        << "workers are free text still";
    EXPECT_EQ(talk.log.shares.size(), 3U);

    authorise(proxy, "user.w2");
    EXPECT_TRUE(contains(proxy.submit(proxy.find(), "9", "user.w2"), R"("result":true)"));
}

TEST_F(Leave, OfOneNameAfterTheOtherEndsTheConnectionWithTheLast)
{
    TalkingMiner proxy{talk, "user.w1"};
    authorise(proxy, "user.w2");
    EXPECT_EQ(take_leave(proxy, R"("user.w1")"), thanks);
    EXPECT_EQ(take_leave(proxy, R"("user.w1")"), thanks) << "said twice";
    EXPECT_EQ(take_leave(proxy, R"("nobody.w1")"), thanks) << "nobody of its own";
    EXPECT_EQ(talk.end_of(proxy.id), std::nullopt);
    EXPECT_EQ(take_leave(proxy, R"("user.w2")"), thanks);
    EXPECT_EQ(talk.end_of(proxy.id), stratum::EndReason::asked);
}

TEST_F(Leave, OfTheOnlyNameOrOfNoneInParticularEndsTheConnection)
{
    TalkingMiner alone{talk, "user.w1"};
    EXPECT_EQ(take_leave(alone, R"("user.w1")"), thanks);
    EXPECT_EQ(talk.end_of(alone.id), stratum::EndReason::asked);
    TalkingMiner proxy{talk, "user.w1"};
    authorise(proxy, "user.w2");
    EXPECT_EQ(take_leave(proxy, ""), thanks);
    EXPECT_EQ(talk.end_of(proxy.id), stratum::EndReason::asked);
}

}  // namespace
}  // namespace tests
