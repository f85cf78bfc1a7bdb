#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace stratum::client {

/// Counts of times by their size, each bucket at most 3 % wide: for percentiles of many millions of
/// answers in 16 kB. Two of them can be added up.
class LatencyCounts {
public:
    void add(std::uint64_t nanoseconds) { ++counts_[bucket_of(nanoseconds)]; }

    void add(const LatencyCounts& other)
    {
        for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    }
    void clear() { counts_.fill(0); }

    std::uint64_t total() const
    {
        std::uint64_t sum = 0;
        for (const std::uint64_t count : counts_) sum += count;
        return sum;
    }

    /// Upper edge of the bucket that the given share of all (0.99) lies in; 0 when there are none.
    std::uint64_t nanoseconds_at(double share) const
    {
        const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total()));
        std::uint64_t sum = 0;
        std::uint64_t last = 0;
        for (std::size_t i = 0; i < counts_.size(); ++i) {
            if (counts_[i] == 0) continue;
            sum += counts_[i];
            last = upper_edge(i);
            if (sum > wanted) break;
        }
        return last;
    }

private:
    static constexpr unsigned fine_bits = 5;
    static constexpr std::size_t fine = std::size_t{1} << fine_bits;

    // Below 32 exact; from there on 32 buckets for each power of two.
    static std::size_t bucket_of(std::uint64_t value)
    {
        if (value < fine) return value;
        const auto shift = static_cast<unsigned>(std::bit_width(value)) - fine_bits - 1;
        return (shift + 1) * fine + (value >> shift) - fine;
    }
    static std::uint64_t upper_edge(std::size_t bucket)
    {
        if (bucket < fine) return bucket;
        const std::size_t shift = bucket / fine - 1;
        return ((std::uint64_t{bucket % fine} + fine + 1) << shift) - 1;
    }

    std::array<std::uint64_t, (64 - fine_bits + 1) * fine> counts_{};
};

}  // namespace stratum::client
