#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/bench/job_readers.h"

namespace tests {

/// When the template of each height's full job, behind an empty one, had come whole to zubrd, by
/// its log: to a millisecond.
std::map<std::uint32_t, Clock::time_point> template_arrivals(const std::string& log);

}  // namespace tests
