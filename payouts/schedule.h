#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/uint256.h"

/// Terms that change at an announced minute, as plain values and their rules. Pure.
namespace payouts {

/// A fee or a donation from a slot on.
struct BpsChange {
    std::uint64_t from_slot = 0;
    std::optional<unsigned> bps;  ///< nothing: none of its own from there on
    std::string set_by;
};

/// N from a slot on.
struct WindowChange {
    std::uint64_t from_slot = 0;
    pool::U128 size = 0;
    std::string set_by;
};

/// What all accounts are under that have nothing of their own.
struct PoolTerms {
    unsigned fee_begun = 0;  ///< before the first change
    std::vector<BpsChange> fees;
    pool::U128 window_begun = 0;
    std::vector<WindowChange> windows;
    std::uint64_t slot_now = 0;
};

/// What is in force for `slot`: of the changes up to it (in order of slot, then of being made) the
/// last.
std::optional<unsigned> bps_at(const std::vector<BpsChange>& changes, std::uint64_t slot);

/// The slot from which a change may hold. now: the present slot; settled: the newest one that is
/// sealed or in which a block was found. Nothing that is wished for: as soon as may be.
/// notice_slots: how long ahead it is announced. Errors: invalid, with a sentence.
pool::Result<std::uint64_t> change_slot(std::optional<pool::UnixMillis> wished, std::uint64_t now,
                                        std::uint64_t settled, std::uint64_t notice_slots);

/// "2", "2.125": above 0, at most 1000, at most three decimals; in units of 10^-18.
pool::Result<pool::U128> parse_window(std::string_view text);
/// The reverse.
std::string window_text(pool::U128 size);

}  // namespace payouts
