#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "payouts/mysql_connection.h"
#include "pool/base/result.h"

/// What is done to the books from the command line, while no zubrd need run.
namespace payouts {

/// What the running pool may do to one table: it reads all, and never changes what is written in
/// the ledger, a sealed slot or a block's credit.
struct TableRights {
    std::string_view table;
    std::string_view rights;     ///< besides SELECT: "INSERT"; UPDATE of any column: caches only
    std::string_view columns{};  ///< those that UPDATE may change, where a state moves on
};
std::span<const TableRights> running_rights();

/// Brings the schema up as `admin`. When the running user is another one, grants it what
/// running_rights() says and takes away what it had on tables besides. dry: only tells what would
/// be done. Returns a text for an operator. Errors: as migrate(); refused, when `admin` may not
/// grant.
pool::Result<std::string> migrate_books(const MysqlOptions& admin, const MysqlOptions& running,
                                        bool dry);

/// The least that a change of addresses is locked from now on, whoever writes it: what `zubrd
/// migrate` was configured with. No running user may shorten it.
pool::Result<void> set_address_lock(const MysqlOptions& admin, std::chrono::hours lock);

/// What `zubrd takeover` does: the producers of `server_id` belong to `owner` from now on (see
/// payouts/mysql_producers.h). Returns a text for an operator.
pool::Result<std::string> take_over(const MysqlOptions& options, std::string_view server_id,
                                    std::string_view owner);

/// Makes the cached balances again from the transfers. Returns a text for an operator.
pool::Result<std::string> rebuild_books(const MysqlOptions& admin);

}  // namespace payouts
