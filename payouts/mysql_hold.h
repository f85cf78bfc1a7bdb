#pragma once

#include <string>

#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"

/// How the program itself holds payouts on all servers, until two people release them, whoever has
/// held or released them for another reason.
namespace payouts {

/// Inside a transaction. why: at most 64 bytes.
pool::Result<void> hold_payouts(MysqlConnection& db, const std::string& why, pool::UnixMillis now);

/// Whether the books themselves say that they are not those that were paid from. One server's file
/// has told so (PayoutMark); two people who have looked let payouts go on, on any server.
struct BooksHold {
    std::string why;         ///< "": they are not held for it
    pool::UnixMillis since;  ///< the newest such hold; stays when it is over, and never comes again
};
pool::Result<BooksHold> read_books_hold(MysqlConnection& db);
/// Inside a transaction: hold_payouts for that. One that lasts keeps its `since`.
pool::Result<BooksHold> hold_for_books(MysqlConnection& db, pool::UnixMillis now);
/// Inside a transaction: the books are right, says `who` as the second one.
pool::Result<void> end_books_hold(MysqlConnection& db, const std::string& who);

/// After hold_payouts: a line in the log and a row in the audit. Held they are already: an audit
/// that cannot be written undoes nothing.
void tell_hold(const MysqlOptions& mysql, const std::string& why, pool::UnixMillis now);

/// Why, when a block that was mature has left the chain.
std::string lost_block_text(pool::Height height);

}  // namespace payouts
