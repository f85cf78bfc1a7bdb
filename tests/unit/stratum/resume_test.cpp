#include <chrono>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/unit/stratum/talk.h"

// stratum.resume: a miner that comes back with its session id.
namespace tests {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view accepted = R"({"id":9,"result":true,"error":null})";

stratum::ShardOptions resuming(bool on = true)
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.resume = on;
    return options;
}

// The session id that a new connection is shown.
std::string session_of(Talk& talk, TalkingMiner& miner)
{
    const Lines lines =
        talk.say(miner.id, R"({"id":1,"method":"mining.subscribe","params":["conf/1.0"]})");
    constexpr std::string_view before = R"([["mining.set_difficulty",")";
    const std::size_t at = lines.empty() ? lines.max_size() : lines[0].find(before);
    return at == std::string::npos ? "" : lines[0].substr(at + before.size(), 16);
}

struct Back {
    TalkingMiner miner;
    Lines said;
};
Back come_back(Talk& talk, const std::string& session, const std::string& user = "user.w1")
{
    Back back{TalkingMiner{talk, talk.open()}, {}};
    back.miner.user = user;
    back.said = back.miner.say(R"({"id":1,"method":"mining.subscribe","params":["conf/1.0",")" +
                               session + "\"]}");
    back.miner.say(R"({"id":2,"method":"mining.authorize","params":[")" + user + R"(","x"]})");
    return back;
}

TEST(Resume, GivesTheExtranonceBackAndTakesSharesOfBeforeOnceEach)
{
    Talk talk{resuming()};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const std::string session = session_of(talk, miner);
    ASSERT_EQ(session.size(), 16U);
    const auto sent = miner.find();
    const auto queued = miner.find();
    EXPECT_EQ(miner.submit(sent), Lines{std::string{accepted}});
    talk.closed(miner.id);
    talk.pass(seconds{100});
    talk.publish(1);

    Back back = come_back(talk, session);
    ASSERT_TRUE(contains(back.said, "\"" + miner.extranonce1 + "\"")) << back.said[0];
    EXPECT_TRUE(contains(back.said, session)) << "it may part and come back again";
    EXPECT_TRUE(contains(back.miner.submit(sent), "[22,\"Duplicate share\",null]"));
    EXPECT_EQ(back.miner.submit(queued), Lines{std::string{accepted}});
    EXPECT_TRUE(contains(back.miner.submit(queued), "[22,"));
    EXPECT_EQ(back.miner.submit(back.miner.find()), Lines{std::string{accepted}});
    EXPECT_EQ(talk.shard.metrics().resumed.value(), 1U);
    EXPECT_EQ(talk.log.shares.size(), 3U);
}

// With a stranger's session id comes his extranonce: what is seen of one connection, its number and
// where prefixes begin, must not tell another's.
TEST(Resume, NamesSessionsByASecretOfItsOwn)
{
    const auto named = [](std::uint64_t seed, std::uint8_t secret) {
        stratum::ShardOptions options = resuming();
        options.seed = seed;
        options.session_key.back() = secret;
        Talk talk{options};
        TalkingMiner miner{talk, "user.w1"};
        return session_of(talk, miner);
    };
    EXPECT_EQ(named(1, 7), named(1, 7));
    EXPECT_NE(named(1, 7), named(1, 8));
    EXPECT_EQ(named(1, 7), named(2, 7)) << "nothing of the seed is in it";
}

TEST(Resume, NeverGivesAnExtranonceThatIsInUse)
{
    Talk talk{resuming()};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const std::string session = session_of(talk, miner);
    const Back early = come_back(talk, session);
    EXPECT_FALSE(contains(early.said, miner.extranonce1));
    talk.closed(miner.id);
    const Back first = come_back(talk, session);
    const Back second = come_back(talk, session);
    EXPECT_TRUE(contains(first.said, miner.extranonce1));
    EXPECT_FALSE(contains(second.said, miner.extranonce1));
}

TEST(Resume, EndsWithTheLeaseAndCanBeOff)
{
    Talk talk{resuming()};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const std::string session = session_of(talk, miner);
    talk.closed(miner.id);
    talk.pass(minutes{10});
    EXPECT_FALSE(contains(come_back(talk, session).said, miner.extranonce1));

    Talk off{resuming(false)};
    off.publish(1);
    TalkingMiner other{off, "user.w1"};
    const std::string known = session_of(off, other);
    off.closed(other.id);
    EXPECT_FALSE(contains(come_back(off, known).said, other.extranonce1));
}

