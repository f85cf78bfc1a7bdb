#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_lease.h"
#include "payouts/mysql_payout_mark.h"
#include "payouts/payout_batch.h"
#include "payouts/payout_maker.h"
#include "payouts/payout_options.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/node/wallet.h"

namespace payouts {

/// Takes approved batches through their lives: each step is one transaction of MySQL, or one call
/// of the wallet that may be repeated. So it may be killed anywhere. A wallet may take longer to
/// answer than the database keeps a silent session (MysqlOptions::silence): whatever comes after
/// its calls connects first. Blocking; one thread.
class PayoutWorker {
public:
    PayoutWorker(MysqlConnection& db, Lease& lease, pool::Wallet& wallet,
                 const PayoutOptions& options)
        : db_(db),
          lease_(lease),
          wallet_(wallet),
          options_(options),
          maker_(wallet, options.chain, options.caps),
          mark_(options.mark_file)
    {
    }

    /// Compares the books with what this server has paid from, and holds payouts when they differ:
    /// another backup was restored. Adopts them once two people have released that hold, here or
    /// on another server. Errors: unavailable, when MySQL or the disk fails.
    pool::Result<void> follow_books(pool::Now now);
    /// How the books differ; "" when they do not.
    const std::string& books_trouble() const { return books_trouble_; }
    /// People have looked: what the books hold now is what is paid from.
    pool::Result<void> adopt_books();

    /// One step of every batch that has one to take. The lease must be held.
    /// Errors: unavailable, when MySQL is lost; what befalls one batch is told by trouble().
    pool::Result<unsigned> step(pool::Now now);

    /// Runs `work` in a transaction that holds the lease, and commits it. name: of the points
    /// before and after it (PayoutOptions::on_point); "": no money moves, and none is named.
    pool::Result<void> fenced(std::string_view name,
                              const std::function<pool::Result<void>()>& work);
    /// Coins that batches other than `id` have used or may use.
    pool::Result<std::set<pool::OutPoint>> busy_coins(std::uint64_t id);
    pool::Result<bool> stopped();
    /// hold_payouts in a transaction of its own, with a line in the log and a row in the audit. Not
    /// fenced, alone of all that payouts write: a hold takes nothing from anybody, one server sees
    /// trouble that the others' files know nothing of, and whoever has slept through his lease is
    /// to say all the same that the wallet lacks something. Two people release it.
    pool::Result<void> hold_now(const std::string& why, pool::Now now);
    /// No payment leaves for the first time while there is a reason; what has left goes on. The
    /// reason is told of each payout that waits. Empty: none.
    void pause(std::string why) { paused_ = std::move(why); }
    const std::string& paused() const { return paused_; }
    /// Errors: unavailable, while fewer nodes than must (work.nodes_agree) have it six deep.
    pool::Result<void> agreed(const pool::TxId& txid);
    pool::Result<void> see(PayoutBatch& batch);  ///< asks where its transactions stand
    pool::Result<void> tell_depth(const PayoutBatch& batch);
    std::string trouble(std::uint64_t id) const;
    std::size_t waiting() const { return trouble_.size(); }  ///< that have any, at the last step
    /// Satoshi a virtual byte that a payout would pay now; within the cap.
    pool::Result<std::uint32_t> fee_rate();

private:
    pool::Result<void> hold_for_trouble(pool::Now now);
    pool::Result<void> may_leave() const;
    pool::Result<void> tell_alarm(const PayoutBatch& batch, pool::Now now);
    pool::Result<bool> step_batch(std::uint64_t id, pool::Now now);
    pool::Result<bool> send_without_bump(const PayoutBatch& batch, bool held, pool::Now now);
    pool::Result<void> choose_anchor(const PayoutBatch& batch, pool::Now now);
    pool::Result<void> build(const PayoutBatch& batch, TxPurpose purpose, pool::Now now);
    pool::Result<void> let_go(const PayoutBatch& batch, const PayoutTx& tx, bool unseen,
                              pool::Now now);
    pool::Result<bool> send(const PayoutBatch& batch, const PayoutTx& tx, pool::Now now);
    pool::Result<void> end(const PayoutBatch& batch, const PayoutTx& tx, BatchState to,
                           pool::Now now);
    void at(std::string_view point) const;

    MysqlConnection& db_;
    Lease& lease_;
    pool::Wallet& wallet_;
    const PayoutOptions& options_;
    PayoutMaker maker_;
    PayoutMark mark_;
    std::string books_trouble_;
    std::string told_trouble_;     // payouts are held for it
    pool::UnixMillis told_since_;  // by the hold of then: see BooksHold
    std::string paused_;
    std::map<std::uint64_t, std::string> trouble_;
    std::map<std::uint64_t, pool::SteadyTime> sent_;
    std::set<std::uint64_t> alarmed_;                     // told already
    std::map<std::uint64_t, std::uint32_t> told_depths_;  // of those not closed
};

}  // namespace payouts
