#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "pool/base/hash.h"

namespace pool {

/// What ChaCha20 (RFC 8439) gives for one nonce: its blocks 0 and 1. ChaCha20-Poly1305 takes its
/// one-time key from the first and xors up to 64 bytes of text with the second.
using Keystream = std::array<std::uint8_t, 128>;

/// Whether this processor has instructions with which keystreams() is worth it: several nonces
/// then cost as much as libsodium takes for one. Elsewhere, and for long texts, use libsodium.
bool has_fast_keystreams();

/// A way of making two or four of them that this processor bears.
struct KeystreamKernel {
    using Make = void (*)(const Digest& key, std::uint64_t first, Keystream* out);
    const char* name = "";
    Make two = nullptr;
    Make four = nullptr;
};
/// The best first, which is the one that keystreams() takes; the others are for tests.
std::span<const KeystreamKernel> keystream_kernels();

/// The keystreams of as many consecutive nonces as `out` has room for, an even number (checked).
/// A nonce is four zero bytes and a count of 64 bits, the lowest byte first, as Noise has it; the
/// first one's is `first`. has_fast_keystreams() must hold (checked). Takes the same time whatever
/// the key is.
void keystreams(const Digest& key, std::uint64_t first, std::span<Keystream> out);

}  // namespace pool
