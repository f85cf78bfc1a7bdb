#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/bitcoin/target.h"
#include "tests/unit/stratum/talk.h"

namespace tests {
namespace {

using std::chrono::seconds;
using stratum::EndReason;
using Share = TalkingMiner::Share;
using Wish = TalkingMiner::Wish;

// A job whose network target one hash in 2^13 meets: a share in eight is a block.
std::shared_ptr<pool::Job> easy_block_job(Talk& talk, std::uint8_t tip)
{
    const auto job = talk.make_job(tip);
    job->network_target = pool::target_of({-19});
    return job;
}

Wish block_wish() { return {.target = pool::target_of({-19})}; }

TEST(Blocks, GoOutBeforeTheShareIsLoggedOrAnswered)
{
    Talk talk;
    talk.publish(easy_block_job(talk, 1));
    TalkingMiner miner{talk, "user.w1"};
    EXPECT_TRUE(contains(miner.submit(miner.find(block_wish())), "true"));
    ASSERT_EQ(talk.candidates.size(), 1U);
    EXPECT_EQ(talk.order, std::vector<std::string>{"candidate 0"});  // no append until then
    const pool::BlockCandidate& block = talk.candidates[0];
    EXPECT_EQ(block.account, "user");
    EXPECT_EQ(block.worker, "w1");
    EXPECT_EQ(block.judgement, pool::Judgement::accepted);
    EXPECT_EQ(block.found_at, talk.now.wall);
    EXPECT_EQ(block.job->id.value, 0x6a0001U);
    EXPECT_EQ(block.coinbase.size(), 46U + 12 + 19);
    ASSERT_EQ(talk.log.shares.size(), 1U);
    EXPECT_EQ(talk.log.shares[0].kind, pool::RecordKind::block);
    EXPECT_EQ(talk.shard.metrics().block_candidates.value(), 1U);
}

TEST(Blocks, AreHandedOutThoughTheShareIsRefused)
{
    struct Case {
        const char* name;
        Wish wish;
        const char* error;
        pool::Judgement judgement;
    };
    using pool::Judgement;
    const std::vector<Case> cases{
        {"time ahead", {.time_offset = 7300}, "Time too new", Judgement::time_too_new},
        {"time behind", {.time_offset = -7300}, "Time too old", Judgement::time_too_old},
        {"bits put on top",
         {.bits = 0x40000001},
         "Invalid version mask",
         Judgement::version_not_allowed},
        {"bits cut by the mask",
         {.bits = 0x40002000, .version = 0x20002000},
         "Invalid version mask",
         Judgement::version_not_allowed},
    };
    for (Case refused : cases) {
        Talk talk;
        talk.publish(easy_block_job(talk, 1));
        TalkingMiner miner{talk, "user.w1"};
        refused.wish.target = pool::target_of({-19});
        EXPECT_TRUE(contains(miner.submit(miner.find(refused.wish)), refused.error))
            << refused.name;
        ASSERT_EQ(talk.candidates.size(), 1U) << refused.name;
        EXPECT_EQ(talk.candidates[0].judgement, refused.judgement) << refused.name;
        EXPECT_TRUE(talk.log.shares.empty());
    }
}

TEST(Blocks, AreHandedOutThoughTheTipHasMoved)
{
    Talk talk;
    talk.publish(easy_block_job(talk, 1));
    TalkingMiner miner{talk, "user.w1"};
    const auto old_job = miner.jobs.back();
    talk.publish(easy_block_job(talk, 2));
    EXPECT_TRUE(contains(miner.submit(miner.find(*old_job, block_wish())), "Stale"));
    ASSERT_EQ(talk.candidates.size(), 1U);
    EXPECT_EQ(talk.candidates[0].job->previous.bytes[0], 1);
}

TEST(Blocks, AreHandedOutThoughNobodyIsAuthorised)
{
    Talk talk;
    talk.publish(easy_block_job(talk, 1));
    TalkingMiner miner{talk, "nobody.w1"};
    talk.pass(seconds{3});
    miner.take_in(talk.hear(miner.id));
    EXPECT_TRUE(miner.jobs.empty());  // a refused user gets no work

    TalkingMiner mute{talk, "user.w1"};
    EXPECT_EQ(mute.jobs.size(), 1U);
    mute.say(R"({"id":3,"method":"mining.authorize","params":["user2.w","x"]})");
    EXPECT_TRUE(
        contains(mute.submit(mute.find(block_wish()), "9", "third.w"), "Unauthorized worker"));
    ASSERT_EQ(talk.candidates.size(), 1U);
    EXPECT_EQ(talk.candidates[0].account, "");
    EXPECT_EQ(talk.candidates[0].worker, "");
}

// A shard on its first job whose gate hears of it; ten bad shares are too many.
struct Gated {
    stratum::Gate gate{stratum::GateOptions{}};
    Talk talk{options(gate)};

