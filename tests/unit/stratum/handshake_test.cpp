#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <malloc.h>

#include "tests/unit/stratum/talk.h"

// Everything before the first share: the areas framing to notify of the Stratum v1 checklist.
namespace tests {
namespace {

using std::chrono::seconds;
using stratum::EndReason;

constexpr std::string_view subscribe =
    R"({"id":1,"method":"mining.subscribe","params":["conf/1.0"]})";
constexpr std::string_view authorize =
    R"({"id":2,"method":"mining.authorize","params":["user.w1","x"]})";
constexpr std::string_view configure =
    R"({"id":0,"method":"mining.configure","params":[["version-rolling"],)"
    R"({"version-rolling.mask":"ffffffff","version-rolling.min-bit-count":2}]})";

std::string start_of(const Lines& lines, std::size_t at, std::size_t length)
{
    return at < lines.size() ? lines[at].substr(0, length) : "";
}

TEST(Handshake, AnswersEachRequestFirstThenSaysTheDifficultyThenTheJob)
{
    Talk talk;
    talk.publish(1);
    const auto id = talk.open();
    EXPECT_EQ(talk.say(id, configure),
              Lines{R"({"id":0,"result":{"version-rolling":true,)"
                    R"("version-rolling.mask":"1fffe000"},"error":null})"});
    const Lines subscribed = talk.say(id, subscribe);
    ASSERT_EQ(subscribed.size(), 1U);
    EXPECT_TRUE(subscribed[0].starts_with(R"({"id":1,"result":[[["mining.set_difficulty",")"));
    EXPECT_NE(subscribed[0].find(R"(]],"07000001",8],"error":null})"), std::string::npos)
        << subscribed[0];

    const Lines authorized = talk.say(id, authorize);
    ASSERT_EQ(authorized.size(), 4U);
    EXPECT_EQ(authorized[0], R"({"id":2,"result":true,"error":null})");
    EXPECT_EQ(authorized[1],
              R"({"id":null,"method":"mining.set_version_mask","params":["1fffe000"]})");
    EXPECT_EQ(authorized[2], R"({"id":null,"method":"mining.set_difficulty",)"
                             R"("params":[0.0000002384185791015625]})");
    EXPECT_EQ(start_of(authorized, 3, 51),
              R"({"id":null,"method":"mining.notify","params":["6a00)");
    EXPECT_TRUE(authorized[3].ends_with(",true]}"));
}

TEST(Handshake, MayComeInOneSegmentAndIsAnsweredInOrder)
{
    Talk talk;
    talk.publish(1);
    const auto id = talk.open();
    const Lines lines = talk.say(id, std::string{configure} + "\r\n" + std::string{subscribe} +
                                         "\n" + std::string{authorize});
    ASSERT_EQ(lines.size(), 6U);
    EXPECT_EQ(start_of(lines, 0, 7), R"({"id":0)");
    EXPECT_EQ(start_of(lines, 1, 7), R"({"id":1)");
    EXPECT_EQ(start_of(lines, 2, 7), R"({"id":2)");
}

TEST(Handshake, MayComeByteByByte)
{
    Talk talk;
    talk.publish(1);
    const auto id = talk.open();
    const std::string text = std::string{subscribe} + "\n" + std::string{authorize} + "\n";
    Lines lines;
    for (const char c : text) {
        for (auto& line : talk.send(id, {&c, 1})) lines.push_back(std::move(line));
    }
    EXPECT_EQ(lines.size(), 4U);
}

TEST(Handshake, SendsNoVersionMaskToThoseThatDidNotAsk)
{
    Talk talk;
    talk.publish(1);
    const auto id = talk.open();
    talk.say(id, subscribe);
    const Lines lines = talk.say(id, authorize);
    EXPECT_EQ(lines.size(), 3U);
    EXPECT_FALSE(contains(lines, "set_version_mask"));
}

TEST(Handshake, SaysNothingUnasked)
{
    Talk talk;
    talk.publish(1);
    const auto id = talk.open();
    talk.pass(seconds{2});
    talk.publish(1);
    EXPECT_TRUE(talk.hear(id).empty());
}

TEST(Handshake, WorksInEitherOrder)
{
    Talk talk;
    talk.publish(1);
    const auto id = talk.open();
    EXPECT_EQ(talk.say(id, authorize), Lines{R"({"id":2,"result":true,"error":null})"});
    const Lines lines = talk.say(id, subscribe);
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_TRUE(contains(lines, "mining.notify"));
}

TEST(Handshake, WaitsForTheFirstJob)
{
    Talk talk;
    const auto id = talk.open();
    talk.say(id, subscribe);
    EXPECT_EQ(talk.say(id, authorize).size(), 1U);
    talk.publish(1);
    EXPECT_EQ(talk.hear(id).size(), 2U);
}

TEST(Configure, IntersectsTheMask)
{
    Talk talk;
    const auto id = talk.open();
    EXPECT_TRUE(contains(
        talk.say(id, R"({"id":5,"method":"mining.configure","params":[["version-rolling"],)"
                     R"({"version-rolling.mask":"00c0000f"}]})"),
        R"("version-rolling.mask":"00c00000")"));
    EXPECT_TRUE(contains(
        talk.say(id, R"({"id":6,"method":"mining.configure","params":[["version-rolling"],{}]})"),
        R"("version-rolling.mask":"1fffe000")"));
    EXPECT_TRUE(contains(
        talk.say(id, R"({"id":7,"method":"mining.configure","params":[["version-rolling"]]})"),
        R"("version-rolling.mask":"1fffe000")"));
    EXPECT_EQ(talk.say(id, R"({"id":8,"method":"mining.configure","params":[["version-rolling"],)"
                           R"({"version-rolling.mask":"0000000f"}]})"),
              Lines{R"({"id":8,"result":{"version-rolling":false},"error":null})"});
}

TEST(Configure, OffersOnlyWhatTheChainLeavesToMiners)
{
    Talk talk;
    const auto job = talk.make_job(1);
    job->rolling_mask = 0x0fffe000;  // bit 28 is required by the chain
    job->version = 0x30000000;
    talk.publish(job);
    const auto id = talk.open();
    EXPECT_TRUE(contains(talk.say(id, configure), R"("version-rolling.mask":"0fffe000")"));
}

TEST(Configure, RefusesGarbageAndStays)
{
    Talk talk;
    const auto id = talk.open();
    EXPECT_EQ(talk.say(id, R"({"id":6,"method":"mining.configure","params":"x"})"),
              Lines{R"({"id":6,"result":null,"error":[20,"Invalid params",null]})"});
    EXPECT_FALSE(talk.end_of(id).has_value());
    EXPECT_EQ(talk.say(id, subscribe).size(), 1U);
}

TEST(Configure, RaisesTheFloorByMinimumDifficulty)
{
    Talk talk;
    const auto job = talk.make_job(1);
    job->network_target = pool::target_of({30});
    talk.publish(job);
    const auto id = talk.open();
    talk.say(id, R"({"id":5,"method":"mining.configure","params":[["minimum-difficulty"],)"
                 R"({"minimum-difficulty.value":5}]})");
    talk.say(id, subscribe);
    EXPECT_TRUE(contains(talk.say(id, authorize), R"("mining.set_difficulty","params":[8]})"));
}

// Two promises not to go below: neither undoes the other, and each is changed by its own words
// only.
TEST(Configure, KeepsItsFloorWhateverThePasswordSays)
{
    Talk talk;
    const auto job = talk.make_job(1);
    job->network_target = pool::target_of({30});
    talk.publish(job);
    TalkingMiner miner{talk, talk.open()};
    const auto configures = [&miner](std::string_view value) {
        miner.say(R"({"id":5,"method":"mining.configure","params":[["minimum-difficulty"],)"
                  R"({"minimum-difficulty.value":)" +
                  std::string{value} + "}]}");
    };
    const auto authorizes = [&miner](std::string_view password) {
        miner.say(R"({"id":2,"method":"mining.authorize","params":["user.w1",")" +
                  std::string{password} + R"("]})");
    };
    const auto next_difficulty = [&] {
        const auto next = talk.make_job(1);
        next->network_target = pool::target_of({30});
        talk.publish(next);
        talk.pass(seconds{60});
        miner.take_in(talk.hear(miner.id));
        return miner.difficulties.back();
    };
    configures("2048");
    miner.say(subscribe);
    authorizes("md=1");
    EXPECT_EQ(miner.difficulties.back(), 2048);
    authorizes("md=4096");
    EXPECT_EQ(next_difficulty(), 4096);
    configures("512");
    EXPECT_EQ(next_difficulty(), 4096);
    authorizes("md=1");
    EXPECT_EQ(next_difficulty(), 512);
}

