#include "stratum/v2/noise_run.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace stratum::v2 {
namespace {

std::string bytes_of(std::size_t size, std::mt19937_64& random)
{
    std::string out;
    for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<char>(random()));
    return out;
}

pool::Digest key_of(std::mt19937_64& random)
{
    pool::Digest key{};
    for (auto& byte : key) byte = static_cast<std::uint8_t>(random());
    return key;
}

// Lengths around those at which anything changes: none, Poly1305's block, ChaCha20's, and beyond.
std::size_t awkward(std::mt19937_64& random)
{
    constexpr std::array<std::size_t, 14> sizes{0,  1,  6,  15, 16, 17,  24,
                                                48, 63, 64, 65, 66, 200, 7};
    return sizes[random() % sizes.size()];
}

TEST(CipherRun, SealsAndOpensWhatTheCipherItselfDoes)
{
    std::mt19937_64 random{5};
    for (int round = 0; round < 200; ++round) {
        const pool::Digest key = key_of(random);
        const std::uint64_t first = round % 2 == 0 ? random() : 0xffff'fffd;
        Cipher plainly{key};
        Cipher sender{key};
        Cipher receiver{key};
        for (Cipher* each : {&plainly, &sender, &receiver}) each->set_count(first);
        CipherRun sealing{sender, random() % 12};
        CipherRun opening{receiver, random() % 12};
        for (int message = 0; message < 12; ++message) {
            const std::string text = bytes_of(awkward(random), random);
            std::string expected = "before";
            plainly.seal(pool::as_bytes(text), {}, expected);
            std::string sealed = "before";
            sealing.seal(pool::as_bytes(text), sealed);
            ASSERT_EQ(sealed, expected) << "round " << round << ", " << text.size() << " bytes";

            pool::Bytes wire{sealed.begin() + 6, sealed.end()};
            ASSERT_TRUE(opening.open(wire));
            wire.resize(text.size());
            ASSERT_EQ(std::string(wire.begin(), wire.end()), text);
        }
        EXPECT_EQ(sender.count(), plainly.count());
        EXPECT_EQ(receiver.count(), plainly.count());
    }
}

TEST(CipherRun, OpensNothingWithAWrongBitAnywhere)
{
    for (std::size_t at = 0; at < 24 + tag_bytes; ++at) {
        Cipher sender{pool::Digest{}};
        Cipher receiver{pool::Digest{}};
        std::string sealed;
        CipherRun{sender, 1}.seal(pool::Bytes(24, 7), sealed);
        pool::Bytes wire{sealed.begin(), sealed.end()};
        wire[at] ^= 0x80;
        EXPECT_FALSE((CipherRun{receiver, 1}.open(wire))) << at;
    }
}

TEST(CipherRun, OpensNothingShorterThanATagAndNothingOutOfOrder)
{
    Cipher sender{pool::Digest{}};
    Cipher receiver{pool::Digest{}};
    CipherRun run{receiver, 4};
    pool::Bytes small(tag_bytes - 1, 0);
    EXPECT_FALSE(run.open(small));
    std::string first;
    std::string second;
    sender.seal(pool::as_bytes("one"), {}, first);
    sender.seal(pool::as_bytes("two"), {}, second);
    pool::Bytes wire{second.begin(), second.end()};
    EXPECT_FALSE(run.open(wire));
}

// The last nonces of all, where the streams that are made ahead would begin anew.
TEST(CipherRun, EndsWhereTheNoncesEnd)
{
    Cipher sender{pool::Digest{}};
    Cipher receiver{pool::Digest{}};
    sender.set_count(~std::uint64_t{0} - 1);
    receiver.set_count(~std::uint64_t{0} - 1);
    std::string sealed;
    CipherRun{sender, 4}.seal(pool::as_bytes("last"), sealed);
    pool::Bytes wire{sealed.begin(), sealed.end()};
    CipherRun run{receiver, 4};
    EXPECT_TRUE(run.open(wire));
    EXPECT_TRUE(receiver.exhausted());
    pool::Bytes next(32, 0);
    EXPECT_FALSE(run.open(next));
}

}  // namespace
}  // namespace stratum::v2
