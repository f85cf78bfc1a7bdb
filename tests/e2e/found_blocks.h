#pragma once

#include <set>
#include <string>
#include <string_view>

#include "tests/support/json_rpc.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

namespace tests {

/// The hashes of all blocks that zubrd has spoken of in its log, in all its lives.
inline std::set<std::string> blocks_in_log(const std::string& log)
{
    std::set<std::string> out;
    for (const std::string_view event :
         {"block_found ", "found_block_resumed ", "block_submitted ", "block_rejected "}) {
        for (auto at = log.find(event); at != std::string::npos; at = log.find(event, at + 1)) {
            const auto hash = log.find("hash=", at);
            if (hash != std::string::npos) out.insert(log.substr(hash + 5, 64));
        }
    }
    return out;
}

/// In the node's chain?
inline bool in_chain(NodeFixture& node, const std::string& hash)
{
    const auto header = node.call("getblockheader", "[\"" + hash + "\"]");
    return header && header->find("\"confirmations\":-1") == std::string::npos;
}

/// The words that the log has for a node's answers to it.
inline bool was_answered(const std::string& log, const std::string& hash, const std::string& answer)
{
    for (auto at = log.find(hash); at != std::string::npos; at = log.find(hash, at + 1)) {
        const std::string line = log.substr(at, log.find('\n', at) - at);
        if (line.find("answer=" + answer) != std::string::npos) return true;
    }
    return false;
}

/// In the chain; or the log says that it was rejected; or that it was inconclusive, and the node
/// has it beside another block of its height.
inline bool is_accounted_for(NodeFixture& node, const std::string& log, const std::string& hash)
{
    const auto header = node.call("getblockheader", "[\"" + hash + "\"]");
    const bool beside = header && header->find("\"confirmations\":-1") != std::string::npos &&
                        number_in(*header, "height").value_or(1e9) <= node.height();
    return (header && !beside) || was_answered(log, hash, "rejected") ||
           (beside && was_answered(log, hash, "inconclusive"));
}

}  // namespace tests