TEST(Subscribe, TakesAnyParameters)
{
    for (const std::string_view params :
         {R"(,"params":[])", "", R"(,"params":null)", R"(,"params":[123,null,"pool.example",3333])",
          R"(,"params":["cgminer/4.12","deadbeefdeadbeef"])", R"(,"params":{})"}) {
        Talk talk;
        const auto id = talk.open();
        EXPECT_TRUE(contains(
            talk.say(id, R"({"id":1,"method":"mining.subscribe")" + std::string{params} + "}"),
            R"(,"07000001",8],"error":null})"))
            << params;
    }
}

TEST(Subscribe, KeepsThePrefixWhenAskedAgain)
{
    Talk talk;
    talk.publish(1);
    const auto id = talk.open();
    const Lines first = talk.say(id, subscribe);
    talk.say(id, authorize);
    EXPECT_EQ(talk.say(id, subscribe), first);
}

TEST(Subscribe, GivesEveryConnectionItsOwnPrefix)
{
    Talk talk;
    std::set<std::string> prefixes;
    for (int i = 0; i < 10'000; ++i) {
        const auto id = talk.open();
        const Lines lines = talk.say(id, subscribe);
        ASSERT_EQ(lines.size(), 1U);
        const std::size_t at = lines[0].find("]],\"");
        ASSERT_TRUE(prefixes.insert(lines[0].substr(at + 4, 8)).second);
        talk.closed(id);
    }
}

