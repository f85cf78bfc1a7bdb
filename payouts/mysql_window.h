#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "payouts/mysql_connection.h"
#include "payouts/pplns.h"

/// Windows out of the sealed slots. Errors of all: unavailable.
namespace payouts {

inline constexpr std::uint64_t slots_an_hour = 60;  ///< of hour_score
/// What a row s of slot_account in slot t adds to hour_score.moment, as the trigger on slot has it.
inline constexpr std::string_view moment_of_slots =
    "IF(t.score * 1e0 * t.cum_score < 5e62, s.score * (2 * t.cum_score - t.score), 0)";

/// Which slots pay a block found in slot `end`, and how much each account scored in them.
struct WindowFound {
    WindowBounds bounds;
    std::vector<AccountAmount> weights;
};
/// Only sealed slots are looked at: those before `end` must be (checked by the caller).
/// Errors besides: refused, when buckets were changed after they were sealed.
pool::Result<WindowFound> read_window(MysqlConnection& db, std::uint64_t end, pool::U128 size);

/// Whether hour_score holds what the hour's sealed slots do.
pool::Result<bool> hour_is_its_slots(MysqlConnection& db, std::uint64_t hour);

}  // namespace payouts