    Gated() { talk.publish(1); }

    static stratum::ShardOptions options(stratum::Gate& gate)
    {
        stratum::ShardOptions options = Talk::default_options();
        options.gate = &gate;
        options.session.bad_shares_max = 10;
        return options;
    }
};

// Whoever floods us is delayed once, under the name that did it, from where it came: names are no
// secret, and others mine under theirs.
TEST(Shard, DelaysOnlyTheWorkerWhoseShareWasOneTooManyAndOnce)
{
    Gated gated;
    auto& [gate, talk] = gated;
    TalkingMiner flood{talk, "user.flood"};
    flood.say(R"({"id":4,"method":"mining.authorize","params":["user.rig0","x"]})");
    const TalkingMiner::Share share = flood.find();
    ASSERT_TRUE(contains(flood.submit(share), "true"));
    std::string burst;
    for (int i = 0; i < 40; ++i) burst += flood.submit_line(share) + '\n';
    for (int i = 0; i < 40; ++i) burst += flood.submit_line(share, "9", "user.rig0") + '\n';
    talk.send(flood.id, burst);
    EXPECT_EQ(talk.end_of(flood.id), stratum::EndReason::too_many_bad_shares);

    const auto at = [&talk](int after) { return talk.now.steady + std::chrono::seconds{after}; };
    EXPECT_TRUE(gate.delayed("192.0.2.1:1", "user.flood", at(2)));
    EXPECT_FALSE(gate.delayed("192.0.2.1:1", "user.flood", at(3))) << "delayed more than once";
    EXPECT_FALSE(gate.delayed("192.0.2.1:1", "user.rig0", at(0)));
    EXPECT_FALSE(gate.delayed("198.51.100.1:1", "user.flood", at(0)));
}

// What is refused without a hash, for no header can be built of it, is no less a flood; nor is one
// of which only a part was hashed.
TEST(Shard, DelaysTheWorkerOfAFloodOfSharesForNoJobOrOfTheWrongLength)
{
    Gated gated;
    auto& [gate, talk] = gated;
    const auto flood = [&talk](const std::string& user, int hashed) {
        TalkingMiner miner{talk, "user.first"};
        miner.say(R"({"id":4,"method":"mining.authorize","params":[")" + user + R"(","x"]})");
        miner.user = user;
        const TalkingMiner::Share share = miner.find();
        ASSERT_TRUE(contains(miner.submit(share), "true"));
        std::string burst;
        for (int i = 0; i < hashed; ++i) burst += miner.submit_line(share) + '\n';
        TalkingMiner::Share unknown = share;
        unknown.job = "ffffff";
        TalkingMiner::Share longer = share;
        longer.extranonce2 += "00";
        for (int i = 0; i < 10; ++i) {
            burst += miner.submit_line(i % 2 == 0 ? unknown : longer) + '\n';
        }
        talk.send(miner.id, burst);
        EXPECT_EQ(talk.end_of(miner.id), stratum::EndReason::too_many_bad_shares);
    };
    flood("user.none", 0);
    flood("user.some", 300);
    const auto at = [&talk](int after) { return talk.now.steady + std::chrono::seconds{after}; };
    for (const char* const name : {"user.none", "user.some"}) {
        EXPECT_TRUE(gate.delayed("192.0.2.1:1", name, at(2))) << name;
    }
    EXPECT_FALSE(gate.delayed("192.0.2.1:1", "user.first", at(0)));
}

TEST(Shard, DelaysTheFirstWorkerOfAConnectionThatMisbehavesOtherwise)
{
    Gated gated;
    auto& [gate, talk] = gated;
    const TalkingMiner bad{talk, "user.bad"};
    talk.send(bad.id, std::string(100'000, 'x'));
    ASSERT_EQ(talk.end_of(bad.id), stratum::EndReason::line_too_long);
    EXPECT_TRUE(gate.delayed("192.0.2.1:1", "user.bad", talk.now.steady));
    const TalkingMiner leaves{talk, "user.good"};
    talk.closed(leaves.id);
    EXPECT_FALSE(gate.delayed("192.0.2.1:1", "user.good", talk.now.steady));
}

// An address is not banned while somebody mines there: the gate hears of it in time.
TEST(Shard, TellsTheGateOfAConnectionsFirstShareAtOnceAndOfItsLastWhenItEnds)
{
    Gated gated;
    auto& [gate, talk] = gated;
    const auto address = *stratum::parse_ip("192.0.2.1");
    const auto admitted = [&] {
        const auto answer = gate.admit(address, talk.now.steady);
        return answer == stratum::Gate::Answer::welcome;
    };
    const auto misbehave = [&] {
        for (int i = 0; i < 3; ++i) gate.misbehaved(address, talk.now.steady);
    };
    ASSERT_TRUE(admitted());
    TalkingMiner miner{talk, "user.w1"};
    misbehave();
    ASSERT_FALSE(admitted());
    ASSERT_TRUE(contains(miner.submit(miner.find()), "true"));
    EXPECT_TRUE(admitted());

    // No tick comes between the next share and the end.
    talk.now.steady += std::chrono::minutes{11};
    ASSERT_TRUE(contains(miner.submit(miner.find()), "true"));
    talk.closed(miner.id);
    misbehave();
    EXPECT_TRUE(admitted());
}

TEST(Shard, NotesAJobLateRatherThanNever)
{
    Talk talk;
    talk.log.failing = true;
    talk.publish(1);
    talk.log.failing = false;
    TalkingMiner miner{talk, "user.w1"};
    EXPECT_TRUE(contains(miner.submit(miner.find()), "true"));
    EXPECT_EQ(talk.log.jobs.size(), 1U);
}

TEST(Shard, AppendsATurnsSharesInOneGo)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner one{talk, "user.w1"};
    TalkingMiner two{talk, "user2.w1"};
    const std::string from_one = one.submit_line(one.find()) + "\n" + one.submit_line(one.find());
    talk.shard.on_bytes(two.id, pool::as_bytes(two.submit_line(two.find()) + "\n"), talk.now);
    EXPECT_EQ(talk.say(one.id, from_one).size(), 2U);
    EXPECT_EQ(talk.hear(two.id).size(), 1U);
    EXPECT_EQ(talk.log.appends, 1U);
    EXPECT_EQ(talk.log.shares.size(), 3U);
}

TEST(Shard, JudgesSharesByTheTipTheyCameIn)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    talk.shard.on_bytes(miner.id, pool::as_bytes(miner.submit_line(miner.find()) + "\n"), talk.now);
    talk.publish(2);
    const Lines lines = talk.hear(miner.id);
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_TRUE(contains({lines[0]}, R"("result":true)"));
    EXPECT_TRUE(contains({lines[1]}, "mining.notify"));
}

TEST(Shard, JudgesTheLastSharesOfAConnectionThatIsGone)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    talk.shard.on_bytes(miner.id, pool::as_bytes(miner.submit_line(miner.find()) + "\n"), talk.now);
    talk.closed(miner.id);
    EXPECT_EQ(talk.log.shares.size(), 1U);
    EXPECT_EQ(talk.shard.session_count(), 0U);
    EXPECT_TRUE(talk.hear(miner.id).empty());
    EXPECT_EQ(talk.shard.metrics().of(EndReason::peer_left).value(), 1U);
}

TEST(Shard, AnswersWhatWasSubmittedBeforeItClosesAConnection)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    const Lines lines = talk.say(miner.id, miner.submit_line(miner.find()) + "\nnonsense");
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_TRUE(contains({lines[0]}, R"("result":true)"));
    EXPECT_TRUE(contains({lines[1]}, "Invalid JSON"));
    EXPECT_EQ(talk.end_of(miner.id), EndReason::bad_line);
}

