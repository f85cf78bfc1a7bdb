#pragma once

#include <chrono>

#include "pool/app/config.h"

namespace pool {

/// Sends the found blocks that an earlier life left on disk to every node that takes blocks, before
/// stores are opened or work is asked for: a MySQL that is away must not cost one. Returns when
/// each node has answered, or after `patience`; at once where nothing is left. Decides and removes
/// nothing: the Submitter takes the same blocks up when all is open, and a node takes a block twice
/// without harm. Errors go to the log. Before threads.
void send_left_over_blocks(const Config& config, std::chrono::milliseconds patience);

}  // namespace pool
