// Whether shares cost memory: every allocation of the program is counted here.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>

#include "pool/share/journal.h"
#include "pool/share/producer.h"
#include "stratum/v1/framing.h"
#include "tests/support/process.h"
#include "tests/unit/runtime/tcp_pair.h"
#include "tests/unit/runtime/test_loop.h"
#include "tests/unit/stratum/talk.h"
#include "tests/unit/stratum/v2/peer.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ZUBR_COUNTS_ALLOCATIONS 0  // the sanitizers have operators of their own
#else
#define ZUBR_COUNTS_ALLOCATIONS 1
#endif

namespace {

std::atomic<std::uint64_t> allocations{0};
std::atomic<std::int64_t> live_bytes{0};

[[maybe_unused]] std::int64_t size_of(void* memory)
{
    return static_cast<std::int64_t>(malloc_usable_size(memory));
}

}  // namespace

#if ZUBR_COUNTS_ALLOCATIONS
void* operator new(std::size_t size)
{
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) {
        live_bytes.fetch_add(size_of(memory), std::memory_order_relaxed);
        return memory;
    }
    throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept
{
    live_bytes.fetch_sub(size_of(memory), std::memory_order_relaxed);
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
#endif

namespace tests {
namespace {

// A shard on a real journal with ready-made lines of one miner.
struct Shares {
    TempDir directory;
    pool::Journal journal = *pool::Journal::open(directory.path(), {});
    pool::Producer producer{"test-0", journal};
    pool::Now now{pool::SteadyTime{} + std::chrono::hours{1}, {1'746'025'200'000}};
    stratum::Shard shard;
    stratum::Effects effects;
    pool::SessionId id;

    Shares()
        : shard(options(), producer,
                std::make_shared<const stratum::AccountDirectory>(
                    stratum::AccountDirectory{{"user", {1}}}),
                [](const pool::BlockCandidate&) {}),
          id(shard.open("192.0.2.1:4000", now))
    {
        Talk maker;
        shard.on_job(maker.make_job(1), now);
        turn(R"({"id":1,"method":"mining.subscribe","params":[]})"
             "\n"
             R"({"id":2,"method":"mining.authorize","params":["user.rig","x"]})"
             "\n");
    }
    static stratum::ShardOptions options()
    {
        stratum::ShardOptions out = Talk::default_options();
        out.session.difficulty = {.min = {-32}, .max = {-32}, .start = {-32}, .vary = false};
        out.session.lines_per_second = 0;  // the clock stands still
        return out;
    }
    void turn(std::string_view bytes)
    {
        shard.on_bytes(id, pool::as_bytes(bytes), now);
        shard.flush(now);
        shard.take_effects(effects, now);
    }
    // One read of a turn: eight submits, none like another.
    static std::vector<std::string> reads(std::size_t count)
    {
        std::vector<std::string> out;
        std::uint32_t number = 0;
        for (std::size_t i = 0; i < count; ++i) {
            std::string& text = out.emplace_back();
            for (int line = 0; line < 8; ++line) {
                std::string digits = std::to_string(10'000'000 + number++);
                text += R"({"id":)" + digits +
                        R"(,"method":"mining.submit","params":["user.rig","6a0001","00000000)" +
                        digits + R"(","68123af0","00000000"]})" + "\n";
            }
        }
        return out;
    }
    std::uint64_t accepted() const { return shard.metrics().of(pool::Judgement::accepted).value(); }
};

