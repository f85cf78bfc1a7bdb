#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pool/base/json.h"
#include "pool/base/result.h"
#include "pool/node/node.h"

/// What a node is asked in JSON-RPC, and how its answers read. Pure.
namespace pool {

/// The codes of Bitcoin's rpc/protocol.h that mean something to us.
namespace rpc_code {
inline constexpr int block_not_found = -5;
inline constexpr int height_out_of_range = -8;
inline constexpr int not_connected = -9;
inline constexpr int downloading = -10;
inline constexpr int warming_up = -28;
inline constexpr int deserialization = -22;
}  // namespace rpc_code

struct RpcError {
    int code = 0;
    std::string message;
};
/// Whether the same question may be answered later (unavailable) or not (refused).
Error error_of(const std::string& node, const RpcError& rpc);

/// params_json: an array.
std::string rpc_request(std::string_view method, std::string_view params_json);
/// The parameters of getblocktemplate, for work or for the check of a proposed block.
std::string template_params();
std::string proposal_params(ByteSpan block);

/// Results of submitblock, getblockchaininfo, waitforblockheight, getblockheader, and of
/// getblocktemplate in proposal mode. Errors: invalid, naming what is missing.
SubmitAnswer read_submit_answer(const JsonValue& result);
/// What an error in place of submitblock's result says of the block. code: 0 when there was no
/// answer at all.
SubmitOutcome outcome_of_error(int code);
/// Errors besides: refused, a signet with a challenge that we cannot answer.
Result<ChainInfo> read_chain_info(const JsonValue& result);
Result<Tip> read_tip(const JsonValue& result);
Result<TipHeader> read_tip_header(const JsonValue& result);
Result<std::string> read_proposal(const JsonValue& result);

}  // namespace pool
