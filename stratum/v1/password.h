#pragma once

#include <optional>
#include <string_view>

namespace stratum::v1 {

/// What a miner may ask for in its password. Values are positive and finite.
struct PasswordOptions {
    std::optional<double> start;     ///< d=, diff=, sd=: the difficulty to start from
    std::optional<double> hashrate;  ///< th=: in TH/s
    std::optional<double> floor;     ///< md=, mind=: never below
    std::optional<double> ceiling;   ///< maxd=: never above
    std::optional<double> fixed;     ///< fd=: always this; f=1 with d= means the same
};

/// Reads `k=v` pairs separated by commas, semicolons or blanks, keys in either case. What is
/// unknown or makes no sense is ignored: a password never fails. Pure.
PasswordOptions parse_password(std::string_view text);

}  // namespace stratum::v1
