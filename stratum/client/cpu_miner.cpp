#include "stratum/client/cpu_miner.h"

#include <algorithm>
#include <span>
#include <utility>

#include "pool/crypto/scan.h"

namespace stratum::client {
namespace {

// Short enough that a new job waits for about ten milliseconds at most.
constexpr std::uint64_t chunk_max = 1U << 15;
constexpr double chunks_per_second_min = 20;
constexpr std::chrono::milliseconds slack{100};
constexpr std::uint64_t nonces = std::uint64_t{1} << 32;

std::chrono::nanoseconds seconds(double count)
{
    return std::chrono::nanoseconds{static_cast<std::int64_t>(count * 1e9)};
}

}  // namespace

CpuMiner::CpuMiner(const CpuMinerOptions& options, std::function<void(FoundShare)> on_found)
    : options_(options), on_found_(std::move(on_found))
{
    threads_.reserve(options_.threads);
    for (unsigned thread = 0; thread < options_.threads; ++thread) {
        threads_.emplace_back([this, thread] { run(thread); });
    }
}

CpuMiner::~CpuMiner()
{
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void CpuMiner::work_on(std::shared_ptr<const MiningJob> job)
{
    {
        const std::lock_guard lock{mutex_};
        job_ = std::move(job);
        ++generation_;
    }
    changed_.notify_all();
}

void CpuMiner::share_done()
{
    {
        const std::lock_guard lock{mutex_};
        if (in_flight_ > 0) --in_flight_;
    }
    changed_.notify_all();
}

void CpuMiner::run(unsigned thread)
{
    std::uint64_t done = 0;  // the generation that has been worked on
    Clock::time_point next_chunk = Clock::now();
    while (true) {
        Task task;
        {
            std::unique_lock lock{mutex_};
            changed_.wait(lock, [this, done] {
                return stopping_ || (job_ != nullptr && generation_ != done);
            });
            if (stopping_) return;
            task = {job_, generation_};
        }
        done = task.generation;
        mine(task, thread, next_chunk);
    }
}

// Until there is another job, or all extranonces are used up.
void CpuMiner::mine(const Task& task, unsigned thread, Clock::time_point& next_chunk)
{
    const double rate = options_.hashes_per_second_max / options_.threads;  // 0: no limit
    const std::uint64_t chunk =
        rate > 0 ? std::clamp<std::uint64_t>(
                       static_cast<std::uint64_t>(rate / chunks_per_second_min), 1, chunk_max)
                 : chunk_max;
    for (std::uint64_t extranonce2 = thread;; extranonce2 += options_.threads) {
        const pool::HeaderBytes header = header_of(*task.job, extranonce2);
        const auto before_nonce = std::span{header}.first<pool::header_bytes_before_nonce>();
        for (std::uint64_t nonce = 0; nonce < nonces;) {
            if (!wait_for_turn(task.generation)) return;
            const auto found = pool::scan_nonces(before_nonce, static_cast<std::uint32_t>(nonce),
                                                 chunk, task.job->target);
            const std::uint64_t next = found ? std::uint64_t{*found} + 1 : nonce + chunk;
            const std::uint64_t tried = next - nonce;
            nonce = next;
            hashes_.fetch_add(tried, std::memory_order_relaxed);
            if (found) hand_out({task.job, extranonce2, *found});
            if (rate <= 0) continue;
            // Time that was lost is not made up for: a limit is a limit.
            next_chunk = std::max(next_chunk, Clock::now() - slack) +
                         seconds(static_cast<double>(tried) / rate);
            if (!wait_until(next_chunk, task.generation)) return;
        }
    }
}

void CpuMiner::hand_out(FoundShare share)
{
    {
        const std::lock_guard lock{mutex_};
        ++in_flight_;
        if (options_.shares_per_second_max > 0) {
            next_share_ =
                std::max(next_share_, Clock::now()) + seconds(1 / options_.shares_per_second_max);
        }
    }
    on_found_(std::move(share));
}

bool CpuMiner::stopped_or_new(std::uint64_t generation) const
{
    return stopping_ || generation_ != generation;
}

// False when the job is over. Waits while too many shares are on their way, or came too fast.
bool CpuMiner::wait_for_turn(std::uint64_t generation)
{
    std::unique_lock lock{mutex_};
    while (!stopped_or_new(generation)) {
        if (in_flight_ >= options_.in_flight_max) {
            changed_.wait(lock);
        } else if (Clock::now() < next_share_) {
            changed_.wait_until(lock, next_share_);
        } else {
            return true;
        }
    }
    return false;
}

bool CpuMiner::wait_until(Clock::time_point at, std::uint64_t generation)
{
    std::unique_lock lock{mutex_};
    while (!stopped_or_new(generation)) {
        if (changed_.wait_until(lock, at) == std::cv_status::timeout) return true;
    }
    return false;
}

}  // namespace stratum::client
