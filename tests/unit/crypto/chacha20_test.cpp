#include "pool/crypto/chacha20.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"

namespace pool {
namespace {

// RFC 8439, A.1, vectors 1 and 2: key and nonce of zeros, blocks 0 and 1.
constexpr const char* zero_streams =
    "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
    "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"
    "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
    "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f";

TEST(Keystreams, AreThoseOfTheRfc)
{
    if (!has_fast_keystreams()) GTEST_SKIP() << "this processor has no vectors wide enough";
    std::array<Keystream, 6> streams{};
    keystreams(Digest{}, 0, streams);
    EXPECT_EQ(to_hex(streams[0]), zero_streams);
    // A.1, vector 5: the nonce whose last byte is two, which is our count's highest.
    keystreams(Digest{}, std::uint64_t{2} << 56, streams);
    EXPECT_EQ(to_hex(ByteSpan{streams[0]}.first(32)),
              "c2c64d378cd536374ae204b9ef933fcd1a8b2288b3dfa49672ab765b54ee27c7");
}

// One after the other, in pairs and in fours, across the place where the count outgrows 32 bits.
TEST(Keystreams, AreTheSameHoweverManyAreMadeAtOnce)
{
    if (!has_fast_keystreams()) GTEST_SKIP() << "this processor has no vectors wide enough";
    Digest key{};
    key[3] = 1;
    constexpr std::uint64_t first = 0xffff'fffb;
    std::array<Keystream, 10> streams{};
    keystreams(key, first, streams);
    for (std::size_t i = 0; i < streams.size(); ++i) {
        std::array<Keystream, 2> alone{};
        keystreams(key, first + i, alone);
        EXPECT_EQ(alone[0], streams[i]) << i;
        for (std::size_t j = 0; j < i; ++j) EXPECT_NE(streams[j], streams[i]);
    }
}

// keystreams() takes the best only: on a machine of today the other would never run.
TEST(Keystreams, AreTheSameByEveryKernelOfThisProcessor)
{
    if (!has_fast_keystreams()) GTEST_SKIP() << "this processor has no vectors wide enough";
    Digest key{};
    key[31] = 7;
    constexpr std::uint64_t first = 0xffff'fffe;
    std::array<Keystream, 4> right{};
    keystreams(key, first, right);
    for (const KeystreamKernel& kernel : keystream_kernels()) {
        std::array<Keystream, 4> made{};
        kernel.four(key, first, made.data());
        EXPECT_EQ(made, right) << kernel.name;
        made = {};
        kernel.two(key, first, made.data());
        EXPECT_EQ(made[0], right[0]) << kernel.name;
        EXPECT_EQ(made[1], right[1]) << kernel.name;
        EXPECT_EQ(made[2], Keystream{}) << kernel.name << " wrote beyond its two";
    }
}

}  // namespace
}  // namespace pool
