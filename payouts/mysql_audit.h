#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/mysql_options.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/time.h"

/// What admins did, in MySQL: rows that are never changed, each with the hash of the one before.
namespace payouts {

struct AuditRow {
    std::uint64_t id = 0;  ///< 1, 2, 3, … without a gap; given by append()
    pool::UnixMillis at;
    std::string kind;         ///< "call", "refused", "done", "failed"
    std::uint64_t about = 0;  ///< of "done" and "failed": the row of the call; else 0
    std::string actor;
    std::string role;
    std::string host;  ///< where the call came from; "" when unknown
    std::string method;
    std::string params;         ///< JSON without secrets, or why the call failed
    std::uint64_t repeats = 0;  ///< the same call so many times more, since its last row
    pool::Digest hash{};        ///< given by append()
};

/// What a row's hash covers, after the hash of the row before it.
std::string canonical_text(const AuditRow& row);

/// What came of computing the chain again.
struct AuditCheck {
    std::uint64_t rows = 0;
    pool::Digest head{};
    std::string difference;  ///< the first one, a sentence; "" when there is none
};

/// The table of what admins did, on a connection of its own. Blocking; one thread. Any number of
/// programs may append at once.
///
/// Errors of all calls: unavailable, when MySQL is lost; the next call reconnects. Of append()
/// nobody knows then whether the row was written.
class AuditBook {
public:
    /// The schema must be there: open after the Service.
    static pool::Result<std::unique_ptr<AuditBook>> open(const MysqlOptions& options);
    ~AuditBook();
    AuditBook(const AuditBook&) = delete;
    AuditBook& operator=(const AuditBook&) = delete;

    /// The row as it was written, with its id and hash. Errors besides: refused, when somebody
    /// tampered with the table's end; invalid, for texts longer than the columns.
    pool::Result<AuditRow> append(AuditRow row);
    /// Newest first. limit: 1 ..= 1000. before: only ids below it; all when 0. actor: all when
    /// empty.
    pool::Result<std::vector<AuditRow>> list(std::uint32_t limit, std::uint64_t before,
                                             std::string_view actor);
    /// Reads the whole table.
    pool::Result<AuditCheck> verify();

private:
    struct Impl;
    explicit AuditBook(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace payouts
