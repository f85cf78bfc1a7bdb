#include "pool/node/gbt.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "pool/bitcoin/target.h"

namespace pool {
namespace {

constexpr std::int64_t money_max = 21'000'000LL * 100'000'000LL;
constexpr std::size_t block_weight_max = 4'000'000;

tl::unexpected<Error> wrong(std::string_view field)
{
    return fail(Error::Code::invalid,
                "getblocktemplate: \"" + std::string{field} + "\" is missing or out of range");
}

Result<std::uint32_t> read_u32(const JsonValue& result, std::string_view field)
{
    const auto value = result.find(field).uint64();
    if (!value || *value > std::numeric_limits<std::uint32_t>::max()) return wrong(field);
    return static_cast<std::uint32_t>(*value);
}

// The node prints versions as signed 32-bit integers: bit 31 makes them negative.
Result<std::uint32_t> read_version(const JsonValue& result)
{
    const auto value = result.find("version").int64();
    if (!value || *value < std::numeric_limits<std::int32_t>::min() ||
        *value > std::numeric_limits<std::uint32_t>::max()) {
        return wrong("version");
    }
    return static_cast<std::uint32_t>(*value);
}

template <typename Hash>
std::optional<Hash> read_hash(const JsonValue& value)
{
    const auto text = value.string();
    if (!text) return std::nullopt;
    const auto digest = digest_from_display_hex(*text);
    if (!digest) return std::nullopt;
    return Hash{*digest};
}

// What a block of ours must obey, and what its version may signal: part of a template's shape.
Result<void> note_rules(std::vector<std::string> names, const JsonValue& available,
                        BlockTemplate& out)
{
    if (available.exists() && available.type() != JsonValue::Type::object)
        return wrong("vbavailable");
    for (const JsonValue& bit : available) {
        const auto number = bit.uint64();
        if (!number) return wrong("vbavailable");
        names.push_back("bit " + std::to_string(*number));
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        out.rules += name;
        out.rules += ' ';
    }
    return {};
}

Result<void> check_rules(const JsonValue& result, BlockTemplate& out)
{
    const JsonValue rules = result.find("rules");
    if (rules.type() != JsonValue::Type::array) return wrong("rules");
    std::vector<std::string> names;
    constexpr std::array known{std::string_view{"!segwit"}, std::string_view{"!signet"}};
    for (const JsonValue& rule : rules) {
        const auto name = rule.string();
        if (!name) return wrong("rules");
        names.emplace_back(*name);
        if (!name->starts_with('!')) continue;
        if (std::find(known.begin(), known.end(), *name) == known.end()) {
            return fail(Error::Code::invalid,
                        "getblocktemplate: the node demands the rule \"" + std::string{*name} +
                            "\", which this version of Zubr does not know; upgrade Zubr");
        }
    }
    if (auto noted = note_rules(std::move(names), result.find("vbavailable"), out); !noted)
        return noted;
    const JsonValue challenge = result.find("signet_challenge");
    if (challenge.exists() && challenge.string() != "51") {
        return fail(Error::Code::invalid,
                    "getblocktemplate: this signet wants signed blocks; Zubr can mine only a "
                    "signet with the challenge OP_TRUE (-signetchallenge=51)");
    }
    return {};
}

Result<void> read_difficulty(const JsonValue& result, BlockTemplate& out)
{
    const auto bits_text = result.find("bits").string();
    std::array<std::uint8_t, 4> bits{};
    if (!bits_text || !hex_into(*bits_text, bits)) return wrong("bits");
    out.bits.value = static_cast<std::uint32_t>(bits[0]) << 24 |
                     static_cast<std::uint32_t>(bits[1]) << 16 |
                     static_cast<std::uint32_t>(bits[2]) << 8 | bits[3];
    const auto target = target_from_compact(out.bits);
    if (!target) return wrong("bits");
    out.network_target = *target;

    const auto stated = result.find("target").string();
    if (!stated || Uint256::from_hex(*stated) != out.network_target) return wrong("target");
    return {};
}

Result<void> read_times(const JsonValue& result, BlockTemplate& out)
{
    const auto mintime = read_u32(result, "mintime");
    if (!mintime) return fail(mintime.error());
    const auto curtime = read_u32(result, "curtime");
    if (!curtime) return fail(curtime.error());
    if (*curtime < *mintime) return wrong("curtime");
    out.time_min = {*mintime};
    out.time_now = {*curtime};
    return {};
}

Result<void> read_transactions(const JsonValue& result, BlockTemplate& out)
{
    const JsonValue transactions = result.find("transactions");
    if (transactions.type() != JsonValue::Type::array) return wrong("transactions");
    out.txids.reserve(transactions.size());
    out.transactions.reserve(transactions.size());
    std::size_t bytes = 0;
    for (const JsonValue& transaction : transactions) {
        const auto txid = read_hash<TxId>(transaction.find("txid"));
        const auto data = transaction.find("data").string();
        if (!txid || !data) return wrong("transactions");
        auto raw = from_hex(*data);
        if (!raw || raw->empty()) return wrong("transactions");
        bytes += raw->size();
        if (bytes > block_weight_max) return wrong("transactions");
        const auto fee = transaction.find("fee").int64();
        if (!fee || *fee < 0 || *fee > money_max) return wrong("transactions");
        out.fees += Sats{*fee};
        if (out.fees > Sats{money_max}) return wrong("transactions");
        const auto weight = transaction.find("weight").uint64();
        if (!weight || *weight > block_weight_max) return wrong("transactions");
        const auto sigops = transaction.find("sigops").uint64();
        if (!sigops || *sigops > block_weight_max) return wrong("transactions");
        out.weight += *weight;
        out.sigops += *sigops;
        out.txids.push_back(*txid);
        out.transactions.push_back(std::move(*raw));
    }
    // The empty block's reward is what is left without the fees: they must be part of it.
    if (out.fees > out.reward) return wrong("coinbasevalue");
    return {};
}

// Without a word of the node nothing is known; then the node's own check of a proposal decides.
Result<void> read_limits(const JsonValue& result, BlockTemplate& out)
{
    const JsonValue weight = result.find("weightlimit");
    const JsonValue sigops = result.find("sigoplimit");
    if (weight.exists()) {
        const auto stated = weight.uint64();
        if (!stated) return wrong("weightlimit");
        out.weight_limit = *stated;
    }
    if (sigops.exists()) {
        const auto stated = sigops.uint64();
        if (!stated) return wrong("sigoplimit");
        out.sigop_limit = *stated;
    }
    if (out.weight_limit != 0 && out.weight > out.weight_limit) return wrong("weightlimit");
    if (out.sigop_limit != 0 && out.sigops > out.sigop_limit) return wrong("sigoplimit");
    return {};
}

Result<void> read_commitment(const JsonValue& result, BlockTemplate& out)
{
    const JsonValue field = result.find("default_witness_commitment");
    if (!field.exists()) return {};
    const auto text = field.string();
    auto script = text ? from_hex(*text) : std::nullopt;
    // OP_RETURN, a push of 36 bytes, aa21a9ed, the commitment (BIP 141).
    constexpr std::array<std::uint8_t, 6> head{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed};
    if (!script || script->size() != 38 || !std::equal(head.begin(), head.end(), script->begin())) {
        return wrong("default_witness_commitment");
    }
    out.witness_commitment = std::move(*script);
    return {};
}

Result<void> read_place(const JsonValue& result, BlockTemplate& out)
{
    const auto height = read_u32(result, "height");
    if (!height || *height == 0) return wrong("height");
    const auto previous = read_hash<BlockHash>(result.find("previousblockhash"));
    if (!previous) return wrong("previousblockhash");
    const auto version = read_version(result);
    if (!version) return fail(version.error());
    const auto reward = result.find("coinbasevalue").int64();
    if (!reward || *reward < 0 || *reward > money_max) return wrong("coinbasevalue");

    out.height = {*height};
    out.previous = *previous;
    out.version = *version;
    out.reward = {*reward};
    if (result.find("vbrequired").exists()) {
        const auto required = read_u32(result, "vbrequired");
        if (!required) return fail(required.error());
        out.version_required = *required;
    }
    return {};
}

}  // namespace

Result<BlockTemplate> parse_template(const JsonValue& result)
{
    if (result.type() != JsonValue::Type::object) return wrong("result");
    BlockTemplate out;
    constexpr std::array steps{check_rules,       read_place,  read_difficulty, read_times,
                               read_transactions, read_limits, read_commitment};
    for (const auto step : steps) {
        if (auto done = step(result, out); !done) return fail(done.error());
    }
    return out;
}

}  // namespace pool
