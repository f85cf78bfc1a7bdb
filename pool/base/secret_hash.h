#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pool {

/// Key of sip_hash.
struct SipKey {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
};

/// SipHash-1-3 (Aumasson and Bernstein, 2012): whoever does not know the key finds no two texts of
/// one hash but by chance. Its price is some 20 ns for a name.
std::uint64_t sip_hash(const SipKey& key, std::span<const std::uint8_t> bytes);

/// The same under a key that this process has drawn for itself: for tables of what strangers send.
/// With std::hash, which everybody knows, they could choose names that all fall into one bucket,
/// and each look would go through all of them.
std::uint64_t secret_hash(std::span<const std::uint8_t> bytes);

/// For tables keyed by text. Any thread.
struct SecretHash {
    using is_transparent = void;  // NOLINT(readability-identifier-naming): the library's name
    std::size_t operator()(std::string_view text) const;
};

}  // namespace pool
