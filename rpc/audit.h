#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pool/base/result.h"
#include "pool/base/time.h"
#include "rpc/method.h"
#include "rpc/rate_limit.h"
#include "rpc/roles.h"

namespace rpc {

/// A row of the audit.
struct AuditRecord {
    std::uint64_t id = 0;  ///< 0: not written yet
    pool::UnixMillis at;
    std::string kind;         ///< "call", "refused" (the role may not), "done", "failed"
    std::uint64_t about = 0;  ///< of "done" and "failed": the id of the call
    std::string actor;
    std::string role;
    std::string host;
    std::string method;
    std::string params;         ///< JSON without secrets; of "failed": the error
    std::uint64_t repeats = 0;  ///< of a call without effect: how often without a row of its own
    std::string hash;           ///< hex, once written
};

struct AuditVerdict {
    std::uint64_t rows = 0;
    std::string head;        ///< of the chain, 64 hex digits
    std::string difference;  ///< the first one, a sentence; "" when there is none
};

/// Where calls are written down. pool/app implements it with MySQL on a thread of its own. Called
/// on the rpc loop; each `done` is called exactly once, there, during the call or later.
/// Errors: unavailable, when it can't be written or read now.
class AuditLog {
public:
    template <typename T>
    using Done = std::function<void(pool::Result<T>)>;

    virtual ~AuditLog() = default;

    /// Gives the row's id once it is on disk.
    virtual void write(AuditRecord record, Done<std::uint64_t> done) = 0;
    /// Newest first. limit: 1 ..= 1000. before: only ids below it; all when 0. actor: all when
    /// empty.
    virtual void list(std::uint32_t limit, std::uint64_t before, const std::string& actor,
                      Done<std::vector<AuditRecord>> done) = 0;
    virtual void verify(Done<AuditVerdict> done) = 0;
};

/// Calls without an effect, that is those that only read and those that are refused, come again and
/// again (a monitor's): they share a row, and how often is told by the next row of the same call,
/// or by one of its own once ten minutes have passed. Of a user who asks for more than
/// rows_a_second different things, once calls_max are known, and where they are longer than
/// params_max, parameters are left out: what he does is counted by method and kind. Pure; bounded
/// by 2 * calls_max.
class QuietCalls {
public:
    static constexpr std::chrono::minutes a_row_every{10};
    static constexpr std::size_t calls_max = 1024;
    static constexpr std::size_t params_max = 4096;
    static constexpr double rows_a_second = 5;  ///< of one user; RateLimits::burst_seconds at once

    /// Appends the rows to write now to `due`, `room` at most. What finds no room is told later.
    void note(AuditRecord record, pool::SteadyTime now, std::size_t room,
              std::vector<AuditRecord>& due);
    std::size_t size() const { return calls_.size(); }

private:
    struct Entry {
        AuditRecord record;  // as it came last
        pool::SteadyTime written;
        bool told = false;  // it has had a row
        std::uint64_t repeats = 0;
    };
    void sweep(pool::SteadyTime now, std::size_t room, std::vector<AuditRecord>& due);
    Entry* entry_of(AuditRecord& record, pool::SteadyTime now);

    std::map<std::string, Entry> calls_;
    RateLimits rows_{rows_a_second};
    pool::SteadyTime swept_{};
};

/// Stands before the methods: what changes something is written down before it begins, and not
/// begun when that fails. On the rpc loop; outlives the calls.
class Auditor {
public:
    explicit Auditor(AuditLog& log) : log_(log) {}

    /// Runs `method` between its rows of the audit. allowed: whether the caller's role may call it;
    /// if not, `reply` gets forbidden.
    void run(const Method& method, const Caller& caller, const Arguments& arguments, bool allowed,
             Reply reply);

    /// Rows of calls without an effect that may wait for the log at once: behind them there is
    /// always room in it for calls that change something.
    static constexpr std::size_t quiet_waiting_max = 256;

private:
    void write(AuditRecord record, const std::function<void()>& over = {});
    void note_quietly(AuditRecord record);

    AuditLog& log_;
    QuietCalls quiet_;
    std::size_t quiet_waiting_ = 0;
};

}  // namespace rpc
