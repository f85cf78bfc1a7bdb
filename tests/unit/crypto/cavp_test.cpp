// NIST's examples through everything here that hashes.
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pool/crypto/hash_plan.h"
#include "pool/crypto/header_hasher.h"
#include "pool/crypto/sha256.h"
#include "pool/crypto/sha256_kernels.h"

namespace pool {
namespace {

struct Example {
    Bytes message;
    Bytes digest;
};

// Lines "Name = value" of a .rsp file; values of one name, in order.
std::vector<std::string> values(const std::string& file, const std::string& name)
{
    std::ifstream in{ZUBR_GOLDEN_DIR "/sha256/" + file};
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with(name + " = ")) out.push_back(line.substr(name.size() + 3));
    }
    EXPECT_FALSE(out.empty()) << file;
    return out;
}

std::vector<Example> examples(const std::string& file)
{
    const auto lengths = values(file, "Len");
    const auto messages = values(file, "Msg");
    const auto digests = values(file, "MD");
    EXPECT_EQ(messages.size(), digests.size());
    std::vector<Example> out;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        Bytes message = from_hex(messages[i]).value();
        message.resize(std::stoul(lengths[i]) / 8);  // the empty message is written as one byte
        out.push_back({std::move(message), from_hex(digests[i]).value()});
    }
    return out;
}

Bytes digest_with(Sha256Transform transform, const Bytes& message)
{
    Bytes padded = message;
    padded.push_back(0x80);
    padded.resize((padded.size() + 8 + 63) / 64 * 64, 0);
    const std::uint64_t bits = std::uint64_t{message.size()} * 8;
    for (std::size_t i = 0; i < 8; ++i) {
        padded[padded.size() - 1 - i] = static_cast<std::uint8_t>(bits >> (8 * i));
    }
    Sha256State state = sha256_start;
    transform(state, padded.data(), padded.size() / 64);
    Bytes out;
    for (const std::uint32_t word : state) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            out.push_back(static_cast<std::uint8_t>(word >> shift));
        }
    }
    return out;
}

std::vector<Sha256Transform> transforms()
{
    std::vector<Sha256Transform> out{sha256_transform_scalar};
    if (sha256_has_shani()) out.push_back(sha256_transform_shani);
    return out;
}

// A header kernel hashes twice: what it makes of a message is the hash of the message's digest.
// The message is cut into prefix, hole and suffix at `cut`.
void expect_double(const HeaderKernel& kernel, const Example& example, std::size_t cut)
{
    const Bytes& message = example.message;
    const std::size_t hole = std::min<std::size_t>(24, message.size() - cut);
    const ByteSpan all{message};
    const HashPlan plan{{.coinbase_prefix = all.first(cut),
                         .extranonce_bytes = hole,
                         .coinbase_suffix = all.subspan(cut + hole),
                         .branch = {},
                         .previous = {},
                         .bits = 0}};
    const std::vector<RootTask> tasks(kernel.lanes, {&plan.words(), message.data() + cut});
    std::vector<Words8> roots(kernel.lanes);
    kernel.roots(tasks.data(), kernel.lanes, roots.data());
    const Digest expected = sha256(example.digest);
    for (const Words8& root : roots) {
        for (std::size_t i = 0; i < 32; ++i) {
            ASSERT_EQ(static_cast<std::uint8_t>(root.word[i / 4] >> (24 - 8 * (i % 4))),
                      expected[i])
                << kernel.name << ", " << message.size() << " bytes cut at " << cut;
        }
    }
}

TEST(Cavp, HoldsForShortAndLongMessages)
{
    for (const char* file : {"SHA256ShortMsg.rsp", "SHA256LongMsg.rsp"}) {
        for (const Example& example : examples(file)) {
            for (const Sha256Transform transform : transforms()) {
                ASSERT_EQ(digest_with(transform, example.message), example.digest);
            }
            const Digest whole = sha256(example.message);
            ASSERT_TRUE(std::equal(whole.begin(), whole.end(), example.digest.begin()));
            for (const HeaderKernel* kernel : header_kernels()) {
                for (const std::size_t cut : {std::size_t{0}, example.message.size() / 2}) {
                    expect_double(*kernel, example, cut);
                }
            }
        }
    }
}

Bytes joined(const std::array<Bytes, 3>& parts)
{
    Bytes out = parts[0];
    out.insert(out.end(), parts[1].begin(), parts[1].end());
    out.insert(out.end(), parts[2].begin(), parts[2].end());
    return out;
}

TEST(Cavp, HoldsForTheMonteCarloChains)
{
    const Bytes seed = from_hex(values("SHA256Monte.rsp", "Seed").at(0)).value();
    const auto digests = values("SHA256Monte.rsp", "MD");
    ASSERT_EQ(digests.size(), 100U);
    for (const Sha256Transform transform : transforms()) {
        Bytes start = seed;
        for (const std::string& expected : digests) {
            std::array<Bytes, 3> last{start, start, start};
            for (int i = 0; i < 1000; ++i) {
                last = {last[1], last[2], digest_with(transform, joined(last))};
            }
            start = last[2];
            ASSERT_EQ(to_hex(start), expected);
        }
    }
}

// Lanes hash twice, so a chain cannot run in them; but each message of it must give its successor.
TEST(Cavp, HoldsForTheMessagesOfAMonteCarloChainInEveryLane)
{
    const Bytes seed = from_hex(values("SHA256Monte.rsp", "Seed").at(0)).value();
    std::array<Bytes, 3> last{seed, seed, seed};
    for (int i = 0; i < 1000; ++i) {
        const Example step{joined(last), digest_with(sha256_transform_scalar, joined(last))};
        for (const HeaderKernel* kernel : header_kernels()) {
            expect_double(*kernel, step, static_cast<std::size_t>(i) % step.message.size());
        }
        last = {last[1], last[2], step.digest};
    }
    EXPECT_EQ(to_hex(last[2]), values("SHA256Monte.rsp", "MD").at(0));
}

}  // namespace
}  // namespace pool
