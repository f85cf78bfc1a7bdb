#include "payouts/payout_drafts.h"

#include <set>
#include <utility>

#include "payouts/day.h"
#include "payouts/mysql_payable.h"
#include "payouts/mysql_payout_events.h"
#include "payouts/mysql_payouts.h"
#include "pool/base/log.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;
using pool::Sats;

// More than a batch can hold: the others need not be judged. Those that cannot be paid, which may
// be first in each turn, do not count.
constexpr std::size_t payees_max = 1000;

}  // namespace

Result<std::vector<Payee>> PayoutDrafts::look(pool::Now now, SelectionFrame& frame)
{
    auto transaction = Transaction::begin(db_);
    if (!transaction) return fail(transaction.error());
    const auto booked = wallet_beyond_payouts(db_, true);
    if (!booked) return fail(booked.error());
    frame.booked = *booked;
    return payees(db_, options_.chain, now.wall, options_.caps.minimum);
}

Result<SelectionFrame> PayoutDrafts::frame(pool::Now now)
{
    SelectionFrame frame;
    frame.caps = options_.caps;
    frame.fee_payer = options_.fee_payer;
    const auto rate = worker_.fee_rate();
    if (!rate) return fail(rate.error());
    frame.fee_rate = *rate;
    const auto coins = wallet_.coins();
    if (!coins) return fail(coins.error());
    const auto busy = worker_.busy_coins(0);
    if (!busy) return fail(busy.error());
    for (const pool::Coin& coin : *coins) {
        const bool settled = coin.confirmations >= final_depth;
        if (settled && !busy->contains(coin.at)) frame.coins.push_back(coin.value);
    }
    if (auto connected = db_.connect(); !connected) return fail(connected.error());
    const auto paid = paid_since(db_, pool::UnixMillis{now.wall.value - day_ms});
    if (!paid) return fail(paid.error());
    frame.paid_today = *paid;
    return frame;
}

// One bad address must not hold up the others.
Result<void> PayoutDrafts::judge(Judged& judged)
{
    std::size_t payable = 0;
    for (const Payee& payee : judged.candidates) {
        if (!why_unpayable(payee, judged.frame).code.empty()) continue;
        for (const PayRoute& route : payee.routes) {
            if (auto done = judge(route.address, judged); !done) return done;
        }
        if (why_unpayable(payee, judged.frame).code.empty() && ++payable >= payees_max) break;
    }
    return {};
}

Result<void> PayoutDrafts::judge(const std::string& address, Judged& judged)
{
    if (!judged.addresses.insert(address).second) return {};
    const auto verdict = wallet_.judge(address);
    if (!verdict && verdict.error().code == Error::Code::unavailable) return fail(verdict.error());
    if (!verdict) {
        judged.frame.refused[address] = {"address_unanswered", verdict.error().detail};
    } else if (!verdict->valid) {
        judged.frame.refused[address] = {"address_unknown",
                                         "the node does not know such an address"};
    } else if (verdict->ours) {
        judged.frame.refused[address] = {"address_own", "the pool's own address"};
    }
    return {};
}

Result<PayoutDrafts::Judged> PayoutDrafts::look_around(const std::vector<PayoutItem>& items,
                                                       pool::Now now)
{
    Judged judged;
    auto around = frame(now);
    if (!around) return fail(around.error());
    judged.frame = std::move(*around);
    auto candidates = look(now, judged.frame);
    if (!candidates) return fail(candidates.error());
    judged.candidates = std::move(*candidates);
    if (auto done = judge(judged); !done) return fail(done.error());
    for (const PayoutItem& item : items) {
        if (auto done = judge(item.address, judged); !done) return fail(done.error());
    }
    return judged;
}

PayoutBatch PayoutDrafts::batch_of(Selection selection, const std::string& request_id,
                                   const std::string& who, pool::Now now) const
{
    PayoutBatch batch;
    batch.request_id = request_id;
    batch.offline = options_.offline;
    batch.fee_payer = options_.fee_payer;
    batch.total = selection.total;
    batch.fee_max = options_.caps.fee_max;
    batch.created_by = who;
    batch.created_at = now.wall;
    batch.items = std::move(selection.items);
    batch.passed_over = std::move(selection.passed_over);
    return batch;
}

Result<void> PayoutDrafts::reserve(PayoutBatch& batch)
{
    if (auto put = insert_batch(db_, batch); !put) return put;
    return post(db_, reserve_event(batch));
}

Result<PayoutBatch> PayoutDrafts::draft(Judged& judged, const std::string& request_id,
                                        const std::string& who, pool::Now now)
{
    const auto there = payees(db_, options_.chain, now.wall, options_.caps.minimum);
    if (!there) return fail(there.error());
    // Whoever has changed his address since the node was asked, or has only now earned his
    // minimum, waits for the next batch.
    for (const Payee& payee : *there) {
        for (const PayRoute& route : payee.routes) {
            if (judged.addresses.contains(route.address)) continue;
            judged.frame.refused.emplace(
                route.address,
                WhyNot{"address_unasked", "the node has not been asked about it yet"});
        }
    }
    PayoutBatch batch = batch_of(select(*there, judged.frame), request_id, who, now);
    if (batch.items.empty()) return batch;
    if (auto done = reserve(batch); !done) return fail(done.error());
    return batch;
}

