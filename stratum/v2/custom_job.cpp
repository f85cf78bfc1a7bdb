#include "stratum/v2/custom_job.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "pool/base/result.h"
#include "pool/bitcoin/coinbase.h"
#include "pool/bitcoin/transaction.h"
#include "pool/share/share.h"

namespace stratum::v2 {
namespace {

using pool::Sats;
using pool::Script;
using pool::TxOutput;

constexpr Sats money_max{2'100'000'000'000'000};
// Of all outputs together: a payout, two commitments of ours, the witness's, and some more.
constexpr std::size_t outputs_bytes_max = 1000;
// Of transactions as small as can be, 16,665 fit into a block: 15 levels with the coinbase.
constexpr std::size_t merkle_path_max = 16;
constexpr std::uint32_t sequence_final = 0xffffffff;
constexpr std::uint32_t locktime_is_time = 500'000'000;

constexpr std::string_view serial_tag = "ZJ";

Script serial_script(std::uint64_t serial)
{
    constexpr std::uint8_t op_return = 0x6a;
    pool::ByteWriter out;
    out.u8(op_return);
    out.u8(static_cast<std::uint8_t>(serial_tag.size() + sizeof serial));
    out.raw(pool::as_bytes(serial_tag));
    out.u64(serial);
    return out.take();
}

bool is_serial(const Script& script)
{
    const Script ours = serial_script(0);
    const auto number = static_cast<std::ptrdiff_t>(sizeof(std::uint64_t));
    return script.size() == ours.size() &&
           std::equal(script.begin(), script.end() - number, ours.begin());
}

bool begins_with(pool::ByteSpan bytes, pool::ByteSpan with)
{
    return bytes.size() >= with.size() && std::equal(with.begin(), with.end(), bytes.begin());
}

// BIP 9's three bits on top, and whatever our own job has to keep set.
bool is_version(std::uint32_t version, const pool::Job& own)
{
    constexpr std::uint32_t top_bits = 0xe0000000;
    constexpr std::uint32_t top = 0x20000000;
    const std::uint32_t required = pool::rolling_mask_v1 & ~own.rolling_mask;
    return (version & top_bits) == top && (version & required) == required;
}

bool is_final(const SetCustomJob& call, const pool::Job& own)
{
    if (call.coinbase_locktime == 0 || call.coinbase_sequence == sequence_final) return true;
    // BIP 113: times are compared with the median of the tip and the ten blocks before.
    return call.coinbase_locktime < locktime_is_time
               ? call.coinbase_locktime < own.height.value
               : call.coinbase_locktime < own.time_min.seconds - 1;
}

Sats subsidy_of(const pool::Job& own)
{
    return own.source ? own.source->reward - own.source->fees : own.reward;
}

// What the payout gets, if the outputs are what they have to be.
std::optional<Sats> payout_of(pool::ByteSpan bytes, const MiningToken& token, const pool::Job& own)
{
    if (bytes.size() > outputs_bytes_max) return std::nullopt;
    const auto outputs = pool::parse_outputs(bytes);
    if (!outputs) return std::nullopt;
    const Script pay_to = terms_of(own).pay_to;
    const Script serial = serial_script(token.serial);
    Sats paid;
    bool head_said = false;
    bool serial_said = false;
    for (const TxOutput& output : *outputs) {
        if (output.value < Sats{0} || output.value > money_max - paid) return std::nullopt;
        if (output.script == pay_to) {
            paid += output.value;
            continue;
        }
        if (output.value != Sats{0}) return std::nullopt;
        if (const auto head = pool::chain_head_of(output.script)) {
            // Two of them, and nobody could tell which one the pool meant.
            if (*head != token.chain_head || head_said) return std::nullopt;
            head_said = true;
        }
        if (is_serial(output.script)) {
            // With another token's serial in it, the same work could be declared by that one, too.
            if (output.script != serial) return std::nullopt;
            serial_said = true;
        }
    }
    const bool enough = paid > Sats{0} && paid >= subsidy_of(own);
    if (!enough || !head_said || !serial_said) return std::nullopt;
    return paid;
}

pool::Bytes coinbase_prefix_of(const SetCustomJob& call, std::size_t script_bytes)
{
    pool::ByteWriter out;
    out.u32(call.coinbase_version);
    out.compact_size(1);
    out.raw(pool::Digest{});
    out.u32(0xffffffff);  // of no transaction: the mark of a coinbase
    out.compact_size(script_bytes);
    out.raw(call.coinbase_prefix.value);
    return out.take();
}

pool::Bytes coinbase_suffix_of(const SetCustomJob& call)
{
    pool::ByteWriter out;
    out.u32(call.coinbase_sequence);
    out.raw(call.coinbase_outputs.value);
    out.u32(call.coinbase_locktime);
    return out.take();
}

}  // namespace

std::string_view code_of(CustomFault fault)
{
    switch (fault) {
        case CustomFault::version:
            return "invalid-version";
        case CustomFault::tip:
            return "stale-chain-tip";
        case CustomFault::bits:
            return "invalid-nbits";
        case CustomFault::time:
            return "invalid-min-ntime";
        case CustomFault::coinbase_version:
            return "invalid-coinbase-tx-version";
        case CustomFault::coinbase_prefix:
            return "invalid-coinbase-prefix";
        case CustomFault::locktime:
            return "invalid-coinbase-tx-locktime";
        case CustomFault::outputs:
            return "invalid-coinbase-tx-outputs";
        case CustomFault::merkle_path:
            return "invalid-merkle-path";
    }
    return "invalid-coinbase-tx";
}

CoinbaseTerms terms_of(const pool::Job& own)
{
    constexpr std::size_t around = sizeof(std::uint32_t);  // sequence before, lock time behind
    const pool::ByteSpan suffix{own.coinbase_suffix};
    pool::check(suffix.size() > 2 * around, "this is a coinbase of ours");
    const auto outputs = pool::parse_outputs(suffix.subspan(around, suffix.size() - 2 * around));
    pool::check(outputs && !outputs->empty(), "a coinbase of ours pays somebody");
    CoinbaseTerms terms{.pay_to = outputs->front().script, .chain_head = {}};
    for (const TxOutput& output : *outputs) {
        if (const auto head = pool::chain_head_of(output.script)) terms.chain_head = *head;
    }
    return terms;
}

pool::Bytes required_outputs(const CoinbaseTerms& terms, std::uint64_t serial)
{
    const std::vector<TxOutput> outputs{{Sats{0}, terms.pay_to},
                                        {Sats{0}, pool::chain_head_script(terms.chain_head)},
                                        {Sats{0}, serial_script(serial)}};
    return pool::serialise(outputs);
}

tl::expected<pool::Job, CustomFault> make_custom_job(const SetCustomJob& call,
                                                     const MiningToken& token, const pool::Job& own,
                                                     pool::UnixTime now)
{
    const auto refuse = [](CustomFault fault) { return tl::unexpected<CustomFault>{fault}; };
    if (!is_version(call.version, own)) return refuse(CustomFault::version);
    if (call.previous != own.previous.bytes) return refuse(CustomFault::tip);
    if (call.bits != own.bits.value) return refuse(CustomFault::bits);
    const std::uint64_t latest = std::uint64_t{now.seconds} + pool::time_ahead_max_seconds;
    if (call.min_time < own.time_min.seconds || call.min_time > latest) {
        return refuse(CustomFault::time);
    }
    if (call.coinbase_version < 1 || call.coinbase_version > 2) {
        return refuse(CustomFault::coinbase_version);
    }
    const std::size_t script_bytes = call.coinbase_prefix.value.size() + own.extranonce_bytes;
    if (!begins_with(call.coinbase_prefix.value, pool::bip34_height(own.height)) ||
        script_bytes > pool::coinbase_script_max) {
        return refuse(CustomFault::coinbase_prefix);
    }
    if (!is_final(call, own)) return refuse(CustomFault::locktime);
    const auto paid = payout_of(call.coinbase_outputs.value, token, own);
    if (!paid) return refuse(CustomFault::outputs);
    if (call.merkle_path.values.size() > merkle_path_max) return refuse(CustomFault::merkle_path);

    pool::Job job;
    job.height = own.height;
    job.previous = own.previous;
    job.version = call.version;
    job.rolling_mask = own.rolling_mask;
    job.bits = own.bits;
    job.network_target = own.network_target;
    job.time_min = own.time_min;
    job.time_start = {call.min_time};
    job.coinbase_prefix = coinbase_prefix_of(call, script_bytes);
    job.coinbase_suffix = coinbase_suffix_of(call);
    job.extranonce_bytes = own.extranonce_bytes;
    for (const pool::Digest& node : call.merkle_path.values) job.branch.push_back({node});
    job.reward = *paid;
    job.declared = true;
    return job;
}

}  // namespace stratum::v2
