#include <fstream>
#include <iterator>
#include <memory>
#include <random>

#include <gtest/gtest.h>

#include "pool/base/json.h"
#include "pool/crypto/hash_plan.h"
#include "pool/crypto/header_hasher.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

using Random = std::mt19937_64;

Bytes random_bytes(Random& random, std::size_t size)
{
    Bytes out(size);
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>(random());
    return out;
}

Digest digest_of(const Words8& words)
{
    Digest out{};
    for (std::size_t i = 0; i < 32; ++i) {
        out[i] = static_cast<std::uint8_t>(words.word[i / 4] >> (24 - 8 * (i % 4)));
    }
    return out;
}

// A share as bytes, and the same for a kernel.
struct Share {
    Bytes prefix;
    Bytes extranonce;
    Bytes suffix;
    std::vector<Digest> branch;
    Digest previous{};
    std::uint32_t bits = 0;
    std::uint32_t version = 0;
    std::uint32_t time = 0;
    std::uint32_t nonce = 0;
    std::shared_ptr<const HashPlan> plan;  // shared by copies

    void prepare()
    {
        plan = std::make_shared<HashPlan>(HashPlan::Parts{.coinbase_prefix = prefix,
                                                          .extranonce_bytes = extranonce.size(),
                                                          .coinbase_suffix = suffix,
                                                          .branch = branch,
                                                          .previous = previous,
                                                          .bits = bits});
    }
    Digest root() const
    {
        Bytes coinbase = prefix;
        coinbase.insert(coinbase.end(), extranonce.begin(), extranonce.end());
        coinbase.insert(coinbase.end(), suffix.begin(), suffix.end());
        Digest node = sha256d(coinbase);
        for (const Digest& sibling : branch) node = sha256d_pair(node, sibling);
        return node;
    }
    Digest hash() const
    {
        ByteWriter header;
        header.u32(version);
        header.raw(previous);
        header.raw(root());
        header.u32(time);
        header.u32(bits);
        header.u32(nonce);
        return sha256d(header.bytes());
    }
};

Share random_share(Random& random)
{
    Share share;
    share.prefix = random_bytes(random, random() % 200);
    share.extranonce = random_bytes(random, 2 + random() % 23);
    share.suffix = random_bytes(random, random() % 300);
    share.branch.resize(random() % 17);
    for (Digest& node : share.branch) {
        const Bytes bytes = random_bytes(random, node.size());
        std::copy(bytes.begin(), bytes.end(), node.begin());
    }
    share.previous[random() % 32] = static_cast<std::uint8_t>(random());
    share.bits = static_cast<std::uint32_t>(random());
    share.version = static_cast<std::uint32_t>(random());
    share.time = static_cast<std::uint32_t>(random());
    share.nonce = static_cast<std::uint32_t>(random());
    share.prepare();
    return share;
}

std::vector<Digest> hashes_with(const HeaderKernel& kernel, const std::vector<Share>& shares)
{
    std::vector<RootTask> root_tasks;
    std::vector<HeaderTask> header_tasks;
    std::vector<Words8> roots(shares.size());
    std::vector<Words8> hashes(shares.size());
    for (std::size_t i = 0; i < shares.size(); ++i) {
        const Share& share = shares[i];
        root_tasks.push_back({&share.plan->words(), share.extranonce.data()});
        header_tasks.push_back(
            {&share.plan->words(), &roots[i], share.version, share.time, share.nonce});
    }
    kernel.roots(root_tasks.data(), shares.size(), roots.data());
    kernel.headers(header_tasks.data(), shares.size(), hashes.data());
    std::vector<Digest> out;
    for (const Words8& hash : hashes) out.push_back(digest_of(hash));
    return out;
}

void expect_agreement(const HeaderKernel& kernel, const std::vector<Share>& shares)
{
    const std::vector<Digest> hashes = hashes_with(kernel, shares);
    for (std::size_t i = 0; i < shares.size(); ++i) {
        ASSERT_EQ(hashes[i], shares[i].hash())
            << kernel.name << ", lane " << i << " of " << shares.size() << ": prefix "
            << shares[i].prefix.size() << ", extranonce " << shares[i].extranonce.size()
            << ", suffix " << shares[i].suffix.size() << ", branch " << shares[i].branch.size();
    }
}

TEST(HeaderKernels, PassTheirSelfTest) { EXPECT_TRUE(header_kernels_self_test()); }

TEST(HeaderKernels, AgreeWithPlainHashingInEveryLaneOfRaggedBatches)
{
    Random random{170};
    for (const HeaderKernel* kernel : header_kernels()) {
        for (std::size_t count = 1; count <= kernel->lanes; ++count) {
            std::vector<Share> shares;
            for (std::size_t i = 0; i < count; ++i) shares.push_back(random_share(random));
            expect_agreement(*kernel, shares);
        }
    }
}

TEST(HeaderKernels, PutTheExtranonceWhereverItBegins)
{
    Random random{171};
    for (const HeaderKernel* kernel : header_kernels()) {
        for (std::size_t prefix = 0; prefix < 130; prefix += kernel->lanes) {
            for (const std::size_t length : {4U, 12U, 24U}) {
                std::vector<Share> shares;
                for (std::size_t lane = 0; lane < kernel->lanes; ++lane) {
                    Share share = random_share(random);
                    share.prefix = random_bytes(random, prefix + lane);
                    share.extranonce = random_bytes(random, length);
                    share.branch.resize(lane % 2);
                    share.prepare();
                    shares.push_back(std::move(share));
                }
                expect_agreement(*kernel, shares);
            }
        }
    }
}

