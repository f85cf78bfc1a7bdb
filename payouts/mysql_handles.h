#pragma once

#include <span>
#include <string>

#include "payouts/fold.h"
#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/share/record.h"

/// Handles of producers. MySQL keeps all of a life, for a session may use its own for as long as it
/// lasts; an accountant has those in memory that came lately.
namespace payouts {

/// Adds to `state` the handles that shares among `records` name and it lacks, before their fold.
/// One that MySQL lacks as well stays unknown.
pool::Result<void> load_handles(MysqlConnection& db, const std::string& producer,
                                std::span<const pool::Record> records, ProducerState& state);

}  // namespace payouts
