#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pool/node/node_rpc.h"
#include "pool/node/wallet.h"

namespace pool {

struct NodeWalletOptions {
    NodeOptions node;                 ///< which has the wallet
    std::string wallet;               ///< its name there
    std::vector<NodeOptions> others;  ///< that are told of transactions, too
};

/// A wallet of a Bitcoin node, over HTTP JSON-RPC on a loop of its own that turns while a call
/// waits (30 s at most). To be made, used and dropped on one thread.
std::unique_ptr<Wallet> make_node_wallet(NodeWalletOptions options);

/// "0.00012345" as satoshi, exactly; nothing for any other form.
std::optional<Sats> sats_from_btc(std::string_view decimal);
std::string btc_text(Sats amount);  ///< with eight decimals

}  // namespace pool
