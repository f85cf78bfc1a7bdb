#include "payouts/payout_hold.h"

#include <filesystem>
#include <system_error>

#include "payouts/mysql_payouts.h"
#include "pool/base/log.h"

namespace payouts {

using pool::Error;
using pool::fail;
using pool::Result;

Result<HoldState> PayoutHold::read()
{
    HoldState state;
    const auto row = read_control(db_, "payouts");
    if (!row) return fail(row.error());
    if (const std::optional<ControlRow>& stop = *row) {
        state.stopped = true;
        state.cause = stop->set_by == "zubrd" ? HoldCause::server : HoldCause::person;
        state.by = stop->set_by;
        state.reason = stop->value;
        const auto pending = read_control(db_, "release");
        if (!pending) return fail(pending.error());
        if (const std::optional<ControlRow>& wish = *pending) {
            state.released_by = wish->set_by;
            state.books_adopted = wish->value == "adopt";
        }
    }
    if (const std::string& why = worker_.books_trouble(); !why.empty()) {
        state.stopped = true;
        state.cause = HoldCause::books;
        if (state.by.empty()) state.by = "zubrd";
        state.reason = why;
    }
    std::error_code ignored;
    const std::string& file = options_.hold_file;
    if (!state.stopped && !file.empty() && std::filesystem::exists(file, ignored)) {
        state = {true, HoldCause::file, file, "the file is there"};
    }
    return state;
}

Result<HoldState> PayoutHold::stop(const std::string& who, const std::string& reason, pool::Now now)
{
    auto transaction = Transaction::begin(db_);
    if (!transaction) return fail(transaction.error());
    if (auto locked = lock_controls(db_); !locked) return fail(locked.error());
    const ControlRow row{reason.empty() ? "stopped" : reason, who};
    if (auto put = write_control(db_, "payouts", row, now.wall); !put) {
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
    const std::string& trouble = worker_.books_trouble();
    if (!trouble.empty() && !adopt_books) {
        return fail(Error::Code::refused,
                    trouble +
                        ": compare them with the wallet first (docs/operations.md, "
                        "\"Backup and restore\"), then say releasepayouts true");
    }
    auto transaction = Transaction::begin(db_);
    if (!transaction) return fail(transaction.error());
    // Two who ask at once must not both be the first.
    if (auto locked = lock_controls(db_); !locked) return fail(locked.error());
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
    if (second && adopt_books) {
        if (auto done = worker_.adopt_books(); !done) return fail(done.error());
    }
    const std::string_view name = second ? "payouts" : "release";
    const ControlRow row{second ? "" : (adopt_books ? "adopt" : "wanted"), who};
    if (auto put = write_control(db_, name, row, now.wall); !put) return fail(put.error());
    if (auto done = transaction->commit(); !done) return fail(done.error());
    if (second) {
        pool::log::warn(
            "payouts_released",
            {{"user", who}, {"first", state->released_by}, {"books_adopted", adopt_books}});
    }
    return read();
}

}  // namespace payouts
