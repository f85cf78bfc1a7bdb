#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/support/pool_fixture.h"

namespace tests {

/// What a check is told beyond the pool itself: names and texts.
using Given = std::vector<std::pair<std::string, std::string>>;

/// Runs checks/NAME.mjs in a real browser on a pool that runs; what it complains of fails the test.
/// Returns what it said.
std::string browse(const PoolFixture& pool, const std::string& name, Given given);

}  // namespace tests
