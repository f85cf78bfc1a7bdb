#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/coin_entry.h"
#include "payouts/mysql_connection.h"
#include "payouts/mysql_ledger.h"
#include "pool/base/result.h"
#include "pool/base/time.h"

/// Coins that the books hear of from people alone, in MySQL.
namespace payouts {

/// Writes down what somebody asks for; nothing moves. The entry with its number, that of before
/// when its request_id is known. Errors besides: not_found, for an account that nobody has;
/// invalid; conflict, when something else was asked for by that request_id.
pool::Result<CoinEntry> ask_coins(MysqlConnection& db, const CoinWish& wish, const std::string& who,
                                  pool::UnixMillis now);
/// Books it, in a transaction of its own. Errors besides: not_found; conflict, when it is booked;
/// refused, for whoever has asked for it, and when the account does not hold so much.
pool::Result<CoinEntry> approve_coins(MysqlConnection& db, std::uint64_t id, const std::string& who,
                                      pool::UnixMillis now);
/// What was booked in after `since`, by the clocks of the servers that did.
pool::Result<pool::Sats> coins_booked_in_since(MysqlConnection& db, pool::UnixMillis since);
/// Newest first.
pool::Result<std::vector<CoinEntry>> list_coins(MysqlConnection& db, std::uint32_t limit);

/// How an event of kind "adjust" differs from what one person has asked for and another approved;
/// "" when it does not.
pool::Result<std::string> coin_event_difference(MysqlConnection& db, const LedgerEvent& event);
/// Coins that are said to be booked, and are in no event; "": there are none.
pool::Result<std::string> coins_without_events(MysqlConnection& db);

}  // namespace payouts
