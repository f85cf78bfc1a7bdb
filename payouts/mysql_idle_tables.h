#pragma once

#include <span>
#include <string>
#include <vector>

#include "payouts/mysql_connection.h"
#include "pool/base/result.h"

/// Which tables a change of the schema needs for itself, and whether it would get them now.
namespace payouts {

/// The tables of this database that exist and that one of `steps` names, itself or by a trigger of
/// theirs; by name. A word that is a column as well counts: more is tried then, and none is missed.
pool::Result<std::vector<std::string>> tables_named(MysqlConnection& db,
                                                    std::span<const std::string> steps);

/// Takes `tables` from everybody else for a moment, and gives them back: whoever reads or writes
/// one in a transaction that does not end would keep a change of it waiting, and all others behind
/// it. None of them, when there are no tables. Outside of transactions only.
///
/// Errors: unavailable, when one is in use for longer than the session's lock_wait_timeout;
/// refused, for a user who may not lock tables.
pool::Result<void> try_tables(MysqlConnection& db, std::span<const std::string> tables);

}  // namespace payouts
