#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "pool/base/histogram.h"

namespace pool {

/// What a node is asked by JSON-RPC, as figures tell it apart.
enum class RpcCall : std::uint8_t {
    getblockchaininfo,
    getblockhash,
    getblockheader,
    getblocktemplate,
    preciousblock,
    proposal,  ///< getblocktemplate in BIP 23's proposal mode
    submitblock,
    uptime,
    waitforblockheight,  ///< takes until there is a block: a minute is nothing bad
};
inline constexpr std::size_t rpc_calls = 9;

/// The method's name; "proposal" for that.
std::string_view to_string(RpcCall call);

/// How long a node took to answer, whatever it said, or we to give up. The core loop adds, any
/// thread reads.
class RpcTimes {
public:
    Histogram& of(RpcCall call) { return times_[static_cast<std::size_t>(call)]; }
    const Histogram& of(RpcCall call) const { return times_[static_cast<std::size_t>(call)]; }

private:
    std::array<Histogram, rpc_calls> times_;
};

}  // namespace pool
