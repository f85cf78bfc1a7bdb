#include "pool/crypto/sha256.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/crypto/sha256_kernels.h"

namespace pool {
namespace {

// 768 bytes: 0, 1, … 255, three times over.
Bytes counting_bytes()
{
    Bytes out(768);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(i);
    return out;
}

TEST(Sha256, GivesTheDigestsOfFips180)
{
    // FIPS 180-4's examples, as published with it (and the digest of nothing).
    EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(to_hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(to_hex(sha256(as_bytes(std::string(1'000'000, 'a')))),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    EXPECT_EQ(to_hex(sha256({})),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

// The lengths around which padding changes its form; digests by Python's hashlib.
TEST(Sha256, PadsEveryLengthRight)
{
    const std::array<std::pair<std::size_t, const char*>, 12> known{{
        {55, "463eb28e72f82e0a96c0a4cc53690c571281131f672aa229e0d45ae59b598b59"},
        {56, "da2ae4d6b36748f2a318f23e7ab1dfdf45acdc9d049bd80e59de82a60895f562"},
        {63, "29af2686fd53374a36b0846694cc342177e428d1647515f078784d69cdb9e488"},
        {64, "fdeab9acf3710362bd2658cdc9a29e8f9c757fcf9811603a8c447cd1d9151108"},
        {65, "4bfd2c8b6f1eec7a2afeb48b934ee4b2694182027e6d0fc075074f2fabb31781"},
        {119, "da18797ed7c3a777f0847f429724a2d8cd5138e6ed2895c3fa1a6d39d18f7ec6"},
        {120, "f52b23db1fbb6ded89ef42a23ce0c8922c45f25c50b568a93bf1c075420bbb7c"},
        {127, "92ca0fa6651ee2f97b884b7246a562fa71250fedefe5ebf270d31c546bfea976"},
        {128, "471fb943aa23c511f6f72f8d1652d9c880cfa392ad80503120547703e56a2be5"},
        {129, "5099c6a56203f9687f7d33f4bfdf576d31dc91f6b695ecea38b2770c87631135"},
        {447, "da8931d0c393f36308eea302a793fb918bd415562bdbd4726125ebb1abdbaf29"},
        {768, "f3a25aa93aa2fbba28d79260535bbd6a5eb0fc1c24a8b0f04e12b484c1dfe363"},
    }};
    const Bytes bytes = counting_bytes();
    for (const auto& [length, digest] : known) {
        EXPECT_EQ(to_hex(sha256(ByteSpan{bytes}.first(length))), digest) << length;
    }
}

TEST(Sha256, DoesNotCareHowATextIsCut)
{
    const Bytes bytes = counting_bytes();
    const Digest whole = sha256(bytes);
    std::mt19937_64 random{170};
    for (int round = 0; round < 200; ++round) {
        Sha256 hash;
        for (ByteSpan left = bytes; !left.empty();) {
            const std::size_t taken = std::min<std::size_t>(left.size(), random() % 150);
            hash.update(left.first(taken));
            left = left.subspan(taken);
        }
        ASSERT_EQ(hash.finish(), whole);
    }
}

TEST(Sha256, IsAMidstateWhenCopied)
{
    const Bytes bytes = counting_bytes();
    Sha256 shared;
    shared.update(ByteSpan{bytes}.first(100));
    Sha256 one = shared;
    Sha256 other = shared;
    EXPECT_EQ(one.update(ByteSpan{bytes}.subspan(100)).finish(), sha256(bytes));
    EXPECT_EQ(other.finish(), sha256(ByteSpan{bytes}.first(100)));
}

TEST(Sha256d, GivesTheHashOfBlock170)
{
    // Mainnet, height 170: the block of the first payment.
    std::array<std::uint8_t, 80> header{};
    ASSERT_TRUE(
        hex_into("0100000055bd840a78798ad0da853f68974f3d183e2bd1db6a842c1feecf222a00000000ff104ccb0"
                 "5421ab93e63"
                 "f8c3ce5c2c2e9dbb37de2764b3a3175c8166562cac7d51b96a49ffff001d283e9e70",
                 header));
    EXPECT_EQ(to_display_hex(sha256d(header)),
              "00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee");
}

TEST(Sha256d, StepsUpAMerkleTree)
{
    // The two transactions of block 170 and its merkle root.
    const Digest coinbase = *digest_from_display_hex(
        "b1fea52486ce0c62bb442b530a3f0132b826c74e473d1f2c220bfa78111c5082");
    const Digest payment = *digest_from_display_hex(
        "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16");
    EXPECT_EQ(to_hex(sha256d_pair(coinbase, payment)),
              "ff104ccb05421ab93e63f8c3ce5c2c2e9dbb37de2764b3a3175c8166562cac7d");
}

TEST(TaggedHash, IsThatOfBip340)
{
    // hashlib: t = sha256(tag), sha256(t + t + message); the tag is a leaf's of the slot tree.
    EXPECT_EQ(to_hex(tagged_hash("pool/leaf/1", {})),
              "25e224bd1b4fffe593b6b24d64c6189c6f56b9b494bb98cbc425488d695a81c9");
    EXPECT_EQ(to_hex(tagged_hash("pool/leaf/1", as_bytes("abc"))),
              "ca35953fd552e5a9d7dcd30d3aa3afcf30ca70c769148022e3a1dc4f15db20dd");
}

TEST(Sha256Kernels, AgreeOnEveryNumberOfBlocks)
{
    if (!sha256_has_shani()) GTEST_SKIP() << "this processor has no SHA extensions";
    std::mt19937_64 random{256};
    Bytes blocks(17 * 64);
    for (std::uint8_t& byte : blocks) byte = static_cast<std::uint8_t>(random());
    for (std::size_t count = 0; count <= 17; ++count) {
        Sha256State scalar = sha256_start;
        Sha256State shani = sha256_start;
        sha256_transform_scalar(scalar, blocks.data(), count);
        sha256_transform_shani(shani, blocks.data(), count);
        EXPECT_EQ(scalar, shani) << count;
    }
}

TEST(Sha256Kernels, PassTheirSelfTest)
{
    EXPECT_TRUE(sha256_self_test());
    EXPECT_EQ(sha256_kernel(), sha256_has_shani() ? "sha-ni" : "scalar");
}

}  // namespace
}  // namespace pool
