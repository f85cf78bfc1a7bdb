#include "pool/bitcoin/block.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

template <typename Hash>
Hash read_hash(ByteReader& in)
{
    Hash out;
    const ByteSpan bytes = in.raw(out.bytes.size());
    std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
    return out;
}

}  // namespace

HeaderBytes serialise(const Header& header)
{
    ByteWriter writer;
    writer.u32(header.version);
    writer.raw(header.previous.bytes);
    writer.raw(header.merkle_root.bytes);
    writer.u32(header.time.seconds);
    writer.u32(header.bits.value);
    writer.u32(header.nonce);
    HeaderBytes out{};
    check(writer.size() == out.size(), "a header is four numbers and two hashes: 80 bytes");
    std::copy(writer.bytes().begin(), writer.bytes().end(), out.begin());
    return out;
}

Header parse_header(const HeaderBytes& bytes)
{
    ByteReader in{bytes};
    Header out;
    out.version = in.u32();
    out.previous = read_hash<BlockHash>(in);
    out.merkle_root = read_hash<MerkleNode>(in);
    out.time = {in.u32()};
    out.bits = {in.u32()};
    out.nonce = in.u32();
    return out;
}

BlockHash hash_of(const Header& header) { return {sha256d(serialise(header))}; }

std::vector<MerkleNode> merkle_branch(std::span<const TxId> txids)
{
    // A level of the tree without its leftmost node: that one is the miner's to compute.
    std::vector<MerkleNode> level;
    level.reserve(txids.size() + 1);
    for (const TxId& txid : txids) level.push_back({txid.bytes});

    std::vector<MerkleNode> branch;
    while (!level.empty()) {
        branch.push_back(level.front());
        // With the missing node an even number of the others is an odd level: Bitcoin pairs the
        // last one with itself.
        if (level.size() % 2 == 0) level.push_back(level.back());
        const std::size_t pairs = (level.size() - 1) / 2;
        for (std::size_t i = 0; i < pairs; ++i) {
            level[i] = {sha256d_pair(level[2 * i + 1].bytes, level[2 * i + 2].bytes)};
        }
        level.resize(pairs);
    }
    return branch;
}

MerkleNode merkle_root(const TxId& coinbase, std::span<const MerkleNode> branch)
{
    Digest node = coinbase.bytes;
    for (const MerkleNode& sibling : branch) node = sha256d_pair(node, sibling.bytes);
    return {node};
}

Bytes joined(std::span<const MerkleNode> branch)
{
    Bytes out;
    for (const MerkleNode& node : branch) {
        out.insert(out.end(), node.bytes.begin(), node.bytes.end());
    }
    return out;
}

std::optional<std::vector<MerkleNode>> branch_from(ByteSpan joined)
{
    constexpr std::size_t node_bytes = sizeof(MerkleNode::bytes);
    if (joined.size() % node_bytes != 0) return std::nullopt;
    std::vector<MerkleNode> branch(joined.size() / node_bytes);
    for (MerkleNode& node : branch) {
        std::copy_n(joined.begin(), node_bytes, node.bytes.begin());
        joined = joined.subspan(node_bytes);
    }
    return branch;
}

Bytes assemble_block(const HeaderBytes& header, ByteSpan coinbase,
                     std::span<const Bytes> transactions)
{
    ByteWriter out;
    out.raw(header);
    out.compact_size(transactions.size() + 1);
    out.raw(coinbase);
    for (const Bytes& transaction : transactions) out.raw(transaction);
    return out.take();
}

}  // namespace pool
