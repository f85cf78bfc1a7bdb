// kill -9 of everything at random moments under share load. ZUBR_CHAOS_ROUNDS rounds: a few in the
// normal run, a hundred by ./dev test chaos.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/share/redis_client.h"
#include "tests/e2e/chaos_pool.h"
#include "tests/e2e/journal_leaves.h"
#include "tests/e2e/metric.h"
#include "tests/e2e/share_counts.h"
#include "tests/support/journal_records.h"

namespace tests {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t in_flight_max = 64;  // submissions on their way when zubrd dies

class ChaosShares : public ChaosPool {
protected:
    // 2^-16: no share of a CPU is a block, and one takes it 65,536 hashes.
    ChaosShares() : ChaosShares({"stratum.start_difficulty=0.0000152587890625"}) {}
    explicit ChaosShares(std::vector<std::string> sets, bool replicated = false)
        : ChaosPool("testnet4", std::move(sets), replicated)
    {
    }

    std::uint64_t booked() const
    {
        return number("select coalesce(sum(shares), 0) from slot_account");
    }
    void goes_on()
    {
        const std::uint64_t wanted = booked() + 200;
        EXPECT_TRUE(eventually(seconds{60}, [&] { return booked() >= wanted; })) << pool.log();
    }
    /// Redis forgets everything: the journals must fill it again.
    void flush()
    {
        pool::RedisOptions options;
        options.socket = redis.socket();
        pool::RedisClient client{options};
        ASSERT_TRUE(client.command({"FLUSHALL"}).has_value());
    }

    /// Not only as many: those that its miner was told of, one by one. What a kill cut off between
    /// the journal and the answer makes up for none of them.
    void expect_each_in_the_journals(const Process& miner)
    {
        std::set<ShareKey> there;
        for (const auto& record : journal_records(pool.data_dir() + "/journal")) {
            const auto* share = std::get_if<pool::ShareRecord>(&record);
            if (share == nullptr || share->kind == pool::RecordKind::stale) continue;
            there.insert(
                {share->time, share->nonce, share->version, pool::to_hex(share->extranonce)});
        }
        const auto told = acknowledged_shares(miner);
        ASSERT_EQ(told.size(), acknowledged(miner));
        std::size_t lost = 0;
        for (auto [time, nonce, version, extranonce] : told) {
            extranonce.resize(2 * pool::extranonce_bytes_max, '0');
            if (!there.contains({time, nonce, version, extranonce})) ++lost;
        }
        EXPECT_EQ(lost, 0U) << "of " << told.size() << " that were acknowledged";
    }

    enum class Journals { whole, cut };

