#include <array>

#include "pool/app/config_table.h"

// [[node]].
namespace pool {
namespace {

constexpr std::array nodes{
    NodeOption{"name", "\"node\"", "for logs and pages", &NodeOptions::name},
    NodeOption{"url", "\"http://127.0.0.1:8332\"", "the node's RPC (required)", &NodeOptions::url},
    NodeOption{"cookie_file", "\"\"", "the node's .cookie", &NodeOptions::cookie_file},
    NodeOption{"user", "\"\"", "or a user", &NodeOptions::user},
    NodeOption{"password", "\"\"", "and its password", &NodeOptions::password},
    NodeOption{"password_file", "\"\"", "or a file with nothing else in it",
               &NodeOptions::password_file},
    NodeOption{"role", "\"both\"", "both, template (gives work) or submit (gets found blocks)",
               &NodeOptions::role},
    NodeOption{"zmq_hashblock", "\"\"",
               "the node's -zmqpubhashblock, e.g. \"tcp://127.0.0.1:28332\": news in a millisecond",
               &NodeOptions::zmq_hashblock},
};

}  // namespace

std::span<const NodeOption> node_options() { return nodes; }

}  // namespace pool
