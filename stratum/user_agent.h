#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stratum {

inline constexpr std::size_t user_agent_bytes_max = 128;

/// What a miner says of itself, for people to read: markup, quotes and the like, which mean
/// something to a page, a shell or a format, become '_'; control and non-ASCII bytes are left out;
/// cut at user_agent_bytes_max.
std::string fold_user_agent(std::string_view text);

}  // namespace stratum
