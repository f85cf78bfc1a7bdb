#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "pool/base/result.h"

namespace rpc {

/// Blocks and payouts as people were told of them last: what has become of them since is news, also
/// after a restart. As large as the lists that EventWatch looks at.
struct EventsTold {
    std::optional<std::map<std::string, std::string>> blocks{};     ///< state by hash
    std::optional<std::map<std::uint64_t, std::string>> payouts{};  ///< state by number
    friend bool operator==(const EventsTold&, const EventsTold&) = default;
};

/// As it is kept in a file. Pure.
std::string to_text(const EventsTold& told);
/// Errors: invalid, for a text that to_text() did not write whole.
pool::Result<EventsTold> events_told_from(std::string_view text);

}  // namespace rpc
