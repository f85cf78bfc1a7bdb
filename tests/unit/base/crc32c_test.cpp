#include "pool/base/crc32c.h"

#include <vector>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"

namespace pool {
namespace {

// RFC 3720, appendix B.4, and the check value of the catalogues.
TEST(Crc32c, IsThatOfRfc3720)
{
    EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283);
    EXPECT_EQ(crc32c(Bytes(32, 0)), 0x8a9136aa);
    EXPECT_EQ(crc32c(Bytes(32, 0xff)), 0x62a8ab43);
    Bytes rising;
    for (std::uint8_t i = 0; i < 32; ++i) rising.push_back(i);
    EXPECT_EQ(crc32c(rising), 0x46dd794e);
    EXPECT_EQ(crc32c({}), 0U);
}

}  // namespace
}  // namespace pool