TEST(Subscribe, RefusesWhenPrefixesAreUsedUp)
{
    stratum::ShardOptions options = Talk::default_options();
    options.prefixes = {0x07000000, 1};
    Talk talk{options};
    const auto first = talk.open();
    talk.say(first, subscribe);
    const auto second = talk.open();
    EXPECT_TRUE(contains(talk.say(second, subscribe), "No extranonce left"));
    EXPECT_EQ(talk.end_of(second), EndReason::no_prefix_left);
}

TEST(Subscribe, KeepsNiceHashAboveItsMinimum)
{
    Talk talk;
    const auto job = talk.make_job(1);
    job->network_target = pool::target_of({40});
    talk.publish(job);
    const auto id = talk.open();
    talk.say(id, R"({"id":1,"method":"mining.subscribe","params":["NiceHash/1.0.0"]})");
    EXPECT_TRUE(contains(talk.say(id, authorize), R"("params":[524288]})"));
}

TEST(Subscribe, KeepsNiceHashAboveItsMinimumWhateverElseIsAskedFor)
{
    const auto first_difficulty = [](std::string_view wish, std::string_view password) {
        Talk talk;
        const auto job = talk.make_job(1);
        job->network_target = pool::target_of({40});
        talk.publish(job);
        const auto id = talk.open();
        talk.say(id, R"({"id":1,"method":"mining.subscribe","params":["NiceHash/1.0.0"]})");
        talk.say(id, R"({"id":5,"method":"mining.configure","params":[["minimum-difficulty"],)"
                     R"({"minimum-difficulty.value":)" +
                         std::string{wish} + "}]}");
        const Lines lines =
            talk.say(id, R"({"id":2,"method":"mining.authorize","params":["user.w1",")" +
                             std::string{password} + R"("]})");
        return lines.size() < 2 ? "" : lines[1];
    };
    EXPECT_TRUE(first_difficulty("64", "x").ends_with(R"("params":[524288]})"));
    EXPECT_TRUE(first_difficulty("64", "md=64").ends_with(R"("params":[524288]})"));
    EXPECT_TRUE(first_difficulty("64", "fd=64").ends_with(R"("params":[524288]})"));
    EXPECT_TRUE(first_difficulty("64", "md=2097152").ends_with(R"("params":[2097152]})"));
}

