#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/crypto/header_kernels.h"

namespace pool {

/// What all shares of a job have in common, laid out for the kernels once: whatever of the
/// coinbase comes before the extranonce is hashed, the rest is words. Immutable; any thread.
class HashPlan {
public:
    struct Parts {
        ByteSpan coinbase_prefix;
        std::size_t extranonce_bytes = 0;  ///< at most 32 (checked)
        ByteSpan coinbase_suffix;
        std::span<const Digest> branch;
        Digest previous{};
        std::uint32_t bits = 0;
    };

    HashPlan() = default;
    explicit HashPlan(const Parts& parts);
    // words() points into the object's own memory, which moves along but is not copied.
    HashPlan(HashPlan&&) noexcept = default;
    HashPlan& operator=(HashPlan&&) noexcept = default;
    HashPlan(const HashPlan&) = delete;
    HashPlan& operator=(const HashPlan&) = delete;
    ~HashPlan() = default;

    const PlanWords& words() const { return words_; }

private:
    // The kernels walk these line by line: blocks of the coinbase, then two nodes a line.
    struct alignas(64) Line {
        std::uint32_t words[16];
    };
    PlanWords words_;
    std::vector<Line> lines_;
};

}  // namespace pool