TEST(Resume, LeavesTheJobsOfBeforeToTheSameAccountOnly)
{
    Talk talk{resuming()};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const std::string session = session_of(talk, miner);
    const auto queued = miner.find();
    talk.closed(miner.id);
    talk.publish(1);
    Back thief = come_back(talk, session, "user2.w1");
    EXPECT_TRUE(contains(thief.said, miner.extranonce1));
    EXPECT_TRUE(contains(thief.miner.submit(queued), "[21,\"Job not found\",null]"));
    EXPECT_EQ(thief.miner.submit(thief.miner.find()), Lines{std::string{accepted}});
}

// It named a session that another account has: a copied configuration, a proxy's mistake, a thief.
TEST(Resume, MovesAnotherAccountToAPrefixOfItsOwnWhereItCanBeTold)
{
    for (const auto* asks :
         {R"({"id":3,"method":"mining.extranonce.subscribe","params":[]})",
          R"({"id":3,"method":"mining.configure","params":[["subscribe-extranonce"],{}]})"}) {
        Talk talk{resuming()};
        talk.publish(1);
        TalkingMiner miner{talk, "user.w1"};
        const std::string session = session_of(talk, miner);
        const auto queued = miner.find();
        talk.closed(miner.id);

        TalkingMiner other{talk, talk.open()};
        other.user = "user2.w1";
        other.say(R"({"id":1,"method":"mining.subscribe","params":["conf/1.0",")" + session +
                  "\"]}");
        ASSERT_EQ(other.extranonce1, miner.extranonce1);
        other.say(asks);
        const Lines said =
            other.say(R"({"id":2,"method":"mining.authorize","params":["user2.w1","x"]})");
        ASSERT_EQ(said.size(), 4U) << "reply, prefix, difficulty, job";
        EXPECT_EQ(said[0], R"({"id":2,"result":true,"error":null})");
        EXPECT_TRUE(
            said[1].starts_with(R"({"id":null,"method":"mining.set_extranonce","params":[")"))
            << said[1];
        EXPECT_TRUE(said[1].ends_with(R"(",8]})")) << said[1];
        EXPECT_TRUE(said[3].find("mining.notify") != std::string::npos &&
                    said[3].ends_with(",true]}"))
            << said[3];
        EXPECT_NE(other.extranonce1, miner.extranonce1) << "as the miner has read it";
        EXPECT_EQ(other.submit(other.find()), Lines{std::string{accepted}});
        EXPECT_EQ(talk.shard.metrics().prefixes_moved.value(), 1U);

        Back owner = come_back(talk, session);
        EXPECT_TRUE(contains(owner.said, "\"" + miner.extranonce1 + "\"")) << owner.said[0];
        EXPECT_EQ(owner.miner.submit(queued), Lines{std::string{accepted}});
    }
}

TEST(Resume, IsStillThereForItsOwnerWhenSomebodyNamedItAndWentAway)
{
    Talk talk{resuming()};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const std::string session = session_of(talk, miner);
    const auto queued = miner.find();
    talk.closed(miner.id);
    const pool::SessionId nobody = talk.open();
    EXPECT_TRUE(contains(talk.say(nobody, R"({"id":1,"method":"mining.subscribe","params":["x",")" +
                                              session + "\"]}"),
                         miner.extranonce1));
    talk.closed(nobody);
    Back owner = come_back(talk, session);
    EXPECT_TRUE(contains(owner.said, miner.extranonce1));
    EXPECT_EQ(owner.miner.submit(queued), Lines{std::string{accepted}});
}

// Between a job and its shares a prefix stays what it was.
TEST(Resume, MovesNobodyWhoHasAJobAlready)
{
    Talk talk{resuming()};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const std::string session = session_of(talk, miner);
    talk.closed(miner.id);
    TalkingMiner other{talk, talk.open()};
    other.user = "user2.w1";
    other.say(R"({"id":1,"method":"mining.subscribe","params":["conf/1.0",")" + session + "\"]}");
    other.say(R"({"id":3,"method":"mining.extranonce.subscribe","params":[]})");
    talk.publish(1);
    talk.pass(seconds{4});
    other.take_in(talk.hear(other.id));
    ASSERT_EQ(other.jobs.size(), 1U);
    const auto early = other.find();
    const Lines said =
        other.say(R"({"id":2,"method":"mining.authorize","params":["user2.w1","x"]})");
    EXPECT_FALSE(contains(said, "set_extranonce"));
    EXPECT_EQ(other.submit(early), Lines{std::string{accepted}});
}

