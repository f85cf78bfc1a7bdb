#include "pool/bitcoin/block.h"

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/json.h"
#include "pool/base/types.h"
#include "pool/bitcoin/coinbase.h"
#include "pool/bitcoin/target.h"
#include "pool/bitcoin/transaction.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

// tests/golden/README.md says what is in the file and where it is from.
class GoldenBlocks {
public:
    GoldenBlocks()
    {
        std::ifstream file{ZUBR_GOLDEN_DIR "/blocks.json"};
        const std::string text{std::istreambuf_iterator<char>{file}, {}};
        blocks_ = document_.parse(text, {.bytes_max = 1 << 20}).value();
    }
    auto begin() const { return blocks_.begin(); }
    auto end() const { return blocks_.end(); }
    std::size_t size() const { return blocks_.size(); }

private:
    JsonDocument document_;
    JsonValue blocks_;
};

HeaderBytes header_of(JsonValue block)
{
    HeaderBytes out{};
    EXPECT_TRUE(hex_into(block.find("header").string().value(), out));
    return out;
}

std::vector<MerkleNode> nodes_of(JsonValue list)
{
    std::vector<MerkleNode> out;
    for (const JsonValue entry : list) {
        MerkleNode node;
        EXPECT_TRUE(hex_into(entry.string().value(), node.bytes));
        out.push_back(node);
    }
    return out;
}

Transaction coinbase_of(JsonValue block)
{
    return parse_transaction(from_hex(block.find("coinbase").string().value()).value()).value();
}

TEST(GoldenBlocks, AreAllThere) { EXPECT_EQ(GoldenBlocks{}.size(), 5U); }

TEST(Header, HashesToWhatTheNetworkKnowsAndMeetsItsOwnTarget)
{
    for (const JsonValue block : GoldenBlocks{}) {
        const Header header = parse_header(header_of(block));
        EXPECT_EQ(to_display_hex(hash_of(header)), block.find("hash").string());
        EXPECT_TRUE(meets(hash_of(header).bytes, target_from_compact(header.bits).value()));
    }
}

TEST(Header, IsWrittenAsItWasRead)
{
    for (const JsonValue block : GoldenBlocks{}) {
        EXPECT_EQ(serialise(parse_header(header_of(block))), header_of(block));
    }
}

TEST(Header, HasTheFieldsOfBlock170)
{
    HeaderBytes bytes{};
    ASSERT_TRUE(
        hex_into("0100000055bd840a78798ad0da853f68974f3d183e2bd1db6a842c1feecf222a00000000ff104ccb0"
                 "5421ab93e63"
                 "f8c3ce5c2c2e9dbb37de2764b3a3175c8166562cac7d51b96a49ffff001d283e9e70",
                 bytes));
    const Header header = parse_header(bytes);
    EXPECT_EQ(header.version, 1U);
    EXPECT_EQ(to_display_hex(header.previous),
              "000000002a22cfee1f2c846adbd12b3e183d4f97683f85dad08a79780a84bd55");
    EXPECT_EQ(header.time, UnixTime{1231731025});
    EXPECT_EQ(header.bits, CompactBits{0x1d00ffff});
    EXPECT_EQ(header.nonce, 1889418792U);
}

TEST(MerkleRoot, FoldsEveryCoinbaseUpToItsHeader)
{
    for (const JsonValue block : GoldenBlocks{}) {
        const MerkleNode root =
            merkle_root(txid_of(coinbase_of(block)), nodes_of(block.find("branch")));
        EXPECT_EQ(root, parse_header(header_of(block)).merkle_root)
            << block.find("name").string().value();
    }
}

