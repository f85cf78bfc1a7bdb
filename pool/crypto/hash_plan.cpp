#include "pool/crypto/hash_plan.h"

#include <algorithm>

#include "pool/base/result.h"
#include "pool/crypto/sha256_kernels.h"

namespace pool {
namespace {

constexpr std::size_t block_bytes = 64;

std::uint32_t read_be32(const std::uint8_t* at)
{
    return std::uint32_t{at[0]} << 24 | std::uint32_t{at[1]} << 16 | std::uint32_t{at[2]} << 8 |
           std::uint32_t{at[3]};
}

std::uint32_t count_of(std::size_t size) { return static_cast<std::uint32_t>(size); }

// What follows the whole blocks of the prefix: its rest, a hole of zeros, the suffix, padding.
Bytes rest_of_coinbase(const HashPlan::Parts& parts, std::size_t hashed)
{
    const std::size_t total =
        parts.coinbase_prefix.size() + parts.extranonce_bytes + parts.coinbase_suffix.size();
    Bytes rest{parts.coinbase_prefix.begin() + static_cast<std::ptrdiff_t>(hashed),
               parts.coinbase_prefix.end()};
    rest.resize(rest.size() + parts.extranonce_bytes, 0);
    rest.insert(rest.end(), parts.coinbase_suffix.begin(), parts.coinbase_suffix.end());
    rest.push_back(0x80);
    rest.resize((rest.size() + 8 + block_bytes - 1) / block_bytes * block_bytes, 0);
    const std::uint64_t bits = std::uint64_t{total} * 8;
    for (std::size_t i = 0; i < 8; ++i) {
        rest[rest.size() - 1 - i] = static_cast<std::uint8_t>(bits >> (8 * i));
    }
    return rest;
}

}  // namespace

HashPlan::HashPlan(const Parts& parts)
{
    check(parts.extranonce_bytes <= 32, "an extranonce lies in two blocks at most");
    const std::size_t whole = parts.coinbase_prefix.size() / block_bytes;
    Sha256State midstate = sha256_start;
    sha256_transform_scalar(midstate, parts.coinbase_prefix.data(), whole);
    std::copy(midstate.begin(), midstate.end(), words_.midstate.word);
    for (std::size_t i = 0; i < 8; ++i) {
        words_.previous.word[i] = read_be32(parts.previous.data() + 4 * i);
    }
    words_.bits = parts.bits;

    const Bytes rest = rest_of_coinbase(parts, whole * block_bytes);
    words_.hole = count_of(parts.coinbase_prefix.size() % block_bytes);
    words_.hole_bytes = count_of(parts.extranonce_bytes);
    words_.blocks = count_of(rest.size() / block_bytes);
    words_.branches = count_of(parts.branch.size());

    lines_.resize(words_.blocks + (parts.branch.size() + 1) / 2);
    for (std::size_t i = 0; i < rest.size() / 4; ++i) {
        lines_[i / 16].words[i % 16] = read_be32(rest.data() + 4 * i);
    }
    Line* const nodes = lines_.data() + words_.blocks;
    for (std::size_t i = 0; i < parts.branch.size() * 8; ++i) {
        nodes[i / 16].words[i % 16] = read_be32(parts.branch[i / 8].data() + 4 * (i % 8));
    }
    words_.coinbase = lines_.data()->words;
    words_.branch = parts.branch.empty() ? words_.coinbase : nodes->words;
}

}  // namespace pool
