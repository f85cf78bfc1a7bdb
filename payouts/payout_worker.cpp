#include "payouts/payout_worker.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "payouts/day.h"
#include "payouts/mysql_hold.h"
#include "payouts/mysql_ledger.h"
#include "payouts/mysql_payable.h"
#include "payouts/mysql_payout_events.h"
#include "payouts/mysql_payouts.h"
#include "payouts/payout_approval.h"
#include "pool/base/log.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;
using pool::Sats;

BatchView view_of(const PayoutBatch& batch, bool stopped)
{
    BatchView view;
    view.state = batch.state;
    view.anchored = batch.anchor.has_value();
    view.stopped = stopped;
    view.bump_wanted = batch.bump_rate > 0;
    for (const PayoutTx& tx : batch.txs) {
        view.attempts.push_back({tx.purpose, !tx.raw.empty(), tx.standing});
    }
    for (const PayoutWriteoff& each : batch.writeoffs) {
        if (!each.approved_by.empty()) view.foreign = each.standing;
    }
    return view;
}

/// Is there room under the cap of a day? gone: what counts besides `total`.
Result<void> check_day(const Result<Sats>& gone, Sats total, Sats most)
{
    if (!gone) return fail(gone.error());
    if (most == Sats{} || *gone + total <= most) return {};
    return fail(Error::Code::unavailable,
                "payouts of the last 24 hours have reached their cap of " +
                    std::to_string(most.value) + " sat (payouts.day_max_sat)");
}

}  // namespace

void PayoutWorker::at(std::string_view point) const
{
    if (options_.on_point) options_.on_point(point);
}

Result<void> PayoutWorker::fenced(std::string_view name, const std::function<Result<void>()>& work)
{
    auto transaction = Transaction::begin(db_);
    if (!transaction) return fail(transaction.error());
    if (auto ours = lease_.fence(); !ours) return ours;
    if (auto done = work(); !done) return done;
    if (!name.empty()) at("before_" + std::string{name});
    if (auto done = transaction->commit(); !done) return done;
    if (!name.empty()) at("after_" + std::string{name});
    return {};
}

Result<void> PayoutWorker::follow_books(pool::Now now)
{
    if (auto connected = db_.connect(); !connected) return connected;
    auto difference = mark_.follow(db_);
    if (!difference) return fail(difference.error());
    books_trouble_ = std::move(*difference);
    if (books_trouble_.empty()) return {};
    const auto hold = read_books_hold(db_);
    if (!hold) return fail(hold.error());
    // Books that were restored since know nothing of the hold, or of another one.
    const bool told = books_trouble_ == told_trouble_ && hold->since == told_since_;
    if (!told) return hold_for_trouble(now);
    return hold->why.empty() ? adopt_books() : Result<void>{};
}

// For all servers: another one may never have seen what these books have forgotten.
Result<void> PayoutWorker::hold_for_trouble(pool::Now now)
{
    pool::log::error("books_are_not_those_paid_from", {{"reason", books_trouble_}});
    auto transaction = Transaction::begin(db_);
    if (!transaction) return fail(transaction.error());
    const auto hold = hold_for_books(db_, now.wall);
    if (!hold) return fail(hold.error());
    if (auto done = transaction->commit(); !done) return done;
    tell_hold(options_.mysql, hold->why, now.wall);
    told_trouble_ = books_trouble_;
    told_since_ = hold->since;
    return {};
}

Result<void> PayoutWorker::hold_now(const std::string& why, pool::Now now)
{
    auto transaction = Transaction::begin(db_);
    if (!transaction) return fail(transaction.error());
    if (auto held = hold_payouts(db_, why, now.wall); !held) return held;
    if (auto done = transaction->commit(); !done) return done;
    tell_hold(options_.mysql, why, now.wall);
    return {};
}

Result<void> PayoutWorker::may_leave() const
{
    if (paused_.empty()) return {};
    return fail(Error::Code::unavailable, paused_);
}

// What the books have ended stands otherwise in the chain: it is told once, and where money was
// returned that is paid after all, nobody is paid before people have looked.
Result<void> PayoutWorker::tell_alarm(const PayoutBatch& batch, pool::Now now)
{
    if (alarmed_.contains(batch.id)) return {};
    if (batch.state == BatchState::confirmed) {
        pool::log::error("settled_payout_left_chain", {{"payout", batch.id}});
    } else {
        pool::log::error("returned_payout_left_chain", {{"payout", batch.id}});
        const std::string why = "what ended payout " + std::to_string(batch.id) + " left the chain";
        if (auto held = hold_now(why, now); !held) return held;
    }
    alarmed_.insert(batch.id);
    return {};
}

Result<void> PayoutWorker::adopt_books()
{
    if (auto done = mark_.adopt(db_); !done) return done;
    books_trouble_.clear();
    told_trouble_.clear();
    return {};
}

