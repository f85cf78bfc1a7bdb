#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "pool/base/hash.h"
#include "pool/base/types.h"

namespace pool {

/// Which accepted shares of which job have been here: exact duplicates, by the header's hash.
///
/// Keeps 64 bits of each hash in an open-addressed table a job; the table dies with its job, so
/// memory is bounded by what is accepted in a job's lifetime. Two honest shares are mistaken for
/// one with a chance of 3e-6 in ten million shares of one job. Owned and used by one loop.
class SeenShares {
public:
    /// False when the hash was there already.
    [[nodiscard]] bool insert(JobId job, const Digest& hash);
    void forget(JobId job);
    std::size_t size() const;

private:
    struct Table {
        std::vector<std::uint64_t> slots;  // 0 is empty; a power of two long
        std::size_t used = 0;
        bool insert(std::uint64_t key);
        void grow();
    };
    std::unordered_map<std::uint64_t, Table> tables_;
};

}  // namespace pool
