#include "payouts/payout_service.h"

#include <algorithm>
#include <utility>

#include "payouts/mysql_adjustments.h"
#include "payouts/mysql_payable.h"
#include "payouts/mysql_payouts.h"
#include "payouts/mysql_slots.h"
#include "payouts/payout_approval.h"
#include "payouts/payout_drafts.h"
#include "payouts/payout_funds.h"
#include "payouts/payout_hold.h"
#include "payouts/payout_maker.h"
#include "payouts/payout_schedule.h"
#include "payouts/payout_worker.h"
#include "payouts/payout_writeoff.h"
#include "pool/base/log.h"

namespace payouts {

using pool::Error;
using pool::fail;
using pool::Result;
using pool::Sats;

struct Payouts::Impl {
    PayoutOptions options;
    std::unique_ptr<pool::Wallet> wallet;
    MysqlConnection db;
    Lease lease;
    PayoutWorker worker;
    PayoutDrafts drafts;
    PayoutSchedule schedule;
    PayoutHold hold;
    PayoutWriteoffs writeoffs;
    PayoutFunds funds;

    Impl(PayoutOptions o, std::unique_ptr<pool::Wallet> w)
        : options(std::move(o)),
          wallet(std::move(w)),
          db(options.mysql),
          lease(db, "payouts", options.holder, options.lease),
          worker(db, lease, *wallet, options),
          drafts(db, worker, *wallet, options),
          schedule(db, worker, drafts, options),
          hold(db, worker, options),
          writeoffs(db, worker, *wallet),
          funds(db, worker, *wallet, options)
    {
    }

