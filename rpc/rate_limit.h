#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "pool/base/time.h"

namespace rpc {

/// How often one address may ask: a bucket of tokens each, filled at a steady rate.
///
/// Pure; bounded by addresses_max. Full buckets are forgotten to make room, for they say nothing;
/// when all are in use, a new address is let through without one.
class RateLimits {
public:
    static constexpr std::size_t addresses_max = 16'384;
    static constexpr double burst_seconds = 4;

    /// per_second: requests of one address, on the long run; 0 means as many as it likes.
    explicit RateLimits(double per_second) : per_second_(per_second) {}

    /// Takes a token, or tells that there is none.
    bool allow(const std::string& address, pool::SteadyTime now);
    std::size_t size() const { return buckets_.size(); }

private:
    struct Bucket {
        double tokens = 0;
        pool::SteadyTime filled;
    };
    double tokens_at(const Bucket& bucket, pool::SteadyTime now) const;
    void forget_full(pool::SteadyTime now);

    double per_second_;
    std::unordered_map<std::string, Bucket> buckets_;
    pool::SteadyTime swept_{};
};

}  // namespace rpc