std::string who_waits(const PayoutBatch& batch)
{
    for (const PassedOver& passed : batch.passed_over) {
        if (!passed.for_now) continue;
        return "nobody can be paid now; " + passed.name + " waits: " + passed.why.reason;
    }
    return "";
}

Result<PayoutBatch> PayoutDrafts::create(const std::string& request_id, const std::string& who,
                                         bool dry, pool::Now now)
{
    if (dry) {
        const auto judged = look_around({}, now);
        if (!judged) return fail(judged.error());
        return batch_of(select(judged->candidates, judged->frame), request_id, who, now);
    }
    auto made = try_draft(request_id, who, now);
    if (!made || !made->items.empty()) return made;
    if (auto waits = who_waits(*made); !waits.empty()) {
        return fail(Error::Code::unavailable, std::move(waits));
    }
    return fail(Error::Code::not_found,
                "there is nobody to pay; createpayout with dry_run tells why");
}

Result<PayoutBatch> PayoutDrafts::try_draft(const std::string& request_id, const std::string& who,
                                            pool::Now now)
{
    if (const auto known = find_request(db_, request_id); !known) {
        return fail(known.error());
    } else if (const std::optional<std::uint64_t>& id = *known; id) {
        return read_batch(db_, *id);
    }
    const auto held = worker_.stopped();
    if (!held) return fail(held.error());
    if (*held) return fail(Error::Code::refused, "payouts are stopped");
    auto judged = look_around({}, now);
    if (!judged) return fail(judged.error());

    PayoutBatch batch;
    bool nobody = false;
    auto done = worker_.fenced("reserve", [&]() -> Result<void> {
        // The books before the balances, as a block's credit locks them.
        const auto booked = wallet_beyond_payouts(db_, true);
        if (!booked) return fail(booked.error());
        judged->frame.booked = *booked;
        auto made = draft(*judged, request_id, who, now);
        if (!made) return fail(made.error());
        batch = std::move(*made);
        nobody = batch.items.empty();
        if (nobody) return fail(Error::Code::not_found, "there is nobody to pay");
        return {};
    });
    if (nobody) return batch;
    if (!done) return fail(done.error());
    pool::log::info("payout_created", {{"payout", batch.id},
                                       {"user", who},
                                       {"items", batch.items.size()},
                                       {"total_sat", batch.total.value}});
    return batch;
}

Result<void> PayoutDrafts::give_up(const PayoutBatch& batch, std::string_view who, pool::Now now)
{
    if (auto moved = move_batch(db_, batch.id, batch.state, BatchState::cancelled); !moved) {
        return moved;
    }
    return post(db_, give_up_event(batch, who, now.wall));
}

/// Why it may not be paid as it was approved; nothing when it may.
Result<std::optional<std::string>> PayoutDrafts::obstacle(const PayoutBatch& batch)
{
    auto transaction = Transaction::begin(db_);
    if (!transaction) return fail(transaction.error());
    const auto good = still_payable(db_, batch.items, options_.chain);
    if (good) return std::nullopt;
    if (good.error().code != Error::Code::refused) return fail(good.error());
    return good.error().detail;
}

Result<void> PayoutDrafts::renew(pool::Now now)
{
    const auto ids = unbuilt_batches(db_);
    if (!ids) return fail(ids.error());
    for (const std::uint64_t id : *ids) {
        const auto batch = read_batch(db_, id);
        if (!batch) return fail(batch.error());
        const auto found = obstacle(*batch);
        if (!found) return fail(found.error());
        const std::optional<std::string>& why = *found;
        if (!why) continue;
        auto done = draft_anew(*batch, *why, now);
        if (!done && !db_.connected()) return done;
        if (done || told_ == done.error().detail) continue;
        told_ = done.error().detail;  // it waits as it is, and the worker says why
        pool::log::warn("payout_not_drafted_anew", {{"payout", id}, {"reason", told_}});
    }
    return {};
}

Result<void> PayoutDrafts::draft_anew(const PayoutBatch& old, const std::string& why, pool::Now now)
{
    auto judged = look_around(old.items, now);
    if (!judged) return fail(judged.error());
    PayoutBatch made;
    auto done = worker_.fenced("renew", [&]() -> Result<void> {
        if (auto given = give_up(old, "zubrd", now); !given) return given;
        // As the books are without it.
        const auto booked = wallet_beyond_payouts(db_, true);
        if (!booked) return fail(booked.error());
        judged->frame.booked = *booked;
        const auto paid = paid_since(db_, pool::UnixMillis{now.wall.value - day_ms});
        if (!paid) return fail(paid.error());
        judged->frame.paid_today = *paid;
        auto anew = draft(*judged, std::string{renewed_prefix} + std::to_string(old.id),
                          old.created_by, now);
        if (!anew) return fail(anew.error());
        made = std::move(*anew);
        return {};
    });
    if (!done) return done;
    told_.clear();
    pool::log::warn(
        "payout_drafted_anew",
        {{"payout", old.id}, {"anew", made.id}, {"items", made.items.size()}, {"reason", why}});
    return {};
}

}  // namespace payouts
