#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace pool {

/// How many letters have to be put in, left out or changed to make one of the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// For "did you mean": the name that is the least away, the first of several; "" of none.
std::string nearest(std::string_view name, std::span<const std::string> known);

}  // namespace pool
