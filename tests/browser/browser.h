#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/support/pool_fixture.h"

namespace tests {

/// What a check is told beyond the pool itself: names and texts.
using Given = std::vector<std::pair<std::string, std::string>>;

struct Browsed {
    bool passed = false;  ///< neither the check nor the pages had anything to complain about
    std::string said;     ///< each complaint a line, and what else the check prints
};
/// Runs checks/NAME.mjs in a real browser on a pool that runs.
Browsed browse(const PoolFixture& pool, const std::string& name, Given given);

}  // namespace tests