TEST(Subscribe, GivesWorkToThoseThatNeverAuthorize)
{
    Talk talk;
    talk.publish(1);
    const auto id = talk.open();
    talk.say(id, subscribe);
    talk.pass(seconds{2});
    EXPECT_TRUE(talk.hear(id).empty());
    talk.pass(seconds{1});
    EXPECT_EQ(talk.hear(id).size(), 2U);
    // Authorize is answered, and followed by other work: the same is not sent again.
    EXPECT_EQ(talk.say(id, authorize).size(), 3U);
}

TEST(Authorize, TakesAnyPassword)
{
    for (const std::string_view password : {R"(,"")", "", ",null", ",123", ",[]"}) {
        Talk talk;
        const auto id = talk.open();
        talk.say(id, subscribe);
        EXPECT_EQ(talk.say(id, R"({"id":2,"method":"mining.authorize","params":["user.w1")" +
                                   std::string{password} + "]}"),
                  Lines{R"({"id":2,"result":true,"error":null})"})
            << password;
    }
}

TEST(Authorize, ExplainsARefusalAndKeepsTheConnection)
{
    Talk talk;
    talk.publish(1);
    const auto id = talk.open();
    talk.say(id, subscribe);
    EXPECT_EQ(talk.say(id, R"({"id":2,"method":"mining.authorize","params":["nobody.w","x"]})"),
              Lines{R"({"id":2,"result":false,"error":[24,"Unknown user 'nobody': use a Bitcoin )"
                    R"(address of this chain or a registered account name",null]})"});
    EXPECT_TRUE(
        contains(talk.say(id, R"({"id":3,"method":"mining.authorize","params":["","x"]})"), "24"));
    EXPECT_TRUE(contains(talk.say(id, R"({"id":4,"method":"mining.authorize","params":[]})"),
                         R"({"id":4,"result":false,"error":[24,)"));
    talk.pass(seconds{10});
    EXPECT_FALSE(talk.end_of(id).has_value());
    EXPECT_TRUE(talk.hear(id).empty());
    EXPECT_EQ(talk.say(id, authorize).size(), 3U);
}

TEST(Authorize, NamesTheRightChainForAForeignAddress)
{
    Talk talk;
    const auto id = talk.open();
    const Lines lines =
        talk.say(id, R"({"id":2,"method":"mining.authorize",)"
                     R"("params":["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4.w","x"]})");
    EXPECT_TRUE(contains(lines, "[24,"));
    EXPECT_TRUE(contains(lines, "regtest"));
}

TEST(Authorize, SanitisesTheWorkerName)
{
    Talk talk;
    TalkingMiner miner{talk, "user.w1"};
    EXPECT_EQ(miner.say(R"({"id":13,"method":"mining.authorize",)"
                        R"("params":["user.<script>\r\nSET x 1;--%s\u0000","x"]})"),
              Lines{R"({"id":13,"result":true,"error":null})"});
    const auto shots = talk.shard.snapshot(talk.now);
    ASSERT_EQ(shots.size(), 1U);
    ASSERT_EQ(shots[0].workers.size(), 2U);
    EXPECT_EQ(shots[0].workers[1].worker, "_script___SET_x_1_--_s_");
}

