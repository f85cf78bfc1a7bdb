#pragma once

#include <optional>
#include <string_view>

#include "stratum/v1/messages.h"

namespace stratum::v1 {

/// The short way for the line that nearly all lines are: a mining.submit as miners write it, its
/// three members in any order, plain texts, plain hex. Nothing for whatever is written otherwise,
/// which the general way then reads; what this one reads, that one reads alike.
///
/// Views in the request point into `line`.
std::optional<Request> read_submit_line(std::string_view line);

}  // namespace stratum::v1
