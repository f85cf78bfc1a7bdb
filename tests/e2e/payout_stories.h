#pragma once

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

/// Every step at which the payout worker can be killed, and the stories in which it is.
namespace tests {

enum class Move { none, eviction, reorganisation };
enum class Victim { worker, node, both, mysql };

/// What people want of one batch, and who dies of it where.
struct Story {
    std::string point;
    bool bump = false;
    bool cancel = false;
    Move move = Move::none;
    Victim victim = Victim::worker;
    unsigned nth = 1;      // time that it comes to the point
    bool offline = false;  // signed elsewhere
    bool watched = false;  // until it is too deep to be looked at any longer
};

inline const std::vector<std::string> pay_points{
    "before_reserve", "after_reserve",    "before_approve",   "after_approve",   "before_anchor",
    "after_anchor",   "signed_pay",       "before_store_pay", "after_store_pay", "marked",
    "sent_pay",       "before_broadcast", "after_broadcast",  "before_settle",   "after_settle"};
inline const std::vector<std::string> bump_points{"before_bump",      "after_bump",
                                                  "signed_bump",      "before_store_bump",
                                                  "after_store_bump", "sent_bump"};
inline const std::vector<std::string> cancel_points{
    "before_want_cancel", "after_want_cancel", "signed_cancel", "before_store_cancel",
    "after_store_cancel", "sent_cancel",       "before_cancel", "after_cancel"};

inline const std::vector<std::string> import_points{"before_import", "after_import"};
inline const std::vector<std::string> close_points{"before_close", "after_close"};
inline const std::vector<std::string> schedule_points{"before_schedule", "after_schedule"};
inline const std::vector<std::string> renew_points{"before_renew", "after_renew"};
inline const std::vector<std::string> writeoff_points{"before_writeoff", "after_writeoff"};

/// A step that is in none of the lists is one that nobody is ever killed at.
inline void expect_known(std::string_view point)
{
    for (const auto* list : {&pay_points, &bump_points, &cancel_points, &import_points,
                             &close_points, &schedule_points, &renew_points, &writeoff_points}) {
        if (std::find(list->begin(), list->end(), point) != list->end()) return;
    }
    ADD_FAILURE() << point << " is in no story";
}

/// Every story there is of one batch, by whom it strikes and what the chain does then.
inline std::vector<Story> stories_of(Victim victim, Move move)
{
    std::vector<Story> out;
    const auto add = [&](const std::string& point) -> Story& {
        return out.emplace_back(Story{.point = point, .move = move, .victim = victim});
    };
    for (const auto& point : pay_points) add(point);
    for (const auto& point : bump_points) add(point).bump = true;
    for (const std::string point : {"before_broadcast", "after_broadcast"}) {
        Story& story = add(point);  // of the bump; the first time is the payment's
        story.bump = true;
        story.nth = 2;
    }
    for (const auto& point : cancel_points) add(point).cancel = true;
    for (const auto& point : import_points) add(point).offline = true;
    for (const auto& point : close_points) add(point).watched = true;
    return out;
}

inline bool in_full() { return std::getenv("ZUBR_CHAOS_BLOCKS") != nullptr; }

inline std::vector<Story> stories()
{
    std::vector<Story> out;
    if (!in_full()) {
        for (const std::string point : {"after_anchor", "signed_pay", "sent_pay"}) {
            out.push_back({point});
        }
        out.push_back({"sent_bump", true, false});
        out.push_back({"sent_cancel", true, true});
        out.push_back({"marked", false, false, Move::none, Victim::node});
        out.push_back({"sent_pay", false, false, Move::none, Victim::both});
        out.push_back({.point = "after_import", .offline = true});
        for (const std::string point : {"after_reserve", "before_anchor", "before_store_pay",
                                        "before_broadcast", "after_settle"}) {
            out.push_back({.point = point, .victim = Victim::mysql});
        }
        return out;
    }
    for (const Victim victim : {Victim::node, Victim::both, Victim::mysql}) {
        const auto more = stories_of(victim, Move::none);
        out.insert(out.end(), more.begin(), more.end());
    }
    for (const Move move : {Move::reorganisation, Move::eviction, Move::none}) {
        const auto more = stories_of(Victim::worker, move);
        out.insert(out.end(), more.begin(), more.end());
        for (const auto& point : cancel_points) out.push_back({point, true, true, move});
    }
    return out;
}

}  // namespace tests
