#pragma once

#include <cstdlib>
#include <string>

#include "tests/support/json_rpc.h"
#include "tests/support/pool_fixture.h"

namespace tests {

/// The value in the first line of /metrics that holds `label`; -1 when there is none. Told without
/// asking the books.
inline double metric(const PoolFixture& pool, const std::string& label)
{
    const std::string text = "\n" + http_get(pool.web_url() + "/metrics").body;
    const auto line = text.find(label);
    if (line == std::string::npos) return -1;
    const auto end = text.find('\n', line + 1);
    return std::strtod(text.c_str() + text.rfind(' ', end) + 1, nullptr);
}

}  // namespace tests
