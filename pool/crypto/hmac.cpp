#include "pool/crypto/hmac.h"

#include <array>
#include <cstdint>

#include "pool/crypto/sha256.h"

namespace pool {

Digest hmac_sha256(const Digest& key, ByteSpan message)
{
    std::array<std::uint8_t, 64> inner{};
    std::array<std::uint8_t, 64> outer{};
    inner.fill(0x36);
    outer.fill(0x5c);
    for (std::size_t i = 0; i < key.size(); ++i) {
        inner[i] ^= key[i];
        outer[i] ^= key[i];
    }
    const Digest once = Sha256{}.update(inner).update(message).finish();
    return Sha256{}.update(outer).update(once).finish();
}

}  // namespace pool
