#pragma once

#include <optional>
#include <string>

#include "pool/base/hash.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"

namespace pool {

/// Difficulty 1 as pools mean it: 0xffff * 2^208.
Uint256 difficulty_one_target();

/// The target that nBits stands for. Nothing for negative, zero or overflowing forms, which no
/// valid header carries (Bitcoin's arith_uint256::SetCompact).
std::optional<Uint256> target_from_compact(CompactBits bits);

/// A hash as the number that is compared with a target.
inline Uint256 hash_as_number(const Digest& hash) { return Uint256::from_le_bytes(hash); }
/// Good when hash <= target, compared in 256 bits (charter, decision 14).
inline bool meets(const Digest& hash, const Uint256& target)
{
    return hash_as_number(hash) <= target;
}

/// Expected hashes to meet `target`: floor(2^256 / (target + 1)), the node's own chainwork.
/// Fits 128 bits for every target >= 2^128 (checked); Bitcoin's limit is far above.
U128 work_of(const Uint256& target);

/// floor(work * 10^18 / network_work): the chance, in units of 10^-18, that this share is a block
/// (PPLNS-SU/1, docs/money.md). Saturates at 2^128 - 1. network_work > 0 (checked).
U128 score_of(U128 work, U128 network_work);

/// A power-of-two difficulty D = 2^exponent, the only ones the pool speaks of in Stratum v1.
struct Difficulty {
    int exponent = 0;  ///< -32 ..= 62
    friend constexpr auto operator<=>(Difficulty, Difficulty) = default;
};
inline constexpr Difficulty difficulty_min{-32};
inline constexpr Difficulty difficulty_max{62};

/// floor(0xffff * 2^208 / D).
Uint256 target_of(Difficulty difficulty);
/// The largest power of two <= `value`, clamped to the range. Nothing for NaN, zero, negative.
std::optional<Difficulty> difficulty_at_most(double value);
/// The hardest grid difficulty whose target is not below `target`: no share need be better than
/// a block.
Difficulty difficulty_not_above(const Uint256& target);
/// As Stratum v1 writes it: an integer when integral, else a plain decimal without exponent.
std::string to_decimal(Difficulty difficulty);
/// For people and statistics only: difficulty_one / target.
double difficulty_number(const Uint256& target);

}  // namespace pool
