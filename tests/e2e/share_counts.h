#pragma once

#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/json_rpc.h"
#include "tests/support/process.h"

namespace tests {

/// Shares that the pool has acknowledged to a miner which was started with --json, by its latest
/// report: up to ten seconds old, exact when the miner has ended.
inline std::uint64_t acknowledged(const Process& miner)
{
    const std::string text = miner.output();
    const auto at = text.rfind("\"accepted\":");
    return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + 11, nullptr, 10);
}

/// What makes a share this one and no other: time, nonce, version, and the extranonce as records
/// have it.
using ShareKey = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t, std::string>;

/// Each share that a v1 miner, started with --json, was told is good.
inline std::vector<ShareKey> acknowledged_shares(const Process& miner)
{
    std::vector<ShareKey> out;
    std::istringstream lines{miner.output()};
    for (std::string line; std::getline(lines, line);) {
        if (line.find("\"event\":\"share\"") == std::string::npos) continue;
        const auto number = [&line](const char* key) {
            return static_cast<std::uint32_t>(number_in(line, key).value_or(0));
        };
        const auto at = line.find("\"extranonce\":\"") + 14;
        out.emplace_back(number("time"), number("nonce"), number("version"),
                         line.substr(at, line.find('"', at) - at));
    }
    return out;
}

/// Accepted shares in the books. Books: whatever answers `scalar`, a database or a whole MariaDB.
template <typename Books>
std::uint64_t booked(const Books& books)
{
    const std::string sum = books.scalar("select coalesce(sum(shares), 0) from slot_account");
    return std::strtoull(sum.c_str(), nullptr, 10);
}

}  // namespace tests
