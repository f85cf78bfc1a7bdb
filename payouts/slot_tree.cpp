#include "payouts/slot_tree.h"

#include <concepts>
#include <string_view>

#include "pool/base/result.h"
#include "pool/crypto/sha256.h"

namespace payouts {
namespace {

using pool::Digest;
using pool::Sha256;
using pool::U128;

/// A text that has begun with its tag, ready to be copied.
Sha256 tagged(std::string_view tag)
{
    const Digest name = pool::sha256(pool::as_bytes(tag));
    return Sha256{}.update(name).update(name);
}

template <typename Number>
std::array<std::uint8_t, sizeof(Number)> big_endian(Number value)
{
    std::array<std::uint8_t, sizeof(Number)> out{};
    for (std::size_t i = out.size(); i-- > 0; value >>= 8)
        out[i] = static_cast<std::uint8_t>(value);
    return out;
}

}  // namespace

SumNode share_leaf(const pool::RecordBytes& record, U128 score)
{
    static const Sha256 begun = tagged("pool/leaf/1");
    return {Sha256{begun}.update(record).finish(), score};
}

SumNode sum_parent(const SumNode& left, const SumNode& right)
{
    static const Sha256 begun = tagged("pool/node/1");
    pool::check(left.sum + right.sum >= left.sum, "scores of a slot fit 128 bits");
    return {Sha256{begun}
                .update(left.hash)
                .update(big_endian(left.sum))
                .update(right.hash)
                .update(big_endian(right.sum))
                .finish(),
            left.sum + right.sum};
}

SumNode member_leaf(const Digest& salt, std::uint32_t records, const SumNode& shares)
{
    static const Sha256 begun = tagged("pool/member/1");
    return {Sha256{begun}
                .update(salt)
                .update(big_endian(records))
                .update(big_endian(shares.sum))
                .update(shares.hash)
                .finish(),
            shares.sum};
}

void SumTree::add(const SumNode& leaf)
{
    SumNode node = leaf;
    // As when one is added to a binary number: each bit that carries joins two equal trees.
    for (std::uint32_t bit = 1; (leaves_ & bit) != 0; bit <<= 1) {
        node = sum_parent(peaks_.back(), node);
        peaks_.pop_back();
    }
    peaks_.push_back(node);
    ++leaves_;
    pool::check(leaves_ != 0, "a slot has fewer than 2^32 records");
}

SumNode SumTree::root() const
{
    if (peaks_.empty()) return {};
    SumNode node = peaks_.back();
    for (std::size_t i = peaks_.size() - 1; i-- > 0;) node = sum_parent(peaks_[i], node);
    return node;
}

Digest chain_hash(const SlotLink& link)
{
    static const Sha256 begun = tagged("pool/slot/1");
    return Sha256{begun}
        .update(link.previous)
        .update(big_endian(link.slot))
        .update(big_endian(link.records))
        .update(big_endian(link.root.sum))
        .update(link.root.hash)
        .finish();
}

}  // namespace payouts