TEST(MerkleBranch, IsMadeFromTheOtherTransactions)
{
    int made = 0;
    for (const JsonValue block : GoldenBlocks{}) {
        std::vector<TxId> txids;
        for (const JsonValue entry : block.find("txids")) {
            txids.push_back({digest_from_display_hex(entry.string().value()).value()});
        }
        if (txids.empty()) continue;
        EXPECT_EQ(txids.front(), txid_of(coinbase_of(block)));
        txids.erase(txids.begin());
        EXPECT_EQ(merkle_branch(txids), nodes_of(block.find("branch")))
            << block.find("name").string().value();
        ++made;
    }
    EXPECT_EQ(made, 4);
}

// Every shape of tree up to 70 transactions, against a tree built whole.
TEST(MerkleBranch, FoldsToTheRootOfTheWholeTreeForEveryCount)
{
    for (std::uint8_t count = 1; count <= 70; ++count) {
        std::vector<Digest> level;
        for (std::uint8_t i = 0; i < count; ++i) level.push_back(sha256(Bytes{i}));
        std::vector<TxId> others;
        for (std::size_t i = 1; i < level.size(); ++i) others.push_back({level[i]});
        const TxId coinbase{level.front()};

        while (level.size() > 1) {
            if (level.size() % 2 != 0) level.push_back(level.back());
            std::vector<Digest> above;
            for (std::size_t i = 0; i < level.size(); i += 2) {
                Bytes both(level[i].begin(), level[i].end());
                both.insert(both.end(), level[i + 1].begin(), level[i + 1].end());
                above.push_back(sha256d(both));
            }
            level = above;
        }
        EXPECT_EQ(merkle_root(coinbase, merkle_branch(others)).bytes, level.front()) << int{count};
    }
}

// BIP 141: the root over the witness ids (zeros for the coinbase) and the 32 reserved zeros.
TEST(WitnessCommitment, IsInTheLastOutputOfSegwitCoinbases)
{
    int seen = 0;
    for (const JsonValue block : GoldenBlocks{}) {
        if (!block.find("witness_branch").exists()) continue;
        const MerkleNode root = merkle_root(TxId{}, nodes_of(block.find("witness_branch")));
        const Script script = coinbase_of(block).outputs.back().script;
        EXPECT_EQ(to_hex(script), "6a24aa21a9ed" + to_hex(sha256d_pair(root.bytes, Digest{})));
        ++seen;
    }
    EXPECT_EQ(seen, 2);
}

TEST(WithWitness, GivesTheCoinbaseAsBlocksCarryIt)
{
    for (const JsonValue block : GoldenBlocks{}) {
        if (!block.find("witness_branch").exists()) continue;
        const Bytes stripped = serialise(coinbase_of(block), WitnessForm::without);
        EXPECT_EQ(to_hex(with_witness(stripped)), block.find("coinbase").string());
    }
}

TEST(Bip34Height, StartsTheCoinbaseOfEveryBlockThatHasIt)
{
    for (const JsonValue block : GoldenBlocks{}) {
        if (!block.find("witness_branch").exists()) continue;
        const Height height{static_cast<std::uint32_t>(block.find("height").uint64().value())};
        const std::string script = to_hex(coinbase_of(block).inputs.at(0).script);
        EXPECT_TRUE(script.starts_with(to_hex(bip34_height(height)))) << script;
    }
}

TEST(AssembleBlock, WritesHeaderCountCoinbaseAndTheOthers)
{
    HeaderBytes header{};
    header.fill(0x11);
    const std::vector<Bytes> transactions{{0xaa}, {0xbb, 0xcc}};
    EXPECT_EQ(to_hex(assemble_block(header, Bytes{0x22, 0x33}, transactions)),
              std::string(160, '1') +
                  "03"
                  "2233"
                  "aa"
                  "bbcc");
}

TEST(AssembleBlock, CountsInCompactForm)
{
    const std::vector<Bytes> transactions(252, Bytes{0x00});
    const Bytes block = assemble_block(HeaderBytes{}, {}, transactions);
    EXPECT_EQ(to_hex(ByteSpan{block}.subspan(80, 3)), "fdfd00");
}

}  // namespace
}  // namespace pool
