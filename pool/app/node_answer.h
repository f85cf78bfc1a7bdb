#pragma once

#include <string>

#include "pool/base/hash.h"
#include "pool/base/time.h"
#include "pool/node/node.h"

namespace pool {

/// What one node said to one of our blocks, and after how long.
struct NodeAnswer {
    BlockHash hash;
    std::string node;
    UnixMillis at;
    SubmitAnswer answer;
    bool last_of_refusals = false;  ///< with it, every node has refused the block by name
};

}  // namespace pool