TEST(Allocation, IsNoneForAShareInSteadyState)
{
    Shares shares;
    const std::vector<std::string> warm = Shares::reads(2000);
    for (std::size_t i = 0; i < 1000; ++i) shares.turn(warm[i]);
    ASSERT_GT(shares.accepted(), 7900U);
    const std::uint64_t before = allocations;
    for (std::size_t i = 1000; i < 2000; ++i) shares.turn(warm[i]);
    const std::uint64_t spent = allocations - before;
    ASSERT_GT(shares.accepted(), 15'900U);
    EXPECT_EQ(shares.journal.last_seq() > 15'900U, true);
    // The tables of duplicates grow with what they hold: 256 of them, each a few times.
    EXPECT_LE(spent, 300U) << "for 8000 shares";
}

/// Takes shares and keeps none.
class Forgetful final : public pool::ShareLog {
public:
    pool::MemberHandle member(const pool::AccountKey&) override { return {1}; }
    pool::WorkerHandle worker(pool::MemberHandle, std::string_view) override { return {1}; }
    pool::Result<void> append(std::span<pool::ShareRecord>, pool::UnixMillis) override
    {
        return {};
    }
    pool::UnixMillis time_of(pool::UnixMillis now) const override { return now; }
    pool::Result<void> note_job(const pool::JobRecord&, pool::UnixMillis) override { return {}; }
    pool::Result<void> tick(pool::UnixMillis) override { return {}; }
};

// Miners that get a job every thirty seconds and hand in ten shares a minute, on one loop.
class Farm {
public:
    static constexpr std::size_t miners = 400;

    Farm()
        : shard_(options(), log_,
                 std::make_shared<const stratum::AccountDirectory>(
                     stratum::AccountDirectory{{"user", {1}}}),
                 [](const pool::BlockCandidate&) {})
    {
        next_job();
        for (std::size_t i = 0; i < miners; ++i) {
            ids_.push_back(shard_.open("192.0.2.1:4000", maker_.now));
            say(ids_.back(), R"({"id":1,"method":"mining.subscribe","params":["cgminer/4.12.0"]})"
                             "\n"
                             R"({"id":2,"method":"mining.authorize","params":["user.rig","x"]})"
                             "\n");
        }
    }
    void mine(std::chrono::minutes time)
    {
        for (auto left = 2 * time.count(); left > 0; --left) {
            for (int second = 0; second < 30; ++second) {
                maker_.now.steady += std::chrono::seconds{1};
                maker_.now.wall.value += 1000;
                shard_.on_tick(maker_.now);
                turn();
            }
            next_job();
            for (int share = 0; share < 5; ++share) {
                for (const pool::SessionId id : ids_) say(id, submit());
            }
        }
    }
    std::uint64_t accepted() const
    {
        return shard_.metrics().of(pool::Judgement::accepted).value();
    }

private:
    static stratum::ShardOptions options()
    {
        stratum::ShardOptions out = Talk::default_options();
        out.session.difficulty = {.min = {-32}, .max = {-32}, .start = {-32}};
        return out;
    }
    void next_job()
    {
        const auto job = maker_.make_job(1);
        job_ = job->id;
        shard_.on_job(job, maker_.now);
        turn();
    }
    std::string submit()
    {
        std::string digits = std::to_string(10'000'000 + shares_++);
        const std::uint32_t seconds = pool::to_seconds(maker_.now.wall).seconds;
        const std::array time{
            static_cast<std::uint8_t>(seconds >> 24), static_cast<std::uint8_t>(seconds >> 16),
            static_cast<std::uint8_t>(seconds >> 8), static_cast<std::uint8_t>(seconds)};
        const std::array job{static_cast<std::uint8_t>(job_.value >> 16),
                             static_cast<std::uint8_t>(job_.value >> 8),
                             static_cast<std::uint8_t>(job_.value)};
        return R"({"id":4,"method":"mining.submit","params":["user.rig",")" + pool::to_hex(job) +
               R"(","00000000)" + digits + R"(",")" + pool::to_hex(time) + R"(","00000000"]})" +
               "\n";
    }
    void say(pool::SessionId id, const std::string& text)
    {
        shard_.on_bytes(id, pool::as_bytes(text), maker_.now);
        turn();
    }
    void turn()
    {
        shard_.flush(maker_.now);
        shard_.take_effects(effects_, maker_.now);
    }

    Talk maker_;
    Forgetful log_;
    stratum::Shard shard_;
    stratum::Effects effects_;
    std::vector<pool::SessionId> ids_;
    pool::JobId job_;
    std::uint64_t shares_ = 0;
};

// Jobs die after ten minutes and with them what is remembered of their shares: what an hour leaves
// behind is there after a quarter of it. The bench of connections measures that much.
TEST(Memory, OfMinersIsTheSameAfterAnHourAsAfterAQuarterOfIt)
{
#if ZUBR_COUNTS_ALLOCATIONS
    const std::int64_t empty = live_bytes;
    Farm farm;
    farm.mine(std::chrono::minutes{15});
    const std::int64_t quarter = live_bytes - empty;
    farm.mine(std::chrono::minutes{45});
    const std::int64_t hour = live_bytes - empty;
    ASSERT_GT(farm.accepted(), Farm::miners * 598);
    EXPECT_LE(hour, quarter + quarter / 20);
    EXPECT_LE(hour / static_cast<std::int64_t>(Farm::miners), 8192);
#endif
}

