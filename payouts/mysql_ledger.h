#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/entries.h"
#include "payouts/mysql_connection.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/time.h"

/// The ledger in MySQL: events with a key each, made of transfers that are never changed.
namespace payouts {

struct LedgerEvent {
    std::string key;      ///< names the event for ever: a second one of that name is refused
    std::string kind;     ///< "accrue", "mature", "orphan"
    std::string ref;      ///< what it is about: a block's hash
    std::string actor;    ///< who did it: "zubrd", or an admin
    std::string payload;  ///< JSON, kept to the letter: it is hashed
    pool::UnixMillis at;
    std::vector<Transfer> transfers;
};

/// What an event's hash covers, after the hash of the event before it.
std::string canonical_text(const LedgerEvent& event);
/// SHA-256 of the previous event's hash and the canonical text: no event can be changed later
/// without changing all that follow.
pool::Digest event_hash(const pool::Digest& previous, const LedgerEvent& event);

/// Writes an event, its transfers and (by trigger) the balances. Inside a Transaction.
///
/// Errors besides: conflict, when the key was used: it happened before, and the transaction must
/// be given up; refused, when a balance would be overdrawn; unavailable, when a newer program has
/// changed the schema, or a migration is not finished.
pool::Result<void> post(MysqlConnection& db, const LedgerEvent& event);

/// The transfers of an event, in order. Errors: not_found.
pool::Result<std::vector<Transfer>> read_transfers(MysqlConnection& db, std::string_view key);

}  // namespace payouts
