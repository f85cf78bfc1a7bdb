#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pool {

/// 32 bytes as SHA-256 leaves them, before they get a meaning.
using Digest = std::array<std::uint8_t, 32>;

/// A hash with a meaning: the tag keeps a block hash from being taken for a transaction id.
/// Bytes are in memory order ("internal"); people are shown them reversed.
template <typename Tag>
struct TaggedHash {
    Digest bytes{};
    friend constexpr auto operator<=>(const TaggedHash&, const TaggedHash&) = default;
};

using BlockHash = TaggedHash<struct BlockHashTag>;
using TxId = TaggedHash<struct TxIdTag>;
using MerkleNode = TaggedHash<struct MerkleNodeTag>;  ///< txid or inner node of a merkle tree

/// The way nodes and explorers show a hash: 64 lower-case digits, bytes reversed.
std::string to_display_hex(const Digest& bytes);
/// Reverse of to_display_hex; nothing unless exactly 64 hex digits.
std::optional<Digest> digest_from_display_hex(std::string_view text);

template <typename Tag>
std::string to_display_hex(const TaggedHash<Tag>& hash)
{
    return to_display_hex(hash.bytes);
}

}  // namespace pool
