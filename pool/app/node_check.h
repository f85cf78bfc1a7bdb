#pragma once

#include <functional>
#include <string_view>

#include "pool/app/config.h"

namespace pool {

/// `zubrd check`: asks every node of the configuration for its chain and, unless it only takes
/// blocks, for a template, and has it judge the blocks that we would mine on it, full and empty.
/// line: gets a sentence for each answer, good or bad. True when all are good.
bool check_nodes(const Config& config,
                 const std::function<void(bool good, std::string_view sentence)>& line);

}  // namespace pool
