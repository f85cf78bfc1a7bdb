#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/mysql_connection.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"

namespace payouts {

/// A numbered change of the schema.
struct Migration {
    std::uint32_t version = 0;
    std::vector<std::string> steps;  ///< one statement each
    pool::Digest checksum{};         ///< of the steps
};

/// The text of schema.sql, put into the program when it is built.
std::string_view schema_sql();

/// Splits a schema text at its "-- migration N" and "-- step" lines.
/// Errors: invalid, when versions are not 1, 2, 3, … or one has no step.
pool::Result<std::vector<Migration>> parse_migrations(std::string_view text);

/// The newest version that this program knows: how many migrations schema_sql() has. Any thread.
std::uint64_t known_schema();

/// May this program write? Inside a transaction that holds the row of books or of a lease, the
/// answer is good until its end: a migration waits for these before its first step. Errors:
/// refused, when the schema is newer than this program; unavailable besides, while a migration is
/// not finished.
pool::Result<void> check_schema(MysqlConnection& connection);

/// Brings the database to the last of `migrations`, under a lock against other programs. May be
/// killed anywhere and called again.
///
/// A program that runs meanwhile loses its leases, and what an older one counts or seals waits
/// while a step changes rows. Nothing is posted until it is whole.
///
/// patience: for each table that somebody reads in a long transaction (verifyledger, a backup).
/// Before a migration is begun they are tried, and where one is in use nothing is noted or changed.
///
/// Errors: unavailable; refused, with a sentence for an operator: the database is newer than this
/// program, or was made by other migrations of the same number.
pool::Result<void> migrate(MysqlConnection& connection, std::span<const Migration> migrations,
                           std::chrono::seconds patience = std::chrono::seconds{10});

/// What migrate() would run, in order. Changes nothing. Errors: as migrate().
pool::Result<std::vector<std::string>> pending_steps(MysqlConnection& connection,
                                                     std::span<const Migration> migrations);

}  // namespace payouts
