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
    std::string password_file;  ///< has the password instead; read by whoever reads options
    std::string role = "both";  ///< parse_node_role
    std::string zmq_hashblock;  ///< "tcp://127.0.0.1:28332", the node's -zmqpubhashblock; or empty
};

/// Node over HTTP JSON-RPC. Connections of their own for questions, templates, the long poll, and
/// blocks, so that a found block never waits behind a template (charter, decision 5). Templates are
/// parsed on a thread of their own, so that nothing waits behind a few megabytes of JSON.
std::unique_ptr<Node> make_node_rpc(Loop& loop, NodeOptions options);

}  // namespace pool