// Firmware begins its extranonce anew with the first job of a connection: the same work would bring
// the same shares, and each of them a refusal.
TEST(Resume, SendsOtherWorkWhereTheSameJobIsStillTheCurrentOne)
{
    Talk talk{resuming()};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const std::string session = session_of(talk, miner);
    const auto sent = miner.find();
    const auto queued = miner.find();
    EXPECT_EQ(miner.submit(sent), Lines{std::string{accepted}});
    talk.closed(miner.id);

    Back back = come_back(talk, session);
    EXPECT_TRUE(contains(back.said, miner.extranonce1));
    talk.pass(seconds{1});
    back.miner.take_in(talk.hear(back.miner.id));
    ASSERT_EQ(back.miner.jobs.size(), 1U);
    EXPECT_NE(back.miner.jobs[0]->id, miner.jobs[0]->id);
    EXPECT_NE(back.miner.jobs[0]->coinbase_suffix, miner.jobs[0]->coinbase_suffix);
    EXPECT_TRUE(contains(back.miner.submit(sent), "[22,"));
    EXPECT_EQ(back.miner.submit(queued), Lines{std::string{accepted}});
    EXPECT_EQ(back.miner.submit(back.miner.find()), Lines{std::string{accepted}});
}

// The promise for a job is frozen, whatever difficulty the miner begins with when it is back.
TEST(Resume, KeepsThePromiseForTheJobThatIsStillTheCurrentOne)
{
    Talk talk{resuming()};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const std::string session = session_of(talk, miner);
    const auto harder = pool::target_of(pool::Difficulty{-16});
    const auto queued = miner.find({.not_target = harder});
    talk.closed(miner.id);
    Back back{TalkingMiner{talk, talk.open()}, {}};
    back.miner.user = "user.w1";
    back.miner.say(R"({"id":1,"method":"mining.subscribe","params":["conf/1.0",")" + session +
                   "\"]}");
    back.miner.say(
        R"({"id":2,"method":"mining.authorize","params":["user.w1","d=0.0000152587890625"]})");
    EXPECT_EQ(back.miner.submit(queued), Lines{std::string{accepted}});
    talk.pass(seconds{1});
    EXPECT_EQ(back.miner.submit(back.miner.find()), Lines{std::string{accepted}});
}

// With the nodes silent there is no other work: the same is better than none.
TEST(Resume, SendsTheSameWorkAgainWhenThereIsNoOther)
{
    Talk talk{resuming()};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const std::string session = session_of(talk, miner);
    const auto sent = miner.find();
    EXPECT_EQ(miner.submit(sent), Lines{std::string{accepted}});
    talk.pass(minutes{3});
    talk.closed(miner.id);
    Back back = come_back(talk, session);
    EXPECT_TRUE(back.miner.jobs.empty());
    talk.pass(seconds{10});
    back.miner.take_in(talk.hear(back.miner.id));
    ASSERT_EQ(back.miner.jobs.size(), 1U);
    EXPECT_EQ(back.miner.jobs[0]->id, miner.jobs[0]->id);
    EXPECT_TRUE(contains(back.miner.submit(sent), "[22,"));
    back.miner.find();  // what it had before
    EXPECT_EQ(back.miner.submit(back.miner.find()), Lines{std::string{accepted}});
}

TEST(Resume, RemembersJobsOfBeforeTheFirstBreakAfterTheSecond)
{
    Talk talk{resuming()};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const std::string session = session_of(talk, miner);
    const auto queued = miner.find();
    talk.closed(miner.id);
    talk.publish(1);
    Back second = come_back(talk, session);
    ASSERT_FALSE(second.miner.jobs.empty());
    const auto later = second.miner.find();
    talk.closed(second.miner.id);
    talk.publish(1);
    Back third = come_back(talk, session);
    EXPECT_EQ(third.miner.submit(queued), Lines{std::string{accepted}});
    EXPECT_EQ(third.miner.submit(later), Lines{std::string{accepted}});
}

}  // namespace
}  // namespace tests