TEST(Shard, GivesThePrefixOfAClosedConnectionToNobodyWhileAJobOfThenLives)
{
    stratum::ShardOptions options = Talk::default_options();
    options.prefixes = {0x07000000, 1};
    Talk talk{options};
    TalkingMiner first{talk, "user.w1"};
    talk.closed(first.id);
    TalkingMiner second{talk, "user.w1"};
    EXPECT_EQ(talk.end_of(second.id), EndReason::no_prefix_left);
    talk.pass(seconds{600});
    TalkingMiner third{talk, "user.w1"};
    EXPECT_EQ(talk.end_of(third.id), EndReason::no_prefix_left) << "the node is silent";
    talk.publish(1);
    talk.pass(seconds{600});
    TalkingMiner fourth{talk, "user.w1"};
    EXPECT_EQ(fourth.extranonce1, "07000000");
}

TEST(Shard, ShowsWhatItsMinersDo)
{
    Talk talk;
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    for (int i = 0; i < 3; ++i) {
        talk.pass(seconds{10});
        miner.submit(miner.find());
    }
    const auto shots = talk.shard.snapshot(talk.now);
    ASSERT_EQ(shots.size(), 1U);
    EXPECT_EQ(shots[0].user_agent, "conf/1.0");
    EXPECT_EQ(shots[0].peer, "192.0.2.1:4000");
    EXPECT_EQ(shots[0].connected.value, talk.now.wall.value - 30'000);
    EXPECT_NEAR(shots[0].difficulty, 2.384e-7, 1e-10);
    ASSERT_EQ(shots[0].workers.size(), 1U);
    const stratum::WorkerSnapshot& worker = shots[0].workers[0];
    EXPECT_EQ(worker.account, "user");
    EXPECT_EQ(worker.worker, "w1");
    EXPECT_EQ(worker.counts.accepted, 3U);
    EXPECT_EQ(worker.last_share, talk.now.wall);
    EXPECT_NEAR(worker.rates.over(stratum::RateWindow::m10), 3 * 1024 / 30.0, 5);
    EXPECT_NEAR(worker.rates.over(stratum::RateWindow::d7), 3 * 1024 / 30.0, 1);
    EXPECT_LT(worker.best_hash, pool::target_of({-22}));
}

// Which would otherwise wait until the line of the last of thousands had been made.
TEST(Shard, WritesACleanJobToItsFirstMinersBeforeTheLastOnesAreRendered)
{
    Talk talk;
    talk.publish(1);
    std::vector<pool::SessionId> ids;
    for (int i = 0; i < 200; ++i) ids.push_back(TalkingMiner{talk, "user.w"}.id);
    const pool::SessionId early = ids[3];
    const pool::SessionId late = ids[190];

    std::map<std::uint64_t, int> jobs;
    std::vector<std::size_t> written;
    stratum::Effects effects;
    const auto send_now = [&] {
        talk.shard.take_effects(effects, talk.now);
        written.push_back(effects.writes.size());
        for (const auto& write : effects.writes) {
            jobs[write.session.value] += write.bytes.find("mining.notify") != std::string::npos;
        }
        if (written.size() > 1) return;
        // Two go while the others are served, one who has its job and one who has not; one comes.
        talk.shard.closed(early, EndReason::peer_left, talk.now);
        talk.shard.closed(late, EndReason::peer_left, talk.now);
        talk.shard.open("127.0.0.1:1", talk.now);
    };
    talk.shard.on_job(talk.make_job(2), talk.now, send_now);
    EXPECT_EQ(written, (std::vector<std::size_t>{8, 64, 64}));
    send_now();  // the end of the turn
    for (const pool::SessionId id : ids) {
        EXPECT_EQ(jobs[id.value], id == late ? 0 : 1) << id.value;
    }
}

TEST(Shard, CountsJobLinesThatOldFirmwareMayNotBear)
{
    stratum::ShardOptions options = Talk::default_options();
    Talk usual{options};
    usual.publish(1);
    EXPECT_EQ(usual.shard.metrics().long_job_lines.value(), 0U);
    options.session.job_line_bytes = 256;
    Talk strict{options};
    strict.publish(1);
    strict.publish(2);
    EXPECT_EQ(strict.shard.metrics().long_job_lines.value(), 2U);
}

TEST(Shard, NumbersSessionsByLoop)
{
    stratum::ShardOptions options = Talk::default_options();
    options.loop = 3;
    Talk talk{options};
    EXPECT_EQ(talk.open().value, (std::uint64_t{3} << 48) + 1);
    EXPECT_EQ(talk.open().value, (std::uint64_t{3} << 48) + 2);
}

TEST(Shard, KicksOnRequest)
{
    Talk talk;
    TalkingMiner miner{talk, "user.w1"};
    EXPECT_TRUE(talk.shard.kick(miner.id));
    talk.pass(seconds{1});
    EXPECT_EQ(talk.end_of(miner.id), EndReason::kicked);
    EXPECT_FALSE(talk.shard.kick(miner.id));
}

TEST(Shard, UsesANewDirectoryFromTheNextAuthorizeOn)
{
    Talk talk;
    TalkingMiner old{talk, "user.w1"};
    talk.shard.set_directory(std::make_shared<const stratum::AccountDirectory>(
        stratum::AccountDirectory{{"newcomer", {9}}}));
    const auto id = talk.open();
    EXPECT_TRUE(contains(talk.say(id, R"({"id":2,"method":"mining.authorize",)"
                                      R"("params":["newcomer.a"]})"),
                         "true"));
    EXPECT_TRUE(contains(talk.say(id, R"({"id":2,"method":"mining.authorize",)"
                                      R"("params":["user.a"]})"),
                         "Unknown user"));
}

TEST(Shard, MarksTheLogEverySecond)
{
    Talk talk;
    talk.pass(seconds{5});
    EXPECT_EQ(talk.log.ticks, 5U);
}

// The books pay the minutes before a block's own: its time and that of the shares are one clock's,
// which does not go back when the machine's does.
TEST(Shard, FindsNoBlockBeforeTheSharesThatItAlreadyHas)
{
    Talk talk;
    const auto job = talk.make_job(1);
    job->network_target = pool::target_of({-22});
    talk.publish(job);
    TalkingMiner miner{talk, "user.w1"};
    miner.submit(miner.find());
    ASSERT_EQ(talk.log.shares.size(), 1U);
    const pool::UnixMillis before = talk.log.shares[0].at;
    talk.now.wall.value -= 600'000;
    miner.submit(miner.find());
    ASSERT_EQ(talk.candidates.size(), 2U);
    EXPECT_EQ(talk.candidates[1].found_at, before);
}

// SV1-122: a thousand jobs for a peer that reads none of them cost the memory of one.
TEST(Shard, OwesAPeerThatDoesNotReadTheNewestJobOnly)
{
    Talk talk;
    talk.publish(1);
    const TalkingMiner stuck{talk, "user.w1"};
    const TalkingMiner reader{talk, "user.w2"};
    talk.shard.hold_jobs(stuck.id);
    for (int i = 0; i < 1000; ++i) talk.publish(2);
    EXPECT_TRUE(talk.hear(stuck.id).empty());
    EXPECT_EQ(talk.shard.metrics().jobs_superseded.value(), 999U);
    const Lines all = talk.hear(reader.id);
    ASSERT_EQ(all.size(), 1000U);

    talk.shard.release_jobs(stuck.id, talk.now);
    talk.pass(seconds{1});
    const Lines owed = talk.hear(stuck.id);
    ASSERT_EQ(owed.size(), 1U);
    EXPECT_TRUE(owed[0].ends_with(",true]}")) << "the tip has moved since its last job";
    // But for that flag it is the newest.
    EXPECT_EQ(owed[0].substr(0, owed[0].rfind(',')), all[999].substr(0, all[999].rfind(',')));
}

TEST(Shard, JudgesAFloodInPieces)
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.answers_bytes = std::size_t{1} << 20;
    Talk talk{options};
    talk.publish(1);
    TalkingMiner miner{talk, "user.w1"};
    std::string flood;
    const std::string junk = miner.submit_line(
        miner.find({.target = pool::target_of({-32}), .not_target = *miner.target}));
    for (int i = 0; i < 5000; ++i) flood += junk + "\n";
    talk.shard.on_bytes(miner.id, pool::as_bytes(flood), talk.now);
    // All judged, though the turn has not ended.
    EXPECT_EQ(talk.shard.metrics().of(pool::Judgement::low_difficulty).value(), 5000U);
    EXPECT_TRUE(talk.log.shares.empty());
}

}  // namespace
}  // namespace tests