    /// Holds the lease; tells by what time to act.
    Result<pool::Now> own(pool::Now now);
    Result<pool::Now> believed(pool::Now now);
    Result<PayoutBatch> show(std::uint64_t id);
};

namespace {

tl::unexpected<Error> wrong_state(const PayoutBatch& batch, std::string_view wanted)
{
    return fail(Error::Code::conflict, "payout " + std::to_string(batch.id) + " is " +
                                           std::string{to_string(batch.state)} + ", not " +
                                           std::string{wanted});
}

/// Whether what was sent could pay so much more: it is as large as its replacement, or smaller.
Result<void> check_bump(const PayoutBatch& batch, std::uint32_t fee_rate, const PayoutCaps& caps)
{
    const bool cancels = batch.state == BatchState::cancelling;
    const auto newest =
        std::find_if(batch.txs.rbegin(), batch.txs.rend(), [cancels](const PayoutTx& tx) {
            return !tx.raw.empty() && (tx.purpose == TxPurpose::cancel) == cancels;
        });
    if (newest == batch.txs.rend()) return {};
    const auto tx = pool::parse_transaction(newest->raw);
    if (!tx) return fail(tx.error());
    const std::uint64_t fee = vbytes_of(*tx) * fee_rate;
    const Sats most = cancels ? caps.fee_max : batch.fee_max;
    if (fee <= static_cast<std::uint64_t>(most.value)) return {};
    return fail(Error::Code::invalid,
                "at " + std::to_string(fee_rate) +
                    " sat a virtual byte its transaction would pay " + std::to_string(fee) +
                    " sat to the network, above its cap of " + std::to_string(most.value) +
                    " sat (payouts.fee_max_sat)");
}

}  // namespace

Payouts::Payouts(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Payouts::~Payouts() = default;

Result<std::unique_ptr<Payouts>> Payouts::open(PayoutOptions options,
                                               std::unique_ptr<pool::Wallet> wallet)
{
    auto impl = std::make_unique<Impl>(std::move(options), std::move(wallet));
    if (auto connected = impl->db.connect(); !connected) return fail(connected.error());
    return std::unique_ptr<Payouts>{new Payouts{std::move(impl)}};
}

Result<pool::Now> Payouts::Impl::own(pool::Now now)
{
    if (auto connected = db.connect(); !connected) return fail(connected.error());
    const auto ours = lease.keep(now.steady);
    if (!ours) return fail(ours.error());
    if (*ours) return believed(now);
    return fail(Error::Code::unavailable, "another server makes the payouts now: ask that one");
}

// A clock that has jumped ahead ends no day of a cap and begins no turn of the schedule: sealing
// does not believe it either.
Result<pool::Now> Payouts::Impl::believed(pool::Now now)
{
    const auto server = server_clock(db);
    if (!server) return fail(server.error());
    now.wall = std::min(now.wall, *server);
    return now;
}

Result<PayoutBatch> Payouts::Impl::show(std::uint64_t id)
{
    if (auto connected = db.connect(); !connected) return fail(connected.error());
    auto batch = read_batch(db, id);
    if (!batch) return fail(batch.error());
    // Without the wallet it is shown all the same, without where its transactions stand.
    if (auto seen = worker.see(*batch); !seen) batch->trouble = seen.error().detail;
    if (const std::string why = worker.trouble(id); !why.empty()) batch->trouble = why;
    return batch;
}

Result<PayoutReport> Payouts::step(pool::Now clock)
{
    PayoutReport report;
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    const auto believed = impl_->believed(clock);
    if (!believed) return fail(believed.error());
    const pool::Now now = *believed;
    if (auto followed = impl_->worker.follow_books(now); !followed) return fail(followed.error());
    const auto active = impl_->lease.keep(now.steady);
    if (!active) return fail(active.error());
    report.active = *active;
    if (*active) {
        // Before anything may leave.
        if (auto looked = impl_->funds.look(now); !looked) return fail(looked.error());
        report.funds = impl_->funds.told();
    }
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    auto held = impl_->hold.read();
    if (!held) return fail(held.error());
    report.hold = std::move(*held);
    const auto overdue = impl_->schedule.overdue(now.wall);
    if (!overdue) return fail(overdue.error());
    report.overdue = *overdue;
    if (!*active) return report;
    report.paused = impl_->worker.paused();
    if (!report.hold.stopped) {
        if (auto done = impl_->schedule.step(now); !done) return fail(done.error());
        if (auto done = impl_->drafts.renew(now); !done) return fail(done.error());
    }
    const auto changed = impl_->worker.step(now);
    if (!changed) return fail(changed.error());
    report.changed = *changed;
    report.waiting = impl_->worker.waiting();
    return report;
}

Result<PayoutBatch> Payouts::create(const std::string& request_id, const std::string& who, bool dry,
                                    pool::Now now)
{
    for (const std::string_view own : {renewed_prefix, scheduled_prefix}) {
        if (!request_id.starts_with(own)) continue;
        return fail(Error::Code::invalid, "request_id: names that begin with \"" +
                                              std::string{own} + "\" are the pool's own");
    }
    const auto ours = impl_->own(now);
    if (!ours) return fail(ours.error());
    return impl_->drafts.create(request_id, who, dry, *ours);
}

Result<std::vector<PayoutBatch>> Payouts::list(std::uint32_t limit)
{
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    auto batches = list_batches(impl_->db, limit);
    if (!batches) return batches;
    for (PayoutBatch& batch : *batches) batch.trouble = impl_->worker.trouble(batch.id);
    return batches;
}

Result<PayoutBatch> Payouts::get(std::uint64_t id) { return impl_->show(id); }

Result<PayoutBatch> Payouts::approve(std::uint64_t id, std::string_view digest_hex,
                                     const std::string& who, pool::Now now)
{
    if (auto ours = impl_->own(now); !ours) return fail(ours.error());
    auto& db = impl_->db;
    auto done = impl_->worker.fenced("approve", [&]() -> Result<void> {
        auto batch = read_batch(db, id);
        if (!batch) return fail(batch.error());
        if (batch->state != BatchState::draft) return wrong_state(*batch, "a draft");
        if (pool::to_hex(batch->digest) != digest_hex) {
            return fail(Error::Code::invalid, "that is not the digest of payout " +
                                                  std::to_string(id) +
                                                  ": look at it with getpayout");
        }
        if (batch->created_by == who) {
            return fail(Error::Code::refused, "whoever creates a payout cannot approve it");
        }
        const PayoutApproval approval{who, batch->digest, now.wall};
        const bool again = std::any_of(batch->approvals.begin(), batch->approvals.end(),
                                       [&who](const auto& each) { return each.admin == who; });
        if (again) return fail(Error::Code::conflict, "you have approved it already");
        if (auto put = insert_approval(db, id, approval); !put) return put;
        batch->approvals.push_back(approval);
        if (batch->approvals.size() < approvals_needed(*batch)) return {};
        if (auto good = check_approval(*batch); !good) return good;
        if (auto good = still_payable(db, batch->items, impl_->options.chain); !good) return good;
        return move_batch(db, id, BatchState::draft, BatchState::approved);
    });
    if (!done) return fail(done.error());
    pool::log::info("payout_approved", {{"payout", id}, {"user", who}});
    return impl_->show(id);
}

Result<std::string> Payouts::export_psbt(std::uint64_t id)
{
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    const auto batch = read_batch(impl_->db, id);
    if (!batch) return fail(batch.error());
    if (batch->txs.empty() || !batch->txs.back().raw.empty()) {
        return fail(Error::Code::conflict,
                    "no transaction of payout " + std::to_string(id) + " waits for signatures");
    }
    return batch->txs.back().psbt;
}

Result<PayoutBatch> Payouts::import_psbt(std::uint64_t id, const std::string& psbt)
{
    if (auto ours = impl_->own(pool::read_clock()); !ours) return fail(ours.error());
    auto& db = impl_->db;
    const auto batch = read_batch(db, id);
    if (!batch) return fail(batch.error());
    if (batch->txs.empty() || !batch->txs.back().raw.empty()) {
        return fail(Error::Code::conflict,
                    "no transaction of payout " + std::to_string(id) + " waits for signatures");
    }
    PayoutMaker maker{*impl_->wallet, impl_->options.chain, impl_->options.caps};
    const auto tx = maker.take_signed(batch->txs.back(), psbt);
    if (!tx) return fail(tx.error());
    const bool cancels = tx->purpose == TxPurpose::cancel;
    if (!cancels) {
        if (auto good = check_approval(*batch); !good) return fail(good.error());
        // Cancelled while it was being signed: only the cancel's transaction is taken.
        const bool awaited = batch->state == BatchState::built ||
                             batch->state == BatchState::ready ||
                             batch->state == BatchState::broadcast;
        if (!awaited) return wrong_state(*batch, "waiting for signatures");
    }
    auto done = impl_->worker.fenced("import", [&]() -> Result<void> {
        if (auto put = complete_tx(db, id, *tx); !put) return put;
        return move_batch(db, id, batch->state, cancels ? batch->state : BatchState::ready);
    });
    if (!done) return fail(done.error());
    return impl_->show(id);
}

Result<PayoutBatch> Payouts::bump(std::uint64_t id, std::uint32_t fee_rate)
{
    if (auto ours = impl_->own(pool::read_clock()); !ours) return fail(ours.error());
    if (fee_rate < 1 || fee_rate > impl_->options.caps.fee_rate_max) {
        return fail(Error::Code::invalid, "the fee must be 1 to " +
                                              std::to_string(impl_->options.caps.fee_rate_max) +
                                              " sat a virtual byte (payouts.fee_rate_max)");
    }
    auto done = impl_->worker.fenced("bump", [&]() -> Result<void> {
        const auto batch = read_batch(impl_->db, id);
        if (!batch) return fail(batch.error());
        const bool whole = batch->state == BatchState::ready ||
                           batch->state == BatchState::broadcast ||
                           batch->state == BatchState::cancelling;
        if (!whole) return wrong_state(*batch, "signed or broadcast");
        if (auto fits = check_bump(*batch, fee_rate, impl_->options.caps); !fits) return fits;
        return want_bump(impl_->db, id, fee_rate);
    });
    if (!done) return fail(done.error());
    return impl_->show(id);
}

Result<PayoutBatch> Payouts::cancel(std::uint64_t id, const std::string& who, pool::Now now)
{
    if (auto ours = impl_->own(now); !ours) return fail(ours.error());
    auto& db = impl_->db;
    auto done = impl_->worker.fenced("want_cancel", [&]() -> Result<void> {
        const auto batch = read_batch(db, id);
        if (!batch) return fail(batch.error());
        switch (batch->state) {
            case BatchState::draft:
            case BatchState::approved:
                return impl_->drafts.give_up(*batch, who, now);
            case BatchState::built:
            case BatchState::ready:
            case BatchState::broadcast:
                return move_batch(db, id, batch->state, BatchState::cancelling);
            case BatchState::cancelling:
            case BatchState::cancelled:
                return {};
            case BatchState::confirmed:
                return wrong_state(*batch, "on its way");
        }
        return {};
    });
    if (!done) return fail(done.error());
    pool::log::warn("payout_cancel_asked", {{"payout", id}, {"user", who}});
    return impl_->show(id);
}

Result<PayoutBatch> Payouts::write_off(std::uint64_t id, const pool::TxId& spent_by,
                                       const std::string& who, pool::Now now)
{
    if (auto ours = impl_->own(now); !ours) return fail(ours.error());
    if (auto said = impl_->writeoffs.say(id, spent_by, who, now); !said) return fail(said.error());
    return impl_->show(id);
}

Result<HoldState> Payouts::hold()
{
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    return impl_->hold.read();
}

Result<HoldState> Payouts::stop(const std::string& who, const std::string& reason, pool::Now now)
{
    return impl_->hold.stop(who, reason, now);
}

Result<HoldState> Payouts::release(const std::string& who, bool adopt_books, pool::Now now)
{
    // The wallet away, or behind: whoever pays looks before he does.
    const auto check = impl_->funds.compare();
    const bool sure = check && !check->behind();
    auto state = impl_->hold.release({who, adopt_books, sure ? check->lacking() : Sats{}}, now);
    impl_->funds.look_soon();  // what is right again is paid from again at once
    return state;
}

Result<FundsCheck> Payouts::compare() { return impl_->funds.compare(); }

Result<CoinEntry> Payouts::ask_coins(const CoinWish& wish, const std::string& who, pool::Now now)
{
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    return payouts::ask_coins(impl_->db, wish, who, now.wall);
}

Result<CoinEntry> Payouts::approve_coins(std::uint64_t id, const std::string& who, pool::Now now)
{
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    auto entry = payouts::approve_coins(impl_->db, id, who, now.wall);
    if (!entry) return entry;
    pool::log::warn("coins_booked", {{"number", id},
                                     {"user", who},
                                     {"asked_by", entry->asked_by},
                                     {"in", entry->wish.in},
                                     {"whose", entry->wish.whose},
                                     {"sat", entry->wish.amount.value}});
    return entry;
}

Result<std::vector<CoinEntry>> Payouts::list_coins(std::uint32_t limit)
{
    if (auto connected = impl_->db.connect(); !connected) return fail(connected.error());
    return payouts::list_coins(impl_->db, limit);
}

}  // namespace payouts
