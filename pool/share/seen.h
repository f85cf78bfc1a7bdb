#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "pool/base/hash.h"
#include "pool/base/types.h"

namespace pool {

/// Which accepted shares of which job have been here: exact duplicates, by the header's hash.
///
/// Keeps 64 bits of each hash in open-addressed tables that die with their job, so memory is
/// bounded by what is accepted in a job's lifetime (13 to 20 bytes a share). A job has many small
/// tables, which grow one after the other: no insert ever waits for millions of others to move.
/// Two honest shares are mistaken for one with a chance of 3e-6 in ten million shares of one job.
/// Owned and used by one loop.
class SeenShares {
public:
    /// False when the hash was there already.
    [[nodiscard]] bool insert(JobId job, const Digest& hash);
    /// Says that this hash will be asked for soon: in a large table, memory is what takes time.
    void expect(JobId job, const Digest& hash) const;
    void forget(JobId job);
    std::size_t size() const;

private:
    struct Table {
        std::vector<std::uint64_t> slots;  // 0 is empty; a power of two long
        std::size_t used = 0;
        bool insert(std::uint64_t key, std::size_t fill_percent);
        void grow(std::size_t fill_percent);
    };
    static constexpr std::size_t tables_of_job = 256;
    using Tables = std::array<Table, tables_of_job>;

    const Tables* find(JobId job) const;

    std::unordered_map<std::uint64_t, std::unique_ptr<Tables>> jobs_;
    // Nearly all shares of a while are of one job.
    mutable JobId last_job_;
    mutable Tables* last_tables_ = nullptr;
};

}  // namespace pool
