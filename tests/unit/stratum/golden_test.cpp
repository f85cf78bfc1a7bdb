#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/bitcoin/target.h"
#include "pool/work/job.h"
#include "pool/work/template.h"
#include "stratum/v1/render.h"
#include "tests/unit/stratum/talk.h"

// The two worked examples of the Stratum v1 study: block 170 of mainnet, and a made-up job with a
// witness commitment, three branches and rolled version bits (verified with Python's hashlib).
namespace tests {
namespace {

constexpr std::string_view notify_170 =
    R"({"id":null,"method":"mining.notify","params":["aa",)"
    R"("0a84bd55d08a7978683f85da183d4f97dbd12b3e1f2c846a2a22cfee00000000",)"
    R"("01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0704",)"
    R"("ffffffff0100f2052a01000000434104d46c4968bde02899d2aa0963367c7a6ce34eec332b32e42e5f3407e052d)"
    R"(64ac625da6f0718e7b302140434bd725706957c092db53805b821a85b23a7ac61725bac00000000",)"
    R"(["169e1e83e930853391bc6f35f605c6754cfead57cf8387639d3b4096c54f18f4"],)"
    R"("00000001","1d00ffff","496ab951",true]})";

std::shared_ptr<pool::Job> job_170(const pool::Uint256& network_target)
{
    auto job = std::make_shared<pool::Job>();
    job->id = {0xaa};
    job->height = {170};
    job->previous.bytes = *pool::digest_from_display_hex(
        "000000002a22cfee1f2c846adbd12b3e183d4f97683f85dad08a79780a84bd55");
    job->version = 1;
    job->rolling_mask = pool::rolling_mask_v1;
    job->bits = {0x1d00ffff};
    job->network_target = network_target;
    job->time_min = {0x496ab000};
    job->time_start = {0x496ab951};
    job->coinbase_prefix = *pool::from_hex(
        "01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff0704");
    job->coinbase_suffix = *pool::from_hex(
        "ffffffff0100f2052a01000000434104d46c4968bde02899d2aa0963367c7a6ce34eec332b32e42e5f3407e052"
        "d64ac625da6f0718e7b302140434bd725706957c092db53805b821a85b23a7ac61725bac00000000");
    job->extranonce_bytes = 6;
    job->branch.emplace_back();
    EXPECT_TRUE(pool::hex_into("169e1e83e930853391bc6f35f605c6754cfead57cf8387639d3b4096c54f18f4",
                               job->branch[0].bytes));
    return job;
}

stratum::ShardOptions options_170(int exponent)
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.difficulty = {.min = {-20}, .max = {40}, .start = {exponent}};
    options.session.extranonce2_bytes = 2;
    options.prefixes = {0xffff001d, 1};
    return options;
}

constexpr std::string_view submit_170 =
    R"({"id":5,"method":"mining.submit","params":["user.w","aa","0102","496ab951","709e3e28"]})";

TEST(Block170, IsSentAsTheStudyHasItAndIsABlockAtDifficultyOne)
{
    Talk talk{options_170(0)};
    talk.publish(job_170(pool::difficulty_one_target()));
    TalkingMiner miner{talk, "user.w"};

    EXPECT_EQ(miner.extranonce1, "ffff001d");
    EXPECT_EQ(miner.extranonce2_bytes, 2U);
    EXPECT_EQ(stratum::v1::render_notify(*job_170({})).clean, std::string{notify_170} + "\n");

    EXPECT_EQ(miner.say(submit_170), Lines{R"({"id":5,"result":true,"error":null})"});
    ASSERT_EQ(talk.candidates.size(), 1U);
    EXPECT_EQ(pool::to_display_hex(talk.candidates[0].hash),
              "00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee");
    EXPECT_EQ(pool::to_hex(talk.candidates[0].header),
              "0100000055bd840a78798ad0da853f68974f3d183e2bd1db6a842c1feecf222a00000000ff104ccb0542"
              "1ab93e63f8c3ce5c2c2e9dbb37de2764b3a3175c8166562cac7d51b96a49ffff001d283e9e70");
    ASSERT_EQ(talk.log.shares.size(), 1U);
    EXPECT_EQ(talk.log.shares[0].kind, pool::RecordKind::block);
    // floor(2^256 / (0xffff * 2^208 + 1)): the chainwork of a block at difficulty 1.
    EXPECT_EQ(pool::to_decimal(talk.log.shares[0].work), "4295032833");
}

TEST(Block170, IsTooEasyAtDifficultyTwo)
{
    Talk talk{options_170(1)};
    talk.publish(job_170(pool::target_of({20})));
    TalkingMiner miner{talk, "user.w"};

    EXPECT_EQ(miner.say(submit_170),
              Lines{R"({"id":5,"result":null,"error":[23,"Low difficulty share",null]})"});
    EXPECT_TRUE(talk.log.shares.empty());
}

