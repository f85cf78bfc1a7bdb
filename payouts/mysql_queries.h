#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/account_token.h"
#include "payouts/ledger.h"
#include "payouts/mysql_options.h"
#include "payouts/mysql_verify.h"
#include "pool/base/result.h"

namespace payouts {

/// The reading side of the books, on a connection of its own. Blocking; one thread.
/// Errors of all calls: unavailable, when MySQL is lost; the next call reconnects.
class Queries {
public:
    /// The schema must be there: open after the Service.
    static pool::Result<std::unique_ptr<Queries>> open(const MysqlOptions& options);
    ~Queries();
    Queries(const Queries&) = delete;
    Queries& operator=(const Queries&) = delete;

    pool::Result<Totals> totals();
    /// Of all accounts with a share.
    pool::Result<std::vector<AccountLuck>> lucks();
    /// Blocks of the last day, ten minutes old and more, that nobody has seen; highest first, 100
    /// at most.
    pool::Result<std::vector<UnpublishedBlock>> unpublished(pool::UnixMillis now);
    /// name: canonical address or registered name. Errors: not_found.
    pool::Result<AccountBooks> account(std::string_view name);
    /// Of those that there are, in any order. At most accounts_together names.
    pool::Result<std::vector<AccountBooks>> accounts(const std::vector<std::string>& names);
    /// Who may read which named account, by tokens that are good at `now`; nothing while that is as
    /// it was at version `known`.
    pool::Result<std::optional<AccessSheet>> access(std::optional<std::uint64_t> known,
                                                    pool::UnixMillis now);
    /// Newest (highest) first. limit: 1 ..= 1000. after: only blocks behind that one.
    pool::Result<std::vector<BlockRow>> blocks(std::uint32_t limit,
                                               const std::optional<BlockPlace>& after);
    /// Errors: not_found.
    pool::Result<BlockRow> block(const pool::BlockHash& hash);
    /// Newest first. limit: 1 ..= 1000. account: only lines that touch it; all when empty.
    /// Errors: not_found, for an unknown account.
    pool::Result<std::vector<LedgerRow>> ledger(std::uint32_t limit, std::string_view account);

    /// Those that are known; a handle of which MySQL was not told yet is left out.
    pool::Result<HandleNames> names(const HandleQuestion& question);
    pool::Result<SchemaStatus> schema();

    /// Makes the books again and compares: minutes, on a large pool (payouts/mysql_verify.h).
    pool::Result<LedgerCheck> verify();

private:
    struct Impl;
    explicit Queries(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace payouts
