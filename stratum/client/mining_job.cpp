#include "stratum/client/mining_job.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "pool/bitcoin/target.h"
#include "pool/crypto/scan.h"
#include "pool/crypto/sha256.h"
#include "stratum/v1/codec.h"

namespace stratum::client {
namespace {

constexpr std::size_t branch_max = 32;  // no block has more levels

// 64 digits whose eight words have their bytes reversed.
std::optional<pool::BlockHash> previous_of(std::string_view text)
{
    pool::Digest wire{};
    if (!pool::hex_into(text, wire)) return std::nullopt;
    pool::BlockHash previous;
    for (std::size_t i = 0; i < wire.size(); ++i) {
        previous.bytes[i] = wire[(i & ~std::size_t{3}) + 3 - (i & 3)];
    }
    return previous;
}

std::optional<std::uint32_t> eight_digits(pool::JsonValue value)
{
    const auto text = value.string();
    if (!text || text->size() != 8) return std::nullopt;
    return v1::lenient_u32(*text);
}

std::optional<std::vector<pool::MerkleNode>> branch_of(pool::JsonValue value)
{
    if (value.type() != pool::JsonValue::Type::array || value.size() > branch_max) return {};
    std::vector<pool::MerkleNode> branch;
    for (const pool::JsonValue node : value) {
        branch.emplace_back();
        if (!pool::hex_into(node.string().value_or(""), branch.back().bytes)) return {};
    }
    return branch;
}

std::optional<pool::Bytes> bytes_of(pool::JsonValue value)
{
    const auto text = value.string();
    return text ? pool::from_hex(*text) : std::nullopt;
}

}  // namespace

pool::Result<MiningJob> parse_notify(pool::JsonValue params)
{
    const auto id = params.at(0).string();
    const auto previous = previous_of(params.at(1).string().value_or(""));
    auto prefix = bytes_of(params.at(2));
    auto suffix = bytes_of(params.at(3));
    auto branch = branch_of(params.at(4));
    const auto version = eight_digits(params.at(5));
    const auto bits = eight_digits(params.at(6));
    const auto time = eight_digits(params.at(7));
    const auto clean = params.at(8).boolean();
    if (!id || id->empty() || !previous || !prefix || !suffix || !branch || !version || !bits ||
        !time || !clean) {
        return pool::fail(pool::Error::Code::invalid, "The pool's mining.notify makes no sense");
    }
    MiningJob job;
    job.id = *id;
    job.version = *version;
    job.previous = *previous;
    job.branch = std::move(*branch);
    job.bits = {*bits};
    job.time = {*time};
    job.coinbase_prefix = std::move(*prefix);
    job.coinbase_suffix = std::move(*suffix);
    job.clean = *clean;
    return job;
}

pool::Bytes extranonce2_of(const MiningJob& job, std::uint64_t extranonce2)
{
    pool::Bytes bytes(job.extranonce2_bytes, 0);
    for (std::size_t i = 0; i < std::min(bytes.size(), sizeof extranonce2); ++i) {
        bytes[i] = static_cast<std::uint8_t>(extranonce2 >> (8 * i));
    }
    return bytes;
}

std::uint32_t version_of(const MiningJob& job, std::uint64_t extranonce2)
{
    const bool fixed = job.merkle_root || job.extranonce2_bytes == 0;
    if (!fixed) return job.version;
    return job.version | (static_cast<std::uint32_t>(extranonce2 & 0xffffff) << 5);
}

pool::HeaderBytes header_of(const MiningJob& job, std::uint64_t extranonce2)
{
    pool::MerkleNode root;
    if (job.merkle_root) {
        root.bytes = *job.merkle_root;
    } else {
        pool::Bytes coinbase = job.coinbase_prefix;
        const auto append = [&coinbase](const pool::Bytes& part) {
            coinbase.insert(coinbase.end(), part.begin(), part.end());
        };
        append(job.extranonce1);
        append(extranonce2_of(job, extranonce2));
        append(job.coinbase_suffix);
        root = pool::merkle_root(pool::TxId{pool::sha256d(coinbase)}, job.branch);
    }
    return pool::serialise(pool::Header{.version = version_of(job, extranonce2),
                                        .previous = job.previous,
                                        .merkle_root = root,
                                        .time = job.time,
                                        .bits = job.bits,
                                        .nonce = 0});
}

std::optional<pool::BlockHash> block_of(const MiningJob& job, std::uint64_t extranonce2,
                                        std::uint32_t nonce)
{
    pool::HeaderBytes header = header_of(job, extranonce2);
    for (std::size_t i = 0; i < sizeof nonce; ++i) {
        header[pool::header_bytes_before_nonce + i] = static_cast<std::uint8_t>(nonce >> (8 * i));
    }
    const pool::Digest hash = pool::sha256d(header);
    const auto target = pool::target_from_compact(job.bits);
    if (!target || !pool::meets(hash, *target)) return std::nullopt;
    return pool::BlockHash{hash};
}

std::optional<pool::Uint256> target_of_advertised(double difficulty)
{
    auto on_grid = pool::difficulty_at_most(difficulty);
    if (!on_grid) return std::nullopt;
    if (std::ldexp(1.0, on_grid->exponent) < difficulty && *on_grid < pool::difficulty_max) {
        ++on_grid->exponent;
    }
    return pool::target_of(*on_grid);
}

}  // namespace stratum::client