Result<bool> PayoutWorker::stopped()
{
    if (auto connected = db_.connect(); !connected) return fail(connected.error());
    if (!books_trouble_.empty()) return true;
    std::error_code ignored;
    if (!options_.hold_file.empty() && std::filesystem::exists(options_.hold_file, ignored)) {
        return true;
    }
    const auto row = read_control(db_, "payouts");
    if (!row) return fail(row.error());
    // An older program releases payouts by a plain word, and leaves this.
    const auto books = read_books_hold(db_);
    if (!books) return fail(books.error());
    return row->has_value() || !books->why.empty();
}

Result<std::uint32_t> PayoutWorker::fee_rate()
{
    const auto said = wallet_.fee_rate(options_.fee_blocks);
    if (!said) return fail(said.error());
    const std::uint32_t rate = *said > 0 ? *said : options_.fee_rate_usual;
    return std::clamp(rate, 1U, options_.caps.fee_rate_max);
}

Result<std::set<pool::OutPoint>> PayoutWorker::busy_coins(std::uint64_t id)
{
    if (auto connected = db_.connect(); !connected) return fail(connected.error());
    const auto ids = open_batches(db_);
    if (!ids) return fail(ids.error());
    std::set<pool::OutPoint> busy;
    for (const std::uint64_t other : *ids) {
        if (other == id) continue;
        const auto batch = read_batch(db_, other);
        if (!batch) return fail(batch.error());
        for (const pool::OutPoint& coin : coins_of(*batch)) busy.insert(coin);
    }
    return busy;
}

Result<void> PayoutWorker::see(PayoutBatch& batch)
{
    for (PayoutTx& tx : batch.txs) {
        const auto standing = wallet_.standing(tx.txid);
        if (!standing) return fail(standing.error());
        tx.standing = *standing;
    }
    for (PayoutWriteoff& each : batch.writeoffs) {
        const auto standing = wallet_.standing(each.spent_by);
        if (!standing) return fail(standing.error());
        each.standing = *standing;
    }
    return {};
}

// For people alone: nothing is decided by it, and no payment waits for it.
Result<void> PayoutWorker::tell_depth(const PayoutBatch& batch)
{
    std::uint32_t depth = 0;
    for (const PayoutTx& tx : batch.txs) {
        const bool there = tx.standing.place == pool::TxStanding::Place::in_chain;
        if (there && tx.purpose != TxPurpose::cancel) depth = std::max(depth, tx.standing.depth);
    }
    const auto told = told_depths_.find(batch.id);
    if (told != told_depths_.end() && told->second == depth) return {};
    auto done = fenced("", [&] { return write_confirmations(db_, batch.id, depth); });
    if (!done && !lease_.held()) return done;  // somebody else goes on
    told_depths_[batch.id] = depth;
    if (!done) {
        pool::log::warn("payout_depth_not_written",
                        {{"payout", batch.id}, {"reason", done.error().detail}});
    }
    return {};
}

std::string PayoutWorker::trouble(std::uint64_t id) const
{
    const auto found = trouble_.find(id);
    return found == trouble_.end() ? "" : found->second;
}

Result<unsigned> PayoutWorker::step(pool::Now now)
{
    const auto ids = open_batches(db_);
    if (!ids) return fail(ids.error());
    // Those that people have called off are nobody's trouble any more.
    std::erase_if(trouble_, [&ids](const auto& each) {
        return std::find(ids->begin(), ids->end(), each.first) == ids->end();
    });
    unsigned changed = 0;
    for (const std::uint64_t id : *ids) {
        const auto did = step_batch(id, now);
        if (!did && !db_.connected()) return fail(did.error());
        if (!did) {
            // The others go on.
            std::string& told = trouble_[id];
            if (told != did.error().detail) {
                pool::log::warn("payout_waiting", {{"payout", id}, {"reason", did.error().detail}});
            }
            told = did.error().detail;
            if (!lease_.held()) return changed;
            continue;
        }
        trouble_.erase(id);
        if (*did) ++changed;
    }
    return changed;
}

