#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"

namespace pool {

/// SHA-256 (FIPS 180-4) of a text that comes in pieces. Copying it is copying a midstate.
class Sha256 {
public:
    Sha256();
    Sha256& update(ByteSpan bytes);
    /// Ends the text; the object may not be updated after.
    Digest finish();

private:
    std::array<std::uint32_t, 8> state_;
    std::array<std::uint8_t, 64> block_{};
    std::uint64_t length_ = 0;
};

Digest sha256(ByteSpan bytes);
/// SHA-256 of the SHA-256: txids, merkle nodes, block hashes.
Digest sha256d(ByteSpan bytes);
/// sha256d of two digests side by side: one step up a merkle tree.
Digest sha256d_pair(const Digest& left, const Digest& right);
/// SHA256(SHA256(tag) || SHA256(tag) || bytes), the tagged hash of BIP 340.
Digest tagged_hash(std::string_view tag, ByteSpan bytes);

/// The kernel in use, chosen once by what the processor has: "sha-ni" or "scalar".
std::string_view sha256_kernel();

/// Runs every kernel this machine has against known digests. False: do not start.
[[nodiscard]] bool sha256_self_test();

}  // namespace pool
