#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>

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

/// Accepted shares in the books. Books: whatever answers `scalar`, a database or a whole MariaDB.
template <typename Books>
std::uint64_t booked(const Books& books)
{
    const std::string sum = books.scalar("select coalesce(sum(shares), 0) from slot_account");
    return std::strtoull(sum.c_str(), nullptr, 10);
}

}  // namespace tests