    /// Everything in the journals is in the books, once, to the unit of work. Cut: they may have
    /// dropped segments, as they do once all of one is booked.
    void expect_books_as_journals(Journals journals = Journals::whole)
    {
        std::uint64_t shares = 0;
        std::uint64_t newest = 0;  // by number: one loop takes all that one miner brings
        pool::U128 work = 0;
        std::set<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t, std::uint32_t,
                            std::array<std::uint8_t, 24>>>
            seen;
        for (const auto& record : journal_records(pool.data_dir() + "/journal")) {
            const auto* share = std::get_if<pool::ShareRecord>(&record);
            if (share == nullptr || share->kind == pool::RecordKind::stale) continue;
            ++shares;
            newest = std::max(newest, share->seq);
            work += share->work;
            seen.insert(
                {share->job.value, share->time, share->nonce, share->version, share->extranonce});
        }
        EXPECT_EQ(seen.size(), shares) << "the same share was acknowledged twice";
        EXPECT_EQ(number("select sum(shares) from worker_sum"), booked());
        EXPECT_EQ(number("select sum(shares) from account_total"), booked());
        if (journals == Journals::cut && shares < booked()) {
            // What they have dropped was booked, and so is all that they hold.
            EXPECT_GE(number("select max(mark) from producer"), newest);
            return;
        }
        EXPECT_EQ(booked(), shares);
        EXPECT_EQ(mysql.scalar("select coalesce(sum(work), 0) from slot_account"),
                  pool::to_decimal(work));
        expect_books_hold_the_journals_leaves(mysql, pool.data_dir() + "/journal");
    }
};

TEST_F(ChaosShares, NoneIsLostAndNoneCountedTwiceWhateverDies)
{
    pool.start();
    const auto miner = pool.miner(test_address("testnet4", 1) + ".load",
                                  {"--json", "--max-shares-per-second", "200"});
    std::mt19937_64 random{20260124};  // fixed: a failure must replay
    std::uint64_t kills = 0;
    for (unsigned round = 0; round < chaos_rounds(); ++round) {
        const std::uint64_t wanted = booked() + 1 + random() % 120;
        ASSERT_TRUE(eventually(seconds{60}, [&] { return booked() >= wanted; }))
            << "round " << round << "\n"
            << pool.log() << miner->output();
        const unsigned bits = victims(round);
        SCOPED_TRACE("round " + std::to_string(round) + ", bits " + std::to_string(bits));
        const bool by_chance = random() % 3 == 0;
        if (by_chance || round == 2) flush();  // in the short form, too
        strike(bits);
        if ((bits & zubrd_dies) != 0) ++kills;
        ASSERT_FALSE(HasFatalFailure());
    }
    const std::uint64_t last = booked() + 100;
    ASSERT_TRUE(eventually(seconds{60}, [&] { return booked() >= last; }))
        << pool.log() << miner->output();
    miner->signal(SIGTERM);
    ASSERT_EQ(miner->wait(seconds{10}), 0) << miner->output();

    const std::uint64_t answered = acknowledged(*miner);
    ASSERT_GT(answered, 0U) << miner->output();
    EXPECT_TRUE(eventually(seconds{60}, [&] { return booked() >= answered; }))
        << "acknowledged " << answered << ", booked " << booked() << "\n"
        << pool.log();
    // What a kill cut off between the journal and the answer is booked though its miner never
    // heard.
    EXPECT_LE(booked(), answered + kills * in_flight_max);
    verified_events();  // none: there are no blocks on this chain, but slots and their chain
    EXPECT_EQ(pool.stop(), 0) << pool.log();
    expect_each_in_the_journals(*miner);
    expect_books_as_journals();
}

// Redis fails over to a replica that lacks what MySQL has booked already, and what it has not: the
// journal fills it again, and nothing is counted twice.
TEST_F(ChaosShares, NoneIsLostWhenAReplicaIsPromotedThatIsBehind)
{
    pool.start();
    const auto miner = pool.miner(test_address("testnet4", 1) + ".load",
                                  {"--json", "--max-shares-per-second", "200"});
    goes_on();
    const RedisFixture replica;
    replica.follow(redis);
    replica.stop_following();
    goes_on();
    const std::string producer =
        mysql.scalar("select name from producer order by mark desc limit 1");
    pool::RedisClient behind{{.socket = replica.socket()}};
    EXPECT_LT(pool::last_stream_seq(behind, producer).value_or(UINT64_MAX),
              number("select mark from producer where name = '" + producer + "'"));
    mysql.kill();
    static_cast<void>(eventually(seconds{1}, [] { return false; }));  // shipped, and not booked
    redis.kill();
    replica.take_the_place_of(redis);
    mysql.start();
    goes_on();
    miner->signal(SIGTERM);
    ASSERT_EQ(miner->wait(seconds{10}), 0) << miner->output();
    const std::uint64_t answered = acknowledged(*miner);
    EXPECT_TRUE(eventually(seconds{60}, [&] { return booked() >= answered; })) << pool.log();
    EXPECT_EQ(pool.stop(), 0) << pool.log();
    EXPECT_EQ(booked(), answered);
    expect_each_in_the_journals(*miner);
    expect_books_as_journals();
}

class ChaosFailover : public ChaosShares {
protected:
    ChaosFailover() : ChaosShares({"stratum.start_difficulty=0.0000152587890625"}, true) {}
};

// A real replica, stopped while it lacks what the primary has booked and Redis was trimmed of. Its
// marks are older: the journal sends again what lies between.
TEST_F(ChaosFailover, OfMysqlToAReplicaThatIsBehindLosesNoShareAndCountsNoneTwice)
{
    MysqlFixture replica = MysqlFixture::replicated();
    pool.start();
    const auto miner = pool.miner(test_address("testnet4", 1) + ".load",
                                  {"--json", "--max-shares-per-second", "200"});
    goes_on();
    replica.follow(mysql);
    replica.stop_following();
    goes_on();
    const std::string marks = "select sum(mark) from producer";
    const std::uint64_t had = number(marks);
    mysql.kill();
    EXPECT_LT(std::strtoull(replica.scalar(marks).c_str(), nullptr, 10), had);
    replica.take_the_place_of(mysql);
    EXPECT_TRUE(eventually(seconds{60}, [&] { return number(marks) > had; })) << pool.log();
    EXPECT_NE(pool.log().find("share_stream_rebuilt"), std::string::npos)
        << "Redis was not trimmed of what the replica lacks: nothing was tried";
    miner->signal(SIGTERM);
    ASSERT_EQ(miner->wait(seconds{10}), 0) << miner->output();
    const std::uint64_t answered = acknowledged(*miner);
    EXPECT_TRUE(eventually(seconds{60}, [&] { return booked() >= answered; })) << pool.log();
    verified_events();
    EXPECT_EQ(pool.stop(), 0) << pool.log();
    EXPECT_EQ(booked(), answered);
    expect_each_in_the_journals(*miner);
    expect_books_as_journals();
}

/// How long MySQL stays away: ten minutes by ./dev test chaos, seconds in the normal run.
seconds away()
{
    const char* text = std::getenv("ZUBR_CHAOS_AWAY");
    return text == nullptr ? seconds{5} : seconds{std::strtoul(text, nullptr, 10)};
}

bool full() { return std::getenv("ZUBR_CHAOS_AWAY") != nullptr; }
/// Shares a second: what a national farm brings by ./dev test chaos, some in the normal run.
unsigned rate() { return full() ? 15'000 : 1'000; }

/// 2^-32: nearly every hash is a share, so that the load costs the pool its work and nobody the
/// mining. One loop has all connections, and so one journal all shares.
class ChaosFullLoad : public ChaosShares {
protected:
    ChaosFullLoad()
        : ChaosShares({"stratum.start_difficulty=0.00000000023283064365386963", "stratum.loops=1",
                       "limits.lines_per_second=0", "limits.address_lines_per_second=0"})
    {
    }
};

TEST_F(ChaosFullLoad, MysqlMayStayAwayForALongTime)
{
    constexpr seconds before_and_after{10};
    pool.start();
    const seconds span = away() + before_and_after;
    const auto load = pool.miner(test_address("testnet4", 1),
                                 {"--load", "--connections", "50", "--rate", std::to_string(rate()),
                                  "--warm-up", "0", "--duration", std::to_string(span.count())});
    ASSERT_TRUE(eventually(seconds{60}, [&] { return booked() >= 1000; }))
        << pool.log() << load->output();
    mysql.kill();
    static_cast<void>(eventually(away(), [] { return false; }));
    mysql.start();
    const auto back = std::chrono::steady_clock::now();
    // What the pool has acknowledged, whether or not the load was still there to hear it.
    const auto accepted = [this] {
        return static_cast<std::uint64_t>(std::max(0.0, metric(pool, "result=\"accepted\"")));
    };
    EXPECT_TRUE(eventually(seconds{600}, [&] { return booked() + rate() >= accepted(); }))
        << "acknowledged " << accepted() << ", booked " << booked() << "\n"
        << pool.log();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - back;
    ASSERT_EQ(load->wait(span + seconds{60}), 0) << load->output();
    const std::uint64_t answered = acknowledged(*load);
    // One hash in 65,536 is above the target of difficulty 2^-32.
    const bool unlucky = load->output().find("Low difficulty share") != std::string::npos;
    const bool refused = load->output().find("\"rejected\":0,") == std::string::npos;
    EXPECT_EQ(refused, unlucky) << load->output();
    // Once a second the pool says anew what it has acknowledged.
    EXPECT_TRUE(eventually(seconds{60},
                           [&] {
                               const std::uint64_t now = booked();
                               return now >= answered && now == accepted();
                           }))
        << "the load heard of " << answered << ", acknowledged " << accepted() << ", booked "
        << booked() << "\n"
        << pool.log();
    const std::uint64_t a_second = answered / static_cast<std::uint64_t>(span.count());
    std::cout << answered << " shares acknowledged, " << a_second << " a second, MySQL away for "
              << away().count() << " s, booked to the last second " << took.count()
              << " s after its start\n";
    EXPECT_TRUE(!full() || a_second >= rate() / 10 * 9) << "is the machine doing something else?";
    verified_events();
    EXPECT_EQ(pool.stop(), 0) << pool.log();
    // More than a segment's worth of shares: the oldest went when it was booked.
    expect_books_as_journals(full() ? Journals::cut : Journals::whole);
}

}  // namespace
}  // namespace tests
