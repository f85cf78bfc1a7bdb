#pragma once

#include <chrono>
#include <vector>

#include "pool/app/config.h"
#include "pool/app/submitter.h"

namespace pool {

/// Sends the found blocks that an earlier life left on disk to every node that takes blocks, before
/// stores are opened or work is asked for: a MySQL that is away must not cost one. Returns when
/// each node has answered, or after `patience`; at once where nothing is left. Decides and removes
/// nothing: the Submitter takes the same blocks up when all is open, with the answers that are
/// returned, which the books are to have. A life that ends before loses answers, not blocks: the
/// next sends them again, and a node takes a block twice without harm. Errors go to the log. Before
/// threads.
std::vector<NodeAnswer> send_left_over_blocks(const Config& config,
                                              std::chrono::milliseconds patience);

}  // namespace pool