std::shared_ptr<pool::Job> modern_job()
{
    auto job = std::make_shared<pool::Job>();
    job->id = {0x6a0b1f};
    job->height = {900'000};
    job->previous.bytes = *pool::digest_from_display_hex(
        "00000000000000000000a5d1c3f7b6e2d4c8f0a1b2c3d4e5f60718293a4b5c6d");
    job->version = 0x20000000;
    job->rolling_mask = pool::rolling_mask_v1;
    job->bits = {0x17034219};
    job->network_target = *pool::target_from_compact({0x17034219});
    job->time_min = {0x68123000};
    job->time_start = {0x68123abc};
    job->coinbase_prefix = *pool::from_hex(
        "02000000010000000000000000000000000000000000000000000000000000000000000000ffffffff2303a0bb"
        "0d112f7376312d746573742d766563746f722f0c");
    job->coinbase_suffix = *pool::from_hex(
        "feffffff02a735b3120000000016001427cac5503836765cd10751d27ab4a6e17d7a80d4000000000000000026"
        "6a24aa21a9ed307865ce2e5b3ef948acde5812f8a44a69811b716bb8fd20bb289153dbb102719fbb0d00");
    job->extranonce_bytes = 12;
    for (const std::string_view node :
         {"a646769b477491d98705e4aafb01e08fea366cad0bd3260d43e279f057102304",
          "9c312fd9d0cb6d6e88d7c1016b75ec93bf23ad9b781affb57d4604edd445b446",
          "69c9d4feb92b1a3823207988f7278866b153f5b0fcd31d56aab4b96a6e133427"}) {
        job->branch.emplace_back();
        EXPECT_TRUE(pool::hex_into(node, job->branch.back().bytes));
    }
    return job;
}

Talk modern_talk(int exponent)
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.difficulty = {.min = {-20}, .max = {40}, .start = {exponent}};
    options.prefixes = {0x5a01c3f7, 1};
    return Talk{options};
}

struct ModernSubmit {
    std::string_view name;
    std::string_view params;
};

constexpr std::string_view good_modern =
    R"("user.w1","6a0b1f","0200000000000000","68123abc","04ceee3c","00c0e000")";

std::string modern_submit(std::string_view params)
{
    return R"({"id":60,"method":"mining.submit","params":[)" + std::string{params} + "]}";
}

TEST(ModernJob, TakesTheShareAtDifficultyOneWithAndWithoutNegotiatedRolling)
{
    for (const bool configure : {true, false}) {
        Talk talk = modern_talk(0);
        talk.publish(modern_job());
        TalkingMiner miner{talk, "user.w1", configure};
        EXPECT_EQ(miner.say(modern_submit(good_modern)),
                  Lines{R"({"id":60,"result":true,"error":null})"});
        ASSERT_EQ(talk.log.shares.size(), 1U);
        EXPECT_EQ(talk.log.shares[0].version, 0x20c0e000U);
        EXPECT_TRUE(talk.candidates.empty());
    }
}

TEST(ModernJob, RefusesTheShareAtDifficultyTwo)
{
    Talk talk = modern_talk(1);
    talk.publish(modern_job());
    TalkingMiner miner{talk, "user.w1"};
    EXPECT_EQ(miner.say(modern_submit(good_modern)),
              Lines{R"({"id":60,"result":null,"error":[23,"Low difficulty share",null]})"});
}

TEST(ModernJob, RefusesEveryFalseReadingOfIt)
{
    const std::vector<ModernSubmit> wrong{
        {"no version bits", R"("user.w1","6a0b1f","0200000000000000","68123abc","04ceee3c")"},
        {"nonce + 1", R"("user.w1","6a0b1f","0200000000000000","68123abc","04ceee3d","00c0e000")"},
        {"time + 1", R"("user.w1","6a0b1f","0200000000000000","68123abd","04ceee3c","00c0e000")"},
        {"nonce swapped",
         R"("user.w1","6a0b1f","0200000000000000","68123abc","3ceece04","00c0e000")"},
        {"extranonce2 reversed",
         R"("user.w1","6a0b1f","0000000000000002","68123abc","04ceee3c","00c0e000")"},
    };
    Talk talk = modern_talk(0);
    talk.publish(modern_job());
    TalkingMiner miner{talk, "user.w1"};
    for (const ModernSubmit& submit : wrong) {
        EXPECT_EQ(miner.say(modern_submit(submit.params)),
                  Lines{R"({"id":60,"result":null,"error":[23,"Low difficulty share",null]})"})
            << submit.name;
    }
}

// The job that goes out first on a new tip is not rendered then: its line of a moment ago is
// patched.
TEST(PreparedNotify, IsToTheLastByteWhatIsRenderedAnew)
{
    for (const std::uint64_t id : {1ULL, 0xabcdefULL, ~0ULL}) {
        pool::Job prepared = *job_170({});
        prepared.id = {id};
        const stratum::v1::PreparedNotify lines{prepared};
        for (const std::uint32_t fill : {0x00U, 0x5cU, 0xffU}) {
            auto source = std::make_shared<pool::BlockTemplate>();
            source->previous.bytes.fill(static_cast<std::uint8_t>(fill));
            source->previous.bytes[3] = 0x01;  // the order of its bytes shows
            const pool::UnixTime time{fill * 0x01010101U};
            const auto job =
                pool::job_on_tip(std::make_shared<const pool::Job>(prepared), source, time);
            const auto patched = lines.lines_of(*job);
            const auto anew = stratum::v1::render_notify(*job);
            EXPECT_EQ(patched.clean, anew.clean);
            EXPECT_EQ(patched.keep, anew.keep);
        }
    }
}

}  // namespace
}  // namespace tests