// A connection that has had much to say once, and then idles, is as small as any other.
TEST(Memory, OfALongLineIsGivenBack)
{
#if ZUBR_COUNTS_ALLOCATIONS
    const std::int64_t before = live_bytes;
    stratum::v1::LineReader reader;
    const std::string begun(8000, 'x');
    const std::string ended(100, 'y');
    reader.feed(pool::as_bytes(begun));
    EXPECT_FALSE(reader.next(10'000).has_value());
    reader.feed(pool::as_bytes(ended + "\n"));
    EXPECT_EQ(reader.next(10'000).value_or("").size(), 8100U);
    EXPECT_FALSE(reader.next(10'000).has_value());
    EXPECT_LT(live_bytes - before, 9000) << "this test's own strings";
#endif
}

#if ZUBR_COUNTS_ALLOCATIONS
// What a read leaves behind in a session. What the shard keeps for all of them it has already.
std::int64_t left_by(Talk& talk, pool::SessionId id, const std::string& read)
{
    const std::int64_t before = live_bytes;
    talk.send_bytes(id, read);
    return live_bytes - before;
}

stratum::ShardOptions patient(stratum::ShardOptions options)
{
    options.session.bad_shares_max = 1000;  // of 256
    return options;
}
#endif

TEST(Memory, OfAReadFullOfSharesIsGivenBack)
{
#if ZUBR_COUNTS_ALLOCATIONS
    Talk talk{patient(Talk::default_options())};
    talk.publish(1);
    TalkingMiner first{talk, "user.first"};
    TalkingMiner second{talk, "user.second"};
    std::string read;
    for (int i = 0; i < 600; ++i) read += first.submit_line(first.find()) + "\n";
    left_by(talk, first.id, read);
    EXPECT_LT(left_by(talk, second.id, read), 20'000) << "600 that wait for a verdict have 38,400";
    EXPECT_EQ(talk.end_of(second.id), std::nullopt);
#endif
}

TEST(Memory, OfAReadFullOfSharesOverV2IsGivenBack)
{
#if ZUBR_COUNTS_ALLOCATIONS
    Talk talk{patient(v2_options())};
    talk.publish(1);
    const auto burst = [&talk](Peer& peer) {
        const auto [channel, job] = peer.begin_mining();
        const auto share = peer.share(channel, job);
        std::string frame;
        stratum::v2::append_frame(frame, share);
        std::string read;
        for (int i = 0; i < 2000; ++i) {
            stratum::v2::seal_frame(peer.ciphers.send, pool::as_bytes(frame), read);
        }
        return left_by(talk, peer.id, read);
    };
    Peer first{talk};
    Peer second{talk};
    burst(first);
    EXPECT_LT(burst(second), 8'000)
        << "2000 that wait for a verdict have 16,000, and their frames 156,000";
    EXPECT_EQ(talk.end_of(second.id), std::nullopt);
#endif
}

TEST(Memory, OfWhatAConnectionHadQueuedIsGivenBack)
{
#if ZUBR_COUNTS_ALLOCATIONS
    pool::TestLoop test;
    pool::TcpPair pair{test};
    std::size_t got = 0;
    std::size_t sent = 0;
    pair.server->start({.on_bytes = {}, .on_close = {}});
    const std::int64_t before = live_bytes;
    {
        const std::string block(200'000, 'x');
        while (pair.server->write_queue_bytes() == 0) {
            pair.server->write(block);
            sent += block.size();
        }
    }
    pair.client->start(
        {.on_bytes = [&](pool::ReadBytes bytes) { got += bytes.size(); }, .on_close = {}});
    const pool::Watch watch = test.loop.every(std::chrono::milliseconds{1}, [&] {
        if (got == sent && pair.server->write_queue_bytes() == 0) test.loop.stop();
    });
    test.run();
    ASSERT_EQ(got, sent);
    EXPECT_LT(live_bytes - before, 20'000);
#endif
}

}  // namespace
}  // namespace tests
