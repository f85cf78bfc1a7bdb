#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "payouts/mysql_connection.h"
#include "payouts/pplns.h"
#include "payouts/schedule.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"

/// Fees, donations and N over time, in MySQL. Statements only. What a slot's terms are does not
/// change once the slot has come.
namespace payouts {

/// N before its first announced change, and the usual fee before its. Errors besides: refused, for
/// a database that was never begun.
pool::Result<pool::U128> read_window_begun(MysqlConnection& db);
pool::Result<unsigned> read_fee_begun(MysqlConnection& db);

/// N in force for a block of slot `end`, and how much its window may hold: less while it grows.
struct WindowInForce {
    pool::U128 n = 0;
    pool::U128 size = 0;
};
/// Slots before `end` are sealed (checked by the caller).
pool::Result<WindowInForce> read_window_in_force(MysqlConnection& db, std::uint64_t end);

/// The fee of accounts that have none of their own, for a block of `slot`.
pool::Result<unsigned> read_usual_fee(MysqlConnection& db, std::uint64_t slot);
/// Fees and donations of the accounts that have their own, for a block of `slot`; `usual_fee_bps`
/// where only a donation was set.
pool::Result<std::map<pool::AccountId, Terms>> read_terms(MysqlConnection& db, std::uint64_t slot,
                                                          unsigned usual_fee_bps);

enum class Schedule : std::uint8_t { fee, donation };
/// In order of slot, then of being made. account 0: the usual fee.
pool::Result<std::vector<BpsChange>> read_changes(MysqlConnection& db, Schedule of,
                                                  pool::AccountId account);
pool::Result<std::vector<WindowChange>> read_window_changes(MysqlConnection& db);

/// The newest slot that is sealed or in which a block was found. Inside a transaction: nothing is
/// sealed until its end.
pool::Result<std::uint64_t> lock_settled(MysqlConnection& db);
pool::Result<void> add_change(MysqlConnection& db, Schedule of, pool::AccountId account,
                              const BpsChange& change, pool::UnixMillis at);
pool::Result<void> add_window_change(MysqlConnection& db, const WindowChange& change,
                                     pool::UnixMillis at);

}  // namespace payouts
