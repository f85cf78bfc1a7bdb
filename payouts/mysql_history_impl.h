#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_history.h"

namespace payouts {

/// What the parts of History share: work and blocks are in mysql_history.cpp, payouts in
/// mysql_past_payouts.cpp, the window in mysql_past_window.cpp.
struct History::Impl {
    explicit Impl(const MysqlOptions& options) : db(options) {}

    /// Asks again once when the connection turns out to be lost: reading twice does no harm.
    pool::Result<SqlRows> query(const std::string& text, const std::vector<SqlValue>& values = {})
    {
        for (int turn = 0;; ++turn) {
            if (auto connected = db.connect(); !connected) return pool::fail(connected.error());
            auto rows = db.query(text, values);
            if (rows || turn > 0 || db.connected()) return rows;
        }
    }

    /// Errors: not_found.
    pool::Result<std::uint64_t> id_of(std::string_view account)
    {
        const auto rows = query("SELECT id FROM account WHERE name = ?", {sql(account)});
        if (!rows) return pool::fail(rows.error());
        if (rows->empty()) return pool::fail(pool::Error::Code::not_found, "no such account");
        return rows->front().u64(0);
    }

    static std::uint64_t bounded(std::uint32_t limit)
    {
        return std::clamp<std::uint64_t>(limit, 1, 1000);
    }

    struct Work {
        std::uint64_t account = 0;  ///< or whole_pool
        std::optional<std::uint64_t> site;
    };
    pool::Result<std::vector<HistoryPoint>> work(const Work& of, std::uint64_t from_s,
                                                 std::uint64_t step_s);

    /// Fee and donation of an account together, for a block of `slot`.
    pool::Result<unsigned> taken_bps(pool::AccountId account, std::uint64_t slot);

    /// The sealed slots, and where a window ends that holds `size` of their score.
    struct Window {
        std::uint64_t end = 0;  ///< behind the newest of them; 0: none is
        pool::U128 head = 0;    ///< their score up to there
        pool::U128 size = 0;
        std::uint64_t first = 0;  ///< the oldest that is in it, whole or in part
    };
    /// Of the next block. All who ask in the same minute share one search.
    pool::Result<Window> window_now();
    /// A score of slots, and its times that are to come (WindowPart::to_come).
    struct WindowSum {
        pool::U128 mine = 0;
        pool::U128 to_come = 0;
    };
    /// Of an account's slots `first` ..< `end`, all of them in the window.
    pool::Result<WindowSum> window_slots(std::uint64_t account, const Window& in,
                                         std::uint64_t first, std::uint64_t end);
    /// The same of whole hours, none of which has the slot at the window's edge.
    pool::Result<WindowSum> window_hours(std::uint64_t account, const Window& in,
                                         std::uint64_t first, std::uint64_t end);
    std::optional<Window> found_last;

    MysqlConnection db;
};

}  // namespace payouts
