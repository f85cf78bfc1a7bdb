#include "pool/base/bytes.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "pool/base/hash.h"

namespace pool {
namespace {

TEST(Hex, WritesTwoLowerCaseDigitsAByteInMemoryOrder)
{
    EXPECT_EQ(to_hex(Bytes{0x00, 0x0f, 0xa0, 0xff}), "000fa0ff");
    EXPECT_EQ(to_hex({}), "");
}

TEST(Hex, AppendsToWhatIsThere)
{
    std::string line = "id=";
    append_hex(line, Bytes{0xde, 0xad});
    EXPECT_EQ(line, "id=dead");
}

TEST(Hex, ReadsEitherCase) { EXPECT_EQ(from_hex("aBCd09"), (Bytes{0xab, 0xcd, 0x09})); }

TEST(Hex, ReadsNoBytesFromNoText) { EXPECT_EQ(from_hex(""), Bytes{}); }

TEST(Hex, RefusesOddCountsAndOtherCharacters)
{
    EXPECT_EQ(from_hex("abc"), std::nullopt);
    // The neighbours of the digits in ASCII, signs, space, and bytes above it.
    for (const char* bad : {"0g", "g0", "0G", "/0", ":0", "@0", "`0", "0x", " 0", "-1",
                            "\xff"
                            "0"}) {
        EXPECT_EQ(from_hex(bad), std::nullopt) << bad;
    }
}

TEST(Hex, RefusesATextThatIsNotExactlyAsLongAsTheRoomForIt)
{
    std::array<std::uint8_t, 2> out{};
    EXPECT_FALSE(hex_into("ab", out));
    EXPECT_FALSE(hex_into("abcdef", out));
    ASSERT_TRUE(hex_into("abcd", out));
    EXPECT_EQ(out, (std::array<std::uint8_t, 2>{0xab, 0xcd}));
}

TEST(DisplayHex, ShowsAHashReversed)
{
    Digest digest{};
    digest[0] = 0x6f;
    digest[31] = 0x01;
    const std::string text = "010000000000000000000000000000000000000000000000000000000000006f";
    EXPECT_EQ(to_display_hex(BlockHash{digest}), text);
    EXPECT_EQ(digest_from_display_hex(text), digest);
}

TEST(DisplayHex, ReadsNothingButSixtyFourDigits)
{
    EXPECT_EQ(digest_from_display_hex(std::string(62, '0')), std::nullopt);
    EXPECT_EQ(digest_from_display_hex(std::string(66, '0')), std::nullopt);
    EXPECT_EQ(digest_from_display_hex(std::string(63, '0') + "g"), std::nullopt);
}

TEST(ByteWriter, WritesNumbersLittleEndian)
{
    ByteWriter out;
    out.u8(0x01);
    out.u16(0x0203);
    out.u32(0x04050607);
    out.u64(0x08090a0b0c0d0e0f);
    EXPECT_EQ(to_hex(out.bytes()),
              "01"
              "0302"
              "07060504"
              "0f0e0d0c0b0a0908");
}

TEST(ByteWriter, WritesEveryCompactSizeInItsShortestForm)
{
    ByteWriter out;
    for (const std::uint64_t value :
         {0ULL, 0xfcULL, 0xfdULL, 0xffffULL, 0x10000ULL, 0xffffffffULL, 0x100000000ULL}) {
        out.compact_size(value);
    }
    EXPECT_EQ(to_hex(out.bytes()),
              "00"
              "fc"
              "fdfd00"
              "fdffff"
              "fe00000100"
              "feffffffff"
              "ff0000000001000000");
}

TEST(ByteReader, ReadsBackWhatAWriterWrote)
{
    ByteWriter out;
    out.u8(0xfe);
    out.u16(0xfedc);
    out.u32(0xfedcba98);
    out.u64(0xfedcba9876543210);
    out.compact_size(0x12345678);
    out.raw(Bytes{1, 2, 3});

    ByteReader in{out.bytes()};
    EXPECT_EQ(in.u8(), 0xfe);
    EXPECT_EQ(in.u16(), 0xfedc);
    EXPECT_EQ(in.u32(), 0xfedcba98);
    EXPECT_EQ(in.u64(), 0xfedcba9876543210);
    EXPECT_EQ(in.compact_size(), 0x12345678U);
    EXPECT_EQ(to_hex(in.raw(3)), "010203");
    EXPECT_EQ(in.left(), 0U);
    EXPECT_TRUE(in.ok());
}

TEST(ByteReader, GivesZeroPastTheEndAndIsBadForGood)
{
    const Bytes bytes{1, 2, 3};
    ByteReader in{bytes};
    EXPECT_EQ(in.u32(), 0U);
    EXPECT_FALSE(in.ok());
    EXPECT_EQ(in.u8(), 0U);  // a byte is there, but what it means is not known any more
    EXPECT_TRUE(in.raw(1).empty());
    EXPECT_FALSE(in.ok());
}

TEST(ByteReader, RefusesACompactSizeLongerThanNeeded)
{
    for (const char* text : {"fdfc00", "feffff0000", "ffffffffff00000000"}) {
        const Bytes bytes = *from_hex(text);
        ByteReader in{bytes};
        EXPECT_EQ(in.compact_size(), 0U) << text;
        EXPECT_FALSE(in.ok()) << text;
    }
}

TEST(ByteReader, DoesNotBelieveALengthThatIsNotThere)
{
    const Bytes bytes = *from_hex("ffffffffffffffffff00");
    ByteReader in{bytes};
    EXPECT_TRUE(in.raw(in.compact_size()).empty());
    EXPECT_FALSE(in.ok());
}

}  // namespace
}  // namespace pool
