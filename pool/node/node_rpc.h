#pragma once

#include <memory>
#include <string>

#include "pool/node/node.h"
#include "pool/runtime/loop.h"

namespace pool {

struct NodeOptions {
    std::string name;
    std::string url;          ///< "http://127.0.0.1:8332"
    std::string cookie_file;  ///< read again whenever the node refuses us; wins over user
    std::string user;
    std::string password;
};

/// Node over HTTP JSON-RPC. Three connections of its own: questions, the long poll, and blocks,
/// so that a found block never waits behind a template (charter, decision 5).
std::unique_ptr<Node> make_node_rpc(Loop& loop, NodeOptions options);

}  // namespace pool
