#include "stratum/known_difficulties.h"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/stratum/talk.h"

namespace tests {
namespace {

using std::chrono::hours;
using stratum::KnownDifficulties;

constexpr pool::SteadyTime start = pool::SteadyTime{} + hours{1};

TEST(KnownDifficulties, AreKeptForADayByAddressAndWorker)
{
    KnownDifficulties known;
    known.note("192.0.2.1:4000", "user.w1", {17}, start);
    EXPECT_EQ(known.of("192.0.2.1:5000", "user.w1", start), pool::Difficulty{17});
    EXPECT_FALSE(known.of("192.0.2.2:4000", "user.w1", start)) << "nobody spoils another's";
    EXPECT_FALSE(known.of("192.0.2.1:4000", "user.w2", start));
    known.note("192.0.2.1:4000", "user.w1", {18}, start + hours{1});
    EXPECT_EQ(known.of("192.0.2.1:1", "user.w1", start + hours{24}), pool::Difficulty{18});
    EXPECT_FALSE(known.of("192.0.2.1:1", "user.w1", start + hours{25}));
}

TEST(KnownDifficulties, AreBounded)
{
    KnownDifficulties known{2};
    known.note("192.0.2.1:1", "user.a", {1}, start);
    known.note("192.0.2.1:1", "user.b", {2}, start + hours{12});
    known.note("192.0.2.1:1", "user.c", {3}, start + hours{13});
    EXPECT_FALSE(known.of("192.0.2.1:1", "user.c", start + hours{13}));
    known.note("192.0.2.1:1", "user.b", {4}, start + hours{13});
    EXPECT_EQ(known.of("192.0.2.1:1", "user.b", start + hours{13}), pool::Difficulty{4});
    known.note("192.0.2.1:1", "user.d", {5}, start + hours{24});
    EXPECT_EQ(known.of("192.0.2.1:1", "user.d", start + hours{24}), pool::Difficulty{5});
}

TEST(KnownDifficulties, AreWhereAMinerThatComesBackBegins)
{
    KnownDifficulties known;
    stratum::ShardOptions options = Talk::default_options();
    options.known = &known;
    options.session.difficulty.vary = true;
    Talk talk{options};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    TalkingMiner idle{talk, "user.idle"};
    EXPECT_TRUE(contains(miner.submit(miner.find()), "true"));
    talk.closed(miner.id);
    talk.closed(idle.id);
    EXPECT_EQ(known.of("192.0.2.1:4000", "user.w1", talk.now.steady),
              options.session.difficulty.start);
    EXPECT_FALSE(known.of("192.0.2.1:4000", "user.idle", talk.now.steady)) << "proven by no share";

    known.note("192.0.2.1:1", "user.fast", {-20}, talk.now.steady);
    const auto first_of = [&talk](std::string_view password) {
        const auto id = talk.open();
        talk.say(id, R"({"id":1,"method":"mining.subscribe","params":["conf/1.0"]})");
        const Lines lines =
            talk.say(id, R"({"id":2,"method":"mining.authorize","params":["user.fast",")" +
                             std::string{password} + "\"]}");
        return lines.size() > 1 ? lines[1] : "";
    };
    EXPECT_TRUE(first_of("x").find("[0.00000095367431640625]") != std::string::npos);
    EXPECT_TRUE(first_of("th=0.000001").find("[0.0009765625]") != std::string::npos);
    EXPECT_TRUE(first_of("d=2").find("[2]") != std::string::npos) << "who asks is given";
}

// What a miner asks for goes before what is remembered of it, whenever it asks: firmware does so
// before authorize or behind it, as it was written.
TEST(KnownDifficulties, GiveWayToWhatAMinerAsksForItself)
{
    KnownDifficulties known;
    stratum::ShardOptions options = Talk::default_options();
    options.known = &known;
    options.session.difficulty.vary = true;
    known.note("192.0.2.1:1", "user.fast", {-20}, start);
    const std::string subscribe = R"({"id":1,"method":"mining.subscribe","params":[]})";
    const std::string authorize = R"({"id":2,"method":"mining.authorize","params":["user.fast"]})";
    const std::string wish = R"({"id":3,"method":"mining.suggest_difficulty","params":[0.25]})";
    const std::string target =
        R"({"id":3,"method":"mining.suggest_target","params":["00000003fffc)" +
        std::string(52, '0') + "\"]}";
    for (const std::string& words :
         {wish + '\n' + subscribe + '\n' + authorize, subscribe + '\n' + wish + '\n' + authorize,
          subscribe + '\n' + authorize + '\n' + wish,
          target + '\n' + subscribe + '\n' + authorize}) {
        Talk talk{options};
        const auto id = talk.open();
        talk.say(id, words);
        talk.publish(1);
        const Lines lines = talk.hear(id);
        ASSERT_FALSE(lines.empty());
        EXPECT_TRUE(contains(lines, "mining.set_difficulty\",\"params\":[0.25]"))
            << words << lines[0];
    }
}

}  // namespace
}  // namespace tests
