#include "stratum/variants.h"

#include <algorithm>
#include <chrono>

namespace stratum {
namespace {

constexpr std::chrono::milliseconds gap{100};
constexpr double burst = 8;
constexpr std::size_t sequence_bytes = 4;  // the suffix begins with the coinbase's

// Apart from the desk's ids, which stay below 2^31; eight hex digits like them; and none comes
// again within a day, in this life or the next: there is at most one in a tenth of a second on a
// loop.
pool::JobId id_of(std::uint32_t loop, pool::UnixMillis now)
{
    const std::uint64_t tenths = now.value / 100;
    return {0x80000000U | (loop & 0x7ffU) << 20 | (tenths & 0xfffffU)};
}

}  // namespace

bool Variants::may_be_due(pool::SteadyTime now) const { return now - last_ >= gap; }

bool Variants::take_turn(pool::SteadyTime now)
{
    if (!may_be_due(now)) return false;
    const std::chrono::duration<double> since = now - last_;
    tokens_ = std::min(tokens_ + since.count(), burst);
    last_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
}

std::shared_ptr<pool::Job> Variants::make(const pool::Job& job, std::uint32_t loop, pool::Now now)
{
    if (!take_turn(now.steady) || job.coinbase_suffix.size() < sequence_bytes) return nullptr;
    auto variant = std::make_shared<pool::Job>(job);
    ++made_;
    for (std::size_t i = 0; i < sequence_bytes; ++i) {
        // Counted down from the final sequence number, which the job itself has.
        variant->coinbase_suffix[i] = static_cast<std::uint8_t>(~made_ >> (8 * i));
    }
    variant->id = id_of(loop, now.wall);
    variant->prepared = nullptr;  // its lines are not those of the variant
    variant->clean = false;
    return variant;
}

}  // namespace stratum
