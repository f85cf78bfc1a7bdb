#include "pool/node/rpc_forms.h"

#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "pool/bitcoin/address.h"

namespace pool {
namespace {

std::optional<BlockHash> read_hash(const JsonValue& value)
{
    const auto text = value.string();
    const auto digest = text ? digest_from_display_hex(*text) : std::nullopt;
    if (!digest) return std::nullopt;
    return BlockHash{*digest};
}

std::optional<std::uint32_t> read_u32(const JsonValue& value)
{
    const auto number = value.uint64();
    if (!number || *number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

// Far above what any chain will see, and low enough to be counted on from.
std::optional<std::uint32_t> read_height(const JsonValue& value)
{
    constexpr std::uint32_t height_max = 1U << 30;
    const auto height = read_u32(value);
    return height && *height < height_max ? height : std::nullopt;
}

}  // namespace

Error error_of(const std::string& node, const RpcError& rpc)
{
    const bool later = rpc.code == rpc_code::warming_up || rpc.code == rpc_code::downloading ||
                       rpc.code == rpc_code::not_connected;
    return {later ? Error::Code::unavailable : Error::Code::refused,
            "node " + node + " says: " + rpc.message};
}

std::string rpc_request(std::string_view method, std::string_view params_json)
{
    std::string body;
    JsonWriter writer{body};
    writer.begin_object().key("jsonrpc").string("1.0").key("id").string("zubr");
    writer.key("method").string(method).key("params").raw(params_json).end_object();
    return body;
}

std::string template_params() { return R"([{"rules":["segwit","signet"]}])"; }

std::string proposal_params(ByteSpan block)
{
    std::string params = R"([{"mode":"proposal","rules":["segwit","signet"],"data":")";
    append_hex(params, block);
    params += "\"}]";
    return params;
}

SubmitText submit_text(ByteSpan block)
{
    std::string params = "[\"";
    params.reserve(block.size() * 2 + 4);
    append_hex(params, block);
    params += "\"]";
    return std::make_shared<const std::string>(rpc_request("submitblock", params));
}

SubmitAnswer read_submit_answer(const JsonValue& result)
{
    if (result.is_null()) return {SubmitOutcome::accepted, "", {}};
    // A gateway in between, or a node of tomorrow: no word on the block.
    const auto text = result.string();
    if (!text) return {SubmitOutcome::unanswered, "an answer that is no text", {}};
    const std::string reason{*text};
    if (reason == "duplicate") return {SubmitOutcome::duplicate, reason, {}};
    // Known and not yet judged, or stored beside another tip: the chain will tell.
    // stale-prevblk (BIP 22): on another block than the tip, which is no fault of the block's.
    if (reason == "inconclusive" || reason == "duplicate-inconclusive" ||
        reason == "stale-prevblk") {
        return {SubmitOutcome::inconclusive, reason, {}};
    }
    // Not yet: the node lacks the parent, or its clock is behind. The same block may be good to it
    // in a second.
    if (reason == "prev-blk-not-found" || reason == "time-too-new") {
        return {SubmitOutcome::unanswered, reason, {}};
    }
    return {SubmitOutcome::rejected, reason, {}};
}

// Only one is about the block: that it can't be read. All others (a password, a start, a full disk)
// are about the node, which may be mended in time.
SubmitOutcome outcome_of_error(int code)
{
    return code == rpc_code::deserialization ? SubmitOutcome::rejected : SubmitOutcome::unanswered;
}

Result<ChainInfo> read_chain_info(const JsonValue& result)
{
    const auto chain = result.find("chain").string();
    const auto height = read_height(result.find("blocks"));
    const auto tip = read_hash(result.find("bestblockhash"));
    if (!chain || !height || !tip) {
        return fail(Error::Code::invalid, "getblockchaininfo: an answer without chain or tip");
    }
    auto parsed = parse_chain(*chain);
    if (!parsed) return fail(parsed.error());
    // Of all signets chain and first block are the same. Nodes before Bitcoin Core 29 do not say.
    const JsonValue challenge = result.find("signet_challenge");
    if (challenge.exists() && challenge.string() != "51") {
        return fail(Error::Code::refused,
                    "getblockchaininfo: the node is on a signet that wants signed blocks; Zubr can "
                    "mine only a signet with the challenge OP_TRUE (-signetchallenge=51)");
    }
    return ChainInfo{
        .chain = *parsed,
        .height = {*height},
        .tip = *tip,
        .initial_download = result.find("initialblockdownload").boolean().value_or(false)};
}

Result<Tip> read_tip(const JsonValue& result)
{
    const auto hash = read_hash(result.find("hash"));
    const auto height = read_height(result.find("height"));
    if (!hash || !height) {
        return fail(Error::Code::invalid, "waitforblockheight: an answer without a tip");
    }
    return Tip{*hash, {*height}};
}

Result<TipHeader> read_tip_header(const JsonValue& result)
{
    const auto hash = read_hash(result.find("hash"));
    const auto previous = read_hash(result.find("previousblockhash"));
    const auto height = read_height(result.find("height"));
    const auto median = read_u32(result.find("mediantime"));
    const auto confirmations = result.find("confirmations").int64();
    const auto bits_text = result.find("bits").string();
    std::array<std::uint8_t, 4> bits{};
    if (!hash || !previous || !height || !median || !confirmations || !bits_text ||
        !hex_into(*bits_text, bits)) {
        return fail(Error::Code::invalid, "getblockheader: an answer with parts missing");
    }
    return TipHeader{.hash = *hash,
                     .previous = *previous,
                     .height = {*height},
                     .bits = {static_cast<std::uint32_t>(bits[0]) << 24 |
                              static_cast<std::uint32_t>(bits[1]) << 16 |
                              static_cast<std::uint32_t>(bits[2]) << 8 | bits[3]},
                     .median_time = {*median},
                     .newest = *confirmations == 1};
}

Result<std::string> read_proposal(const JsonValue& result)
{
    if (result.is_null()) return std::string{};
    const auto reason = result.string();
    if (!reason) return fail(Error::Code::invalid, "getblocktemplate: a proposal's answer");
    return std::string{*reason};
}

std::optional<NodeRole> parse_node_role(std::string_view text)
{
    if (text == "both") return NodeRole::both;
    if (text == "template") return NodeRole::templates;
    if (text == "submit") return NodeRole::submits;
    return std::nullopt;
}

std::string_view to_string(RpcCall call)
{
    constexpr std::array<std::string_view, rpc_calls> names{
        "getblockchaininfo", "getblockhash", "getblockheader", "getblocktemplate",  "preciousblock",
        "proposal",          "submitblock",  "uptime",         "waitforblockheight"};
    return names.at(static_cast<std::size_t>(call));
}

std::string_view to_string(SubmitOutcome outcome)
{
    switch (outcome) {
        case SubmitOutcome::accepted:
            return "accepted";
        case SubmitOutcome::duplicate:
            return "duplicate";
        case SubmitOutcome::inconclusive:
            return "inconclusive";
        case SubmitOutcome::rejected:
            return "rejected";
        case SubmitOutcome::unanswered:
            return "unanswered";
    }
    return "unanswered";
}

}  // namespace pool
