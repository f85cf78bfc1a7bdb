// Whether shares cost memory: every allocation of the program is counted here.
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pool/share/journal.h"
#include "pool/share/producer.h"
#include "tests/support/process.h"
#include "tests/unit/stratum/talk.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ZUBR_COUNTS_ALLOCATIONS 0  // the sanitizers have operators of their own
#else
#define ZUBR_COUNTS_ALLOCATIONS 1
#endif

namespace {

std::atomic<std::uint64_t> allocations{0};

}  // namespace

#if ZUBR_COUNTS_ALLOCATIONS
void* operator new(std::size_t size)
{
    allocations.fetch_add(1, std::memory_order_relaxed);
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc{};
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
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

}  // namespace
}  // namespace tests
