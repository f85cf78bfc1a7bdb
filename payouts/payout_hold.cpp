#include "payouts/payout_hold.h"

#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "payouts/mysql_hold.h"
#include "payouts/mysql_payouts.h"
#include "pool/base/log.h"

namespace payouts {

using pool::Error;
using pool::fail;
using pool::Result;

namespace {

constexpr std::string_view own_name = "zubrd";

}  // namespace

Result<std::string> PayoutHold::books_trouble()
{
    if (const std::string& ours = worker_.books_trouble(); !ours.empty()) return ours;
    auto hold = read_books_hold(db_);
    if (!hold) return fail(hold.error());
    return std::move(hold->why);
}

Result<HoldState> PayoutHold::read()
{
    HoldState state;
    const auto row = read_control(db_, "payouts");
    if (!row) return fail(row.error());
    if (const std::optional<ControlRow>& stop = *row) {
        state.stopped = true;
        state.cause = stop->set_by == own_name ? HoldCause::server : HoldCause::person;
        state.by = stop->set_by;
        state.reason = stop->value;
    }
    const auto why = books_trouble();
    if (!why) return fail(why.error());
    if (!why->empty()) state = {true, HoldCause::books, std::string{own_name}, *why};
    if (state.stopped) {
        if (auto told = add_words(state); !told) return fail(told.error());
    }
    std::error_code ignored;
    const std::string& file = options_.hold_file;
    if (!state.stopped && !file.empty() && std::filesystem::exists(file, ignored)) {
        state = {true, HoldCause::file, file, "the file is there"};
    }
    return state;
}

// What people have said since.
Result<void> PayoutHold::add_words(HoldState& state)
{
    const auto pending = read_control(db_, "release");
    if (!pending) return fail(pending.error());
    if (const std::optional<ControlRow>& wish = *pending) {
        state.released_by = wish->set_by;
        state.books_adopted = wish->value == "adopt";
    }
    const auto beside = read_control(db_, "stop");
    if (!beside) return fail(beside.error());
    if (const std::optional<ControlRow>& stop = *beside) {
        state.reason += "; stopped by " + stop->set_by + ", too: " + stop->value;
    }
    return {};
}

// The program's own reason stays the one to be shown: whoever releases has to know it.
Result<HoldState> PayoutHold::stop(const std::string& who, const std::string& reason, pool::Now now)
{
    auto transaction = Transaction::begin(db_);
    if (!transaction) return fail(transaction.error());
    if (auto locked = lock_controls(db_); !locked) return fail(locked.error());
    const auto there = read_control(db_, "payouts");
    if (!there) return fail(there.error());
    const std::optional<ControlRow>& before = *there;
    const bool ours = before && before->set_by == own_name;
    const ControlRow row{reason.empty() ? "stopped" : reason, who};
    if (auto put = write_control(db_, ours ? "stop" : "payouts", row, now.wall); !put) {
        return fail(put.error());
    }
    if (auto put = write_control(db_, "release", {"", who}, now.wall); !put) {
        return fail(put.error());
    }
    if (auto done = transaction->commit(); !done) return fail(done.error());
    pool::log::warn("payouts_stopped", {{"user", who}});
    return read();
}

Result<HoldState> PayoutHold::release(const Release& word, pool::Now now)
{
    const auto& [who, adopt_books, lacking] = word;
    if (auto connected = db_.connect(); !connected) return fail(connected.error());
    if (auto followed = worker_.follow_books(now); !followed) return fail(followed.error());
    auto transaction = Transaction::begin(db_);
    if (!transaction) return fail(transaction.error());
    // Two who ask at once must not both be the first.
    if (auto locked = lock_controls(db_); !locked) return fail(locked.error());
    const auto trouble = books_trouble();
    if (!trouble) return fail(trouble.error());
    if (!trouble->empty() && !adopt_books) {
        return fail(Error::Code::refused,
                    *trouble +
                        ": compare them with the wallet first (docs/operations.md, "
                        "\"Backup and restore\"), then say releasepayouts true");
    }
    const auto state = read();
    if (!state) return fail(state.error());
    if (!state->stopped) return fail(Error::Code::conflict, "payouts are not stopped");
    if (state->by == options_.hold_file && !state->by.empty()) {
        return fail(Error::Code::refused, "the file " + state->by + " stops them: remove it");
    }
    const bool second = !state->released_by.empty() && state->released_by != who &&
                        (!adopt_books || state->books_adopted);
    if (second && lacking > pool::Sats{}) {
        return fail(Error::Code::refused,
                    "the wallet lacks " + std::to_string(lacking.value) +
                        " sat of what the books say: book what has left it (bookcoins out), or "
                        "bring it back, until comparebooks shows lacking_sat 0");
    }
    if (second) {
        if (auto ended = end(word, now); !ended) return fail(ended.error());
    } else {
        const ControlRow row{adopt_books ? "adopt" : "wanted", who};
        if (auto put = write_control(db_, "release", row, now.wall); !put) return fail(put.error());
    }
    if (auto done = transaction->commit(); !done) return fail(done.error());
    if (second) {
        pool::log::warn(
            "payouts_released",
            {{"user", who}, {"first", state->released_by}, {"books_adopted", adopt_books}});
    }
    return read();
}

Result<void> PayoutHold::end(const Release& word, pool::Now now)
{
    if (word.adopt_books) {
        if (auto done = worker_.adopt_books(); !done) return done;
        if (auto done = end_books_hold(db_, word.who); !done) return done;
    }
    for (const std::string_view name : {"payouts", "stop"}) {
        if (auto put = write_control(db_, name, {"", word.who}, now.wall); !put) return put;
    }
    return {};
}

}  // namespace payouts