TEST(HeaderKernels, ChangeOnlyTheLaneWhoseInputChangesByOneBit)
{
    Random random{172};
    for (const HeaderKernel* kernel : header_kernels()) {
        std::vector<Share> shares;
        for (std::size_t i = 0; i < kernel->lanes; ++i) shares.push_back(random_share(random));
        const std::vector<Digest> before = hashes_with(*kernel, shares);
        for (std::size_t lane = 0; lane < shares.size(); ++lane) {
            for (int what = 0; what < 5; ++what) {
                std::vector<Share> changed = shares;
                Share& share = changed[lane];
                const std::uint32_t bit = 1U << random() % 32;
                if (what == 0) share.version ^= bit;
                if (what == 1) share.time ^= bit;
                if (what == 2) share.nonce ^= bit;
                if (what == 3) share.bits ^= bit;
                if (what == 4) {
                    share.extranonce[random() % share.extranonce.size()] ^=
                        static_cast<std::uint8_t>(1U << random() % 8);
                }
                share.prepare();
                const std::vector<Digest> after = hashes_with(*kernel, changed);
                for (std::size_t i = 0; i < shares.size(); ++i) {
                    ASSERT_EQ(after[i] == before[i], i != lane) << kernel->name << what;
                }
            }
        }
    }
}

TEST(HeaderKernels, HashRealBlocksFromTheirCoinbases)
{
    std::ifstream file{ZUBR_GOLDEN_DIR "/blocks.json"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    JsonDocument document;
    const JsonValue blocks = document.parse(text, {.bytes_max = 1 << 20}).value();
    int seen = 0;
    for (const JsonValue block : blocks) {
        const Bytes header = from_hex(block.find("header").string().value()).value();
        const Bytes coinbase = from_hex(block.find("coinbase").string().value()).value();
        if (coinbase.at(4) == 0) continue;  // with a witness: its id is of other bytes
        Share share;
        share.prefix.assign(coinbase.begin(), coinbase.begin() + 44);
        share.extranonce.assign(coinbase.begin() + 44, coinbase.begin() + 48);
        share.suffix.assign(coinbase.begin() + 48, coinbase.end());
        for (const JsonValue node : block.find("branch")) {
            ASSERT_TRUE(hex_into(node.string().value(), share.branch.emplace_back()));
        }
        ByteReader in{header};
        share.version = in.u32();
        const ByteSpan previous = in.raw(32);
        std::copy(previous.begin(), previous.end(), share.previous.begin());
        in.raw(32);
        share.time = in.u32();
        share.bits = in.u32();
        share.nonce = in.u32();
        share.prepare();
        for (const HeaderKernel* kernel : header_kernels()) {
            const std::vector<Digest> hashes = hashes_with(*kernel, {share});
            EXPECT_EQ(to_display_hex(hashes[0]), block.find("hash").string().value());
        }
        ++seen;
    }
    EXPECT_GE(seen, 3);
}

// The largest coinbase that we make, and twelve branches as a full block of 4,000 transactions has.
TEST(HashPlan, KeepsWhatSharesNeedOfAJobWithinOneKilobyteOnWholeCacheLines)
{
    constexpr std::size_t line = 64;
    const Bytes prefix(50, 1);
    const Bytes suffix(500 - 50 - 12, 2);
    const std::vector<Digest> branch(12);
    const HashPlan plan{{.coinbase_prefix = prefix,
                         .extranonce_bytes = 12,
                         .coinbase_suffix = suffix,
                         .branch = branch}};
    const PlanWords& words = plan.words();
    const std::size_t bytes = sizeof(PlanWords) + words.blocks * line + words.branches * line / 2;
    EXPECT_LE(bytes, 1024U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(words.coinbase) % line, 0U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(words.branch) % line, 0U);
}

TEST(HeaderHasher, GivesTheSameWithEveryKernelForEveryCount)
{
    Random random{173};
    std::vector<Share> shares;
    for (int i = 0; i < 150; ++i) shares.push_back(random_share(random));
    std::vector<RootTask> tasks;
    for (const Share& share : shares) {
        tasks.push_back({&share.plan->words(), share.extranonce.data()});
    }
    std::vector<HeaderHasher> hashers{HeaderHasher{}, HeaderHasher::calibrated()};
    for (const HeaderKernel* kernel : header_kernels()) {
        hashers.push_back(HeaderHasher::with(kernel->name).value());
    }
    for (const HeaderHasher& hasher : hashers) {
        for (const std::size_t count : {0U, 1U, 2U, 5U, 9U, 17U, 63U, 64U, 65U, 150U}) {
            std::vector<Words8> roots(count);
            hasher.roots(std::span{tasks}.first(count), roots);
            for (std::size_t i = 0; i < count; ++i) {
                ASSERT_EQ(digest_of(roots[i]), shares[i].root()) << hasher.describe();
            }
        }
    }
}

TEST(HeaderHasher, NamesWhatThereIsWhenAskedForAnotherKernel)
{
    const auto none = HeaderHasher::with("quantum");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, Error::Code::not_found);
    EXPECT_NE(none.error().detail.find("scalar"), std::string::npos);
    EXPECT_TRUE(HeaderHasher::with("scalar"));
}

}  // namespace
}  // namespace pool