TEST(Authorize, CapsTheWorkersOfAConnection)
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.workers_max = 16;
    Talk talk{options};
    TalkingMiner miner{talk, "user.w0"};
    for (int i = 1; i < 150; ++i) {
        const Lines lines = miner.say(R"({"id":3,"method":"mining.authorize","params":["user.w)" +
                                      std::to_string(i) + R"("]})");
        EXPECT_TRUE(contains(lines, i < 16 ? R"("result":true)" : R"("error":[24,"Too many)")) << i;
    }
    EXPECT_EQ(talk.shard.snapshot(talk.now)[0].workers.size(), 16U);
}

// Blanks around a name are ignored, so they must not be kept either: a line of them for each of a
// thousand workers would be eight megabytes a connection.
TEST(Authorize, KeepsNoBlanksAroundNames)
{
    Talk talk;
    TalkingMiner miner{talk, "user.w0"};
    const std::string blanks(8000, ' ');
    const auto authorize_some = [&](int from, int to) {
        for (int i = from; i < to; ++i) {
            const Lines lines =
                miner.say(R"({"id":3,"method":"mining.authorize","params":["user.w)" +
                          std::to_string(i) + blanks + R"(","x"]})");
            EXPECT_TRUE(contains(lines, R"("result":true)")) << i;
        }
    };
    authorize_some(1, 100);
    const std::size_t before = mallinfo2().uordblks;
    authorize_some(100, 600);
    EXPECT_LT(mallinfo2().uordblks, before + (std::size_t{1} << 20));
    EXPECT_EQ(talk.shard.snapshot(talk.now)[0].workers.size(), 600U);
    talk.publish(1);
    miner.take_in(talk.hear(miner.id));
    EXPECT_TRUE(contains(miner.submit(miner.find(), "9", "  user.w7 "), R"("result":true)"));
    EXPECT_EQ(talk.shard.snapshot(talk.now)[0].workers[7].counts.accepted, 1U);
}

TEST(Authorize, AppliesThePasswordsDifficulty)
{
    const auto first_difficulty = [](std::string_view password) {
        Talk talk;
        const auto job = talk.make_job(1);
        job->network_target = pool::target_of({50});
        talk.publish(job);
        const auto id = talk.open();
        talk.say(id, subscribe);
        const Lines lines =
            talk.say(id, R"({"id":2,"method":"mining.authorize","params":["user.w1",")" +
                             std::string{password} + R"("]})");
        EXPECT_EQ(lines.size(), 3U);
        const std::size_t at = start_of(lines, 1, 100).find(":[");
        return start_of(lines, 1, 100).substr(at + 2);
    };
    EXPECT_EQ(first_difficulty("x, D=4"), "4]}");
    EXPECT_EQ(first_difficulty("d=5"), "4]}");
    EXPECT_EQ(first_difficulty("d=1e200"), "1099511627776]}");  // 2^40, the port's highest
    EXPECT_EQ(first_difficulty("d=1e-200"), "0.000000000931322574615478515625]}");  // 2^-30
    EXPECT_EQ(first_difficulty("th=0.01"), "8]}");  // 10 GH/s, ten shares a minute: 13.97
    EXPECT_EQ(first_difficulty("d=64,maxd=9"), "8]}");
    EXPECT_EQ(first_difficulty("md=16,maxd=4"), "16]}");  // a promise not to go below comes first
    EXPECT_EQ(first_difficulty("d=-5,d=nan,d=1e999,d=,md=x"), "0.0000002384185791015625]}");
}

TEST(Difficulty, IsNeverHarderThanABlock)
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.difficulty = {.min = {0}, .max = {40}, .start = {16}};
    Talk talk{options};
    const auto job = talk.make_job(1);
    // Regtest: 0x207fffff, half of all hashes. 2^-32 is 0xffff * 2^240, 2^-31 half of that.
    job->network_target = *pool::target_from_compact({0x207fffff});
    talk.publish(job);
    TalkingMiner miner{talk, "user.w"};
    ASSERT_EQ(miner.difficulties.size(), 1U);
    EXPECT_GE(pool::target_of({-32}), job->network_target);
    EXPECT_LT(miner.difficulties[0], 1e-9);
}

}  // namespace
}  // namespace tests
