#include "pool/base/secret_hash.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"

namespace pool {
namespace {

// What CPython 3.11 says of these bytes with PYTHONHASHSEED=0, where its key is zero.
TEST(SecretHash, IsSipHashUnderItsKey)
{
    const std::array<std::pair<std::string, std::uint64_t>, 5> known{{
        {"x", 0xd141bba7fdc215a3},
        {"1234567", 0xa33d651594fdae81},
        {"12345678", 0x3489982430560a87},
        {"192.0.2.1 user.worker07", 0xfbb181bb0ba4aae8},
        {std::string(64, 'a'), 0x7e72fd0c68571c3b},
    }};
    for (const auto& [text, hash] : known) EXPECT_EQ(sip_hash({}, as_bytes(text)), hash) << text;
    EXPECT_NE(sip_hash({.low = 1}, as_bytes("x")), known[0].second);
    EXPECT_NE(sip_hash({.high = 1}, as_bytes("x")), known[0].second);
}

TEST(SecretHash, HasAKeyOfItsOwnInEachProcess)
{
    constexpr std::string_view text = "user.worker";
    EXPECT_EQ(SecretHash{}(text), secret_hash(as_bytes(text)));
    EXPECT_EQ(SecretHash{}(text), SecretHash{}(std::string{text})) << "for as long as it runs";
    EXPECT_NE(SecretHash{}(text), sip_hash({}, as_bytes(text)));
}

}  // namespace
}  // namespace pool