Result<bool> PayoutWorker::step_batch(std::uint64_t id, pool::Now now)
{
    if (auto connected = db_.connect(); !connected) return fail(connected.error());
    auto batch = read_batch(db_, id);
    if (!batch) return fail(batch.error());
    if (auto done = see(*batch); !done) return fail(done.error());
    if (auto told = tell_depth(*batch); !told) return fail(told.error());
    const auto held = stopped();
    if (!held) return fail(held.error());
    const BatchPlan next = plan(view_of(*batch, *held));
    if (next.alarm) {
        if (auto told = tell_alarm(*batch, now); !told) return fail(told.error());
    } else {
        alarmed_.erase(id);
    }
    Result<void> done;
    switch (next.step) {
        case BatchStep::wait:
            return false;
        case BatchStep::choose_anchor:
            done = choose_anchor(*batch, now);
            break;
        case BatchStep::build:
            done = build(*batch, next.purpose, now);
            if (!done && batch->bump_rate > 0) {
                if (auto sent = send_without_bump(*batch, *held, now); !sent) return sent;
            }
            break;
        case BatchStep::send:
            return send(*batch, batch->txs[next.attempt], now);
        case BatchStep::settle:
            done = end(*batch, batch->txs[next.attempt], BatchState::confirmed, now);
            break;
        case BatchStep::give_back:
            done = end(*batch, batch->txs[next.attempt], BatchState::cancelled, now);
            break;
        case BatchStep::close:
            done = fenced("close", [this, id] { return close_batch(db_, id); });
            if (done) told_depths_.erase(id);
            if (done) maker_.forget(id);
            break;
    }
    if (!done) return fail(done.error());
    return true;
}

// What is out is sent again, though the higher fee that is wanted cannot be paid.
Result<bool> PayoutWorker::send_without_bump(const PayoutBatch& batch, bool held, pool::Now now)
{
    BatchView view = view_of(batch, held);
    view.bump_wanted = false;
    const BatchPlan next = plan(view);
    if (next.step != BatchStep::send) return false;
    return send(batch, batch.txs[next.attempt], now);
}

Result<void> PayoutWorker::choose_anchor(const PayoutBatch& batch, pool::Now now)
{
    if (auto may = may_leave(); !may) return may;
    if (auto good = check_approval(batch); !good) return good;
    const auto busy = busy_coins(batch.id);
    if (!busy) return fail(busy.error());
    const auto coins = wallet_.coins();
    if (!coins) return fail(coins.error());
    const pool::Coin* best = nullptr;
    for (const pool::Coin& coin : *coins) {
        if (busy->contains(coin.at) || coin.confirmations < final_depth) continue;
        // The largest: a cancel pays its fee out of it.
        if (best == nullptr || std::tie(best->value, coin.at) < std::tie(coin.value, best->at)) {
            best = &coin;
        }
    }
    if (best == nullptr) {
        return fail(Error::Code::unavailable, "the wallet has no free coin of six confirmations");
    }
    const pool::OutPoint anchor = best->at;
    return fenced("anchor", [&]() -> Result<void> {
        // From here on it is paid: what has happened since it was drafted counts now.
        if (auto good = still_payable(db_, batch.items, options_.chain); !good) return good;
        const auto gone = leaving_since(db_, pool::UnixMillis{now.wall.value - day_ms});
        if (auto room = check_day(gone, batch.total, options_.caps.day_max); !room) return room;
        // However high its fee is raised, it must fit into the books when it is settled.
        const auto beyond = wallet_beyond_payouts(db_, false);
        if (!beyond) return fail(beyond.error());
        if (*beyond < batch.total + batch.fee_max) {
            return fail(Error::Code::unavailable,
                        "the books hold " + std::to_string(beyond->value) +
                            " sat in the wallet beyond other payouts, and this one may take " +
                            std::to_string((batch.total + batch.fee_max).value) +
                            " with its fee: wait for coinbases to mature, or book money of the "
                            "pool's own (bookcoins in, pool:reserve)");
        }
        return set_anchor(db_, batch.id, anchor);
    });
}

Result<void> PayoutWorker::build(const PayoutBatch& batch, TxPurpose purpose, pool::Now now)
{
    if (auto good = check_approval(batch); !good && purpose != TxPurpose::cancel) return good;
    const auto usual = fee_rate();
    if (!usual) return fail(usual.error());
    const auto busy = busy_coins(batch.id);
    if (!busy) return fail(busy.error());
    // What a person wants was weighed against the payout's cap; what the node thinks was not.
    const std::uint32_t rate = batch.bump_rate > 0 ? batch.bump_rate : *usual;
    const auto tx = maker_.make(batch, purpose, rate, *busy);
    if (!tx) return fail(tx.error());
    at("signed_" + std::string{to_string(purpose)});
    const bool sendable = !tx->raw.empty() && purpose != TxPurpose::cancel;
    auto done = fenced("store_" + std::string{to_string(purpose)}, [&]() -> Result<void> {
        if (auto put = insert_tx(db_, batch.id, *tx, now.wall); !put) return put;
        if (auto bumped = want_bump(db_, batch.id, 0); !bumped) return bumped;
        return move_batch(db_, batch.id, batch.state, sendable ? BatchState::ready : batch.state);
    });
    if (!done) return done;
    pool::log::info("payout_built", {{"payout", batch.id},
                                     {"purpose", to_string(purpose)},
                                     {"txid", pool::to_display_hex(tx->txid)},
                                     {"fee_sat", tx->fee.value}});
    return {};
}

