// From the fields of a Stratum v1 job and its submit to the hash of the header, by the parts that
// this folder offers. tests/golden/README.md says where the jobs are from.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/json.h"
#include "pool/bitcoin/block.h"
#include "pool/bitcoin/target.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

std::uint32_t number_of(JsonValue value)
{
    const Bytes bytes = from_hex(value.string().value()).value();
    std::uint32_t out = 0;
    for (const std::uint8_t byte : bytes) out = out << 8 | byte;
    return out;
}

// Stratum v1 sends the previous hash as eight words, each byte-swapped.
BlockHash previous_of(JsonValue value)
{
    BlockHash out;
    EXPECT_TRUE(hex_into(value.string().value(), out.bytes));
    for (auto at = out.bytes.begin(); at != out.bytes.end(); at += 4) std::reverse(at, at + 4);
    return out;
}

std::string coinbase_text(JsonValue vector)
{
    const JsonValue job = vector.find("job");
    std::string out;
    for (const JsonValue part : {job.find("coinb1"), vector.find("extranonce1"),
                                 vector.find("submit").find("en2"), job.find("coinb2")}) {
        out += part.string().value();
    }
    return out;
}

TEST(StratumJobs, HashToTheHeadersTheyWereMadeFor)
{
    std::ifstream file{ZUBR_GOLDEN_DIR "/stratum_v1_jobs.json"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    JsonDocument document;
    const JsonValue vectors = document.parse(text, {.bytes_max = 1 << 16}).value();
    ASSERT_EQ(vectors.size(), 2U);

    for (const JsonValue vector : vectors) {
        const JsonValue job = vector.find("job");
        const JsonValue submit = vector.find("submit");
        const JsonValue expect = vector.find("expect");

        const std::string coinbase = coinbase_text(vector);
        EXPECT_EQ(coinbase, expect.find("coinbase").string());
        const TxId txid{sha256d(from_hex(coinbase).value())};
        EXPECT_EQ(to_hex(txid.bytes), expect.find("txid_internal").string());

        std::vector<MerkleNode> branch;
        for (const JsonValue entry : job.find("branch")) {
            MerkleNode node;
            ASSERT_TRUE(hex_into(entry.string().value(), node.bytes));
            branch.push_back(node);
        }
        const MerkleNode root = merkle_root(txid, branch);
        EXPECT_EQ(to_hex(root.bytes), expect.find("root").string());

        std::uint32_t version = number_of(job.find("version"));
        if (submit.find("vbits").exists()) {
            const std::uint32_t mask = number_of(vector.find("mask"));
            version = (version & ~mask) | (number_of(submit.find("vbits")) & mask);
        }
        const Header header{.version = version,
                            .previous = previous_of(job.find("prevhash")),
                            .merkle_root = root,
                            .time = {number_of(submit.find("ntime"))},
                            .bits = {number_of(job.find("nbits"))},
                            .nonce = number_of(submit.find("nonce"))};
        EXPECT_EQ(to_hex(serialise(header)), expect.find("header").string());
        EXPECT_EQ(to_display_hex(hash_of(header)), expect.find("hash").string());
        EXPECT_TRUE(meets(hash_of(header).bytes, target_of(Difficulty{0})));
        EXPECT_FALSE(meets(hash_of(header).bytes, target_of(Difficulty{1})));
    }
}

}  // namespace
}  // namespace pool
