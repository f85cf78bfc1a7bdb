#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pool/base/time.h"
#include "pool/base/types.h"

/// How the server itself is doing, for whoever runs it. Plain values.
namespace rpc {

/// One thing the pool cannot work without: a node, Redis, MySQL, a template, the books.
struct Dependency {
    std::string name;  ///< "node", "redis", "mysql", "template", "backlog": stable, for scripts
    bool ok = false;
    std::string state;  ///< "ok", or a sentence for an operator
    /// Of the state, stable, for programs and for other languages: "ok", or what is wrong.
    std::string trouble{};
    std::string
        detail{};  ///< what the code leaves open, as somebody else has told it; may be empty
};

/// May miners be sent here? True only when every dependency is ok.
struct Readiness {
    bool ready = false;
    std::vector<Dependency> dependencies;
};

/// An event loop, and what it carries.
struct LoopInfo {
    std::string name;        ///< "core", "rpc", or a producer's: "a-0"
    double lag_s = 0;        ///< how late it came to what it was given, the last time
    double lag_worst_s = 0;  ///< since the start
    bool stratum = false;    ///< then the rest says something
    std::uint64_t connections = 0;
    std::uint64_t backlog = 0;  ///< records in its journal that Redis does not have
    bool redis_ok = false;
    bool journal_ok = false;
};

/// A Bitcoin node as the pool sees it.
struct BitcoindInfo {
    std::string name;
    std::string role;     ///< "both", "template", "submit"
    bool enabled = true;  ///< an admin has not switched it off
    bool up = false;      ///< it answers
    pool::Height height;  ///< of its tip; 0 when unknown
    std::string tip;      ///< "" when unknown
    bool on_our_tip = false;
    std::optional<std::uint64_t> template_age_ms;  ///< of the last one it gave; nothing before that
};

/// An address or a network that may not connect.
struct BanInfo {
    std::string network;
    std::chrono::seconds left{0};
};

/// How long a store took lately.
struct StoreTimes {
    std::uint64_t answers = 0;
    double mean_s = 0;
    double p99_s = 0;  ///< 99 of 100 were not slower; infinite when that was above all bounds
};

struct OperatorInfo {
    Readiness readiness;
    std::vector<LoopInfo> loops;
    std::vector<BitcoindInfo> nodes;
    std::optional<std::uint64_t> template_age_ms;
    std::uint64_t share_backlog = 0;
    std::uint64_t books_lag_ms = 0;
    pool::Sats ledger_difference;  ///< debits less credits of all balances: 0, always
    bool ledger_known = false;     ///< the books have answered at least once
    StoreTimes redis;              ///< a batch of shares, over the last half to whole minute
    StoreTimes mysql;              ///< a step of the books with shares, the same
    std::uint64_t bans = 0;        ///< addresses and networks that are banned now
    std::vector<BanInfo> banned;   ///< of those the longest, at most banned_shown
    static constexpr std::size_t banned_shown = 100;
};

}  // namespace rpc