// Whether it may be sent is decided, and written down, in one transaction before: nobody is put on
// hold or changes his address between the look and the note of it. Killed after it, the worker
// finds what no wallet has seen, and looks again.
Result<void> PayoutWorker::let_go(const PayoutBatch& batch, const PayoutTx& tx, bool unseen,
                                  pool::Now now)
{
    if (auto may = may_leave(); unseen && !may) return may;
    const auto refusal = wallet_.why_not_taken(tx.raw);
    if (!refusal) return fail(refusal.error());
    if (!refusal->empty()) {
        const bool spent = refusal->find("missing") != std::string::npos;
        return fail(Error::Code::refused,
                    "the node would not take its transaction (" + *refusal + "): " +
                        (spent ? "something has spent a coin of it, see writeoffpayout"
                               : "bumppayout, or cancelpayout"));
    }
    // Outside of the books too, anchor and all, before anybody can see it.
    if (auto followed = follow_books(now); !followed) return followed;
    if (!books_trouble_.empty()) return fail(Error::Code::refused, books_trouble_);
    at("marked");
    return fenced("broadcast", [&]() -> Result<void> {
        if (auto locked = lock_controls(db_); !locked) return locked;
        const auto held = read_control(db_, "payouts");
        if (!held) return fail(held.error());
        if (held->has_value()) return fail(Error::Code::refused, "payouts are stopped");
        // It may have waited for days: for signatures, or for a node that takes it. A bump of what
        // has left pays nobody anything more, and keeps it from waiting for ever.
        if (unseen) {
            if (auto good = still_payable(db_, batch.items, options_.chain); !good) return good;
            const auto gone =
                others_left_since(db_, batch.id, pool::UnixMillis{now.wall.value - day_ms});
            if (auto room = check_day(gone, batch.total, options_.caps.day_max); !room) return room;
            if (auto noted = note_left(db_, batch.id, now.wall); !noted) return noted;
        }
        return move_batch(db_, batch.id, batch.state, BatchState::broadcast);
    });
}

Result<bool> PayoutWorker::send(const PayoutBatch& batch, const PayoutTx& tx, pool::Now now)
{
    if (tx.standing.place == pool::TxStanding::Place::conflicted) {
        return fail(Error::Code::refused,
                    "something else has spent a coin of its transaction, and is " +
                        std::to_string(tx.standing.depth) +
                        " blocks deep; was it the anchor, see writeoffpayout");
    }
    const bool unseen = std::all_of(batch.txs.begin(), batch.txs.end(), [](const PayoutTx& each) {
        return each.standing.place == pool::TxStanding::Place::unknown;
    });
    const bool first =
        batch.state == BatchState::ready || (batch.state == BatchState::broadcast && unseen);
    const auto last = sent_.find(batch.id);
    const bool lately = last != sent_.end() && now.steady - last->second < options_.resend;
    if (lately && batch.state != BatchState::ready) return false;
    if (first) {
        if (auto may = let_go(batch, tx, unseen, now); !may) return fail(may.error());
    }
    sent_[batch.id] = now.steady;
    if (auto sent = wallet_.send(tx.raw); !sent) return fail(sent.error());
    at("sent_" + std::string{to_string(tx.purpose)});
    if (!first) return false;
    pool::log::info("payout_sent", {{"payout", batch.id}, {"txid", pool::to_display_hex(tx.txid)}});
    return batch.state == BatchState::ready;
}

Result<void> PayoutWorker::agreed(const pool::TxId& txid)
{
    if (options_.nodes_agree <= 1) return {};
    const auto nodes = wallet_.nodes_with(txid, final_depth);
    if (!nodes) return fail(nodes.error());
    if (*nodes >= options_.nodes_agree) return {};
    return fail(Error::Code::unavailable,
                std::to_string(*nodes) + " of " + std::to_string(options_.nodes_agree) +
                    " nodes (work.nodes_agree) have its transaction six blocks deep");
}

Result<void> PayoutWorker::end(const PayoutBatch& batch, const PayoutTx& tx, BatchState to,
                               pool::Now now)
{
    if (auto enough = agreed(tx.txid); !enough) return enough;
    const LedgerEvent event = closing_event(batch, tx, now.wall);
    auto done = fenced(event.kind, [&]() -> Result<void> {
        if (auto moved = move_batch(db_, batch.id, batch.state, to); !moved) return moved;
        // Whoever signs elsewhere may send as well; so may an older zubrd, which notes nothing.
        if (to == BatchState::confirmed) {
            if (auto noted = note_left_by_now(db_, batch.id, now.wall); !noted) return noted;
        }
        return post(db_, event);
    });
    if (!done) return done;
    pool::log::info(to == BatchState::confirmed ? "payout_confirmed" : "payout_cancelled",
                    {{"payout", batch.id}, {"txid", pool::to_display_hex(tx.txid)}});
    return {};
}

}  // namespace payouts
