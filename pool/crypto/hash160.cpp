#include "pool/crypto/hash160.h"

#include <openssl/evp.h>

#include "pool/base/result.h"
#include "pool/crypto/sha256.h"

namespace pool {

std::array<std::uint8_t, 20> hash160(ByteSpan bytes)
{
    const Digest inner = sha256(bytes);
    std::array<std::uint8_t, 20> hash{};
    unsigned length = 0;
    const int done =
        EVP_Digest(inner.data(), inner.size(), hash.data(), &length, EVP_ripemd160(), nullptr);
    check(done == 1 && length == hash.size(), "OpenSSL 3.0.7 and later have RIPEMD-160");
    return hash;
}

}  // namespace pool
