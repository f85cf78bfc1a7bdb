#include "rpc/rate_limit.h"

#include <algorithm>
#include <chrono>

namespace rpc {

using std::chrono::seconds;

double RateLimits::tokens_at(const Bucket& bucket, pool::SteadyTime now) const
{
    const std::chrono::duration<double> since = now - bucket.filled;
    return std::min(per_second_ * burst_seconds, bucket.tokens + since.count() * per_second_);
}

bool RateLimits::allow(const std::string& address, pool::SteadyTime now)
{
    if (per_second_ <= 0) return true;
    if (buckets_.size() >= addresses_max && !buckets_.contains(address)) {
        forget_full(now);
        if (buckets_.size() >= addresses_max) return true;
    }
    const auto [place, fresh] = buckets_.try_emplace(address);
    Bucket& bucket = place->second;
    bucket.tokens = fresh ? per_second_ * burst_seconds : tokens_at(bucket, now);
    bucket.filled = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
}

// At most once a second: going through all of them for each of many strangers would be the attack.
void RateLimits::forget_full(pool::SteadyTime now)
{
    if (now - swept_ < seconds{1}) return;
    swept_ = now;
    std::erase_if(buckets_, [&](const auto& entry) {
        return tokens_at(entry.second, now) >= per_second_ * burst_seconds;
    });
}

}  // namespace rpc
