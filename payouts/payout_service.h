#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/coin_entry.h"
#include "payouts/funds_check.h"
#include "payouts/funds_watch.h"
#include "payouts/hold_state.h"
#include "payouts/payout_batch.h"
#include "payouts/payout_options.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/node/wallet.h"

namespace payouts {

struct PayoutReport {
    bool active = false;      ///< this process has the lease
    HoldState hold;           ///< the hold switch
    unsigned changed = 0;     ///< batches that took a step: step again at once
    FundsSeen funds;          ///< of who has the lease: see FundsWatch
    std::string paused{};     ///< why no payment leaves for the first time; "" when nothing hinders
    std::size_t waiting = 0;  ///< payouts that cannot take their next step: see getpayout's trouble
    /// Since everyone should have been drafted and was not; 0 while the schedule is kept.
    std::chrono::milliseconds overdue{0};
};

/// Paying out: drafts, approvals, and the worker that carries approved batches through.
///
/// Blocking; one thread. Several servers may have one each on one database: who holds the lease
/// "payouts" acts, and only he changes anything (docs/money.md, "Paying out").
///
/// Errors of all calls: unavailable, when MySQL or the wallet is lost, or another server has the
/// lease; refused, invalid, conflict, not_found as sentences for whoever called.
class Payouts {
public:
    /// The schema must be there.
    static pool::Result<std::unique_ptr<Payouts>> open(PayoutOptions options,
                                                       std::unique_ptr<pool::Wallet> wallet);
    ~Payouts();
    Payouts(const Payouts&) = delete;
    Payouts& operator=(const Payouts&) = delete;

    /// One round: takes or keeps the lease, compares books and wallet when that is due, makes a
    /// draft of the schedule, moves batches on.
    pool::Result<PayoutReport> step(pool::Now now);

    /// A draft of all who can be paid now: their money is reserved. dry: only tells what it would
    /// be (id 0). request_id: asked again with the same one, the same batch is the answer. Errors
    /// besides: invalid, when that is a name of the pool's own; not_found, when there is nobody to
    /// pay; unavailable, when they wait for coins or under a cap; refused, when payouts are
    /// stopped.
    pool::Result<PayoutBatch> create(const std::string& request_id, const std::string& who,
                                     bool dry, pool::Now now);
    pool::Result<std::vector<PayoutBatch>> list(std::uint32_t limit);
    pool::Result<PayoutBatch> get(std::uint64_t id);
    /// digest: as getpayout showed it, so that nobody approves what he has not seen.
    pool::Result<PayoutBatch> approve(std::uint64_t id, std::string_view digest_hex,
                                      const std::string& who, pool::Now now);
    /// The PSBT that waits for signatures. Errors besides: conflict, when none does.
    pool::Result<std::string> export_psbt(std::uint64_t id);
    pool::Result<PayoutBatch> import_psbt(std::uint64_t id, const std::string& psbt);
    /// fee_rate: satoshi a virtual byte; at least what nodes want for a replacement is paid.
    pool::Result<PayoutBatch> bump(std::uint64_t id, std::uint32_t fee_rate);
    /// At once when nothing was made for it yet; else when a spend of the anchor is final.
    pool::Result<PayoutBatch> cancel(std::uint64_t id, const std::string& who, pool::Now now);

    /// Says that `spent_by`, which is none of the payout's own transactions, has spent its anchor.
    /// When two people have, what was reserved returns to its owners, and payouts are held until
    /// the books say what that transaction has done. Errors besides: PayoutWriteoffs::say.
    pool::Result<PayoutBatch> write_off(std::uint64_t id, const pool::TxId& spent_by,
                                        const std::string& who, pool::Now now);

    pool::Result<HoldState> hold();
    pool::Result<HoldState> stop(const std::string& who, const std::string& reason, pool::Now now);
    /// Two different people must ask for it. adopt_books: they have compared the books with the
    /// wallet, and what the books hold now is right though this server has seen others.
    /// Errors besides: refused, when the books are others and they do not say so; when the wallet
    /// lacks what the books say, whatever they say: it is booked or brought first.
    pool::Result<HoldState> release(const std::string& who, bool adopt_books, pool::Now now);
    pool::Result<FundsCheck> compare();

    /// Coins that came or left without a block or payout; nothing moves before somebody else has
    /// approved it. Errors besides: not_found, for an account that nobody has.
    pool::Result<CoinEntry> ask_coins(const CoinWish& wish, const std::string& who, pool::Now now);
    pool::Result<CoinEntry> approve_coins(std::uint64_t id, const std::string& who, pool::Now now);
    pool::Result<std::vector<CoinEntry>> list_coins(std::uint32_t limit);

private:
    struct Impl;
    explicit Payouts(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace payouts
