#include "pool/crypto/hmac.h"

#include <gtest/gtest.h>

namespace tests {
namespace {

// Made with Python's hmac module: the key is the bytes 0 to 31.
TEST(Hmac, AgreesWithAnotherImplementation)
{
    pool::Digest key{};
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i);
    EXPECT_EQ(pool::to_hex(pool::hmac_sha256(key, pool::as_bytes("what is said"))),
              "511d4f4c479fa9b34a476dc9475d3937ca1cba0a83f65df31d9b057a5cabaf1e");
    EXPECT_EQ(pool::to_hex(pool::hmac_sha256(key, {})),
              "d38b42096d80f45f826b44a9d5607de72496a415d3f4a1a8c88e3bb9da8dc1cb");
}

}  // namespace
}  // namespace tests
