#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "rpc/operator_info.h"

namespace rpc {

/// What miners work on.
struct TemplateInfo {
    pool::Height height;  ///< of the block to find
    std::string previous;
    std::uint64_t transactions = 0;
    pool::Sats reward;
    pool::Sats fees;
    std::uint64_t weight = 0;
    std::string bits;  ///< 8 hex digits
    double difficulty = 0;
    std::uint64_t age_ms = 0;  ///< since a node last gave one
    std::uint64_t jobs = 0;    ///< since the start, as the next two
    std::uint64_t empty_jobs = 0;
    std::uint64_t empty_ms = 0;  ///< time that miners have worked on empty blocks
};

/// A job that was published in this life of the server.
struct JobInfo {
    std::uint64_t id = 0;
    pool::UnixMillis at;
    pool::Height height;
    std::string previous;
    bool empty = false;
    bool clean = false;  ///< miners were told to drop what they had
    std::uint64_t transactions = 0;
    pool::Sats reward;
};

/// What admins may ask of, and do to, the source of work. pool/app implements it by posting to the
/// core loop. Called on the rpc loop; each `done` is called there once.
class WorkControl {
public:
    template <typename T>
    using Done = std::function<void(pool::Result<T>)>;

    virtual ~WorkControl() = default;

    /// Errors: unavailable, before the first template.
    virtual void current(Done<TemplateInfo> done) = 0;
    virtual void nodes(Done<std::vector<BitcoindInfo>> done) = 0;
    /// Newest first, the last 64 at most.
    virtual void jobs(std::size_t limit, Done<std::vector<JobInfo>> done) = 0;
    /// A node that is off gives no work and no tips; blocks are sent to it all the same.
    /// Errors: not_found; conflict, for the last one that gives work.
    virtual void set_node(const std::string& name, bool on, Done<bool> done) = 0;
    /// Asks the nodes for new templates; returns before they come.
    virtual void refresh() = 0;
};

}  // namespace rpc
