#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/mysql_connection.h"
#include "payouts/payout_batch.h"
#include "pool/base/result.h"
#include "pool/base/time.h"

/// Payout batches in MySQL. What changes something is called inside a Transaction that has fenced
/// the lease "payouts".
namespace payouts {

/// Writes the batch and its items, digest included. Sets batch.id and batch.digest.
/// Errors besides: conflict, when the request was made before.
pool::Result<void> insert_batch(MysqlConnection& db, PayoutBatch& batch);

/// What batches pay that have left after `since`, or have their anchor and may leave any time.
pool::Result<pool::Sats> leaving_since(MysqlConnection& db, pool::UnixMillis since);
/// What batches other than `id` pay that have left after `since`.
pool::Result<pool::Sats> others_left_since(MysqlConnection& db, std::uint64_t id,
                                           pool::UnixMillis since);
/// A payment of the batch is let go now; of several times the last one counts.
pool::Result<void> note_left(MysqlConnection& db, std::uint64_t id, pool::UnixMillis now);
/// It has left by now, by whomever: no news where it is noted when.
pool::Result<void> note_left_by_now(MysqlConnection& db, std::uint64_t id, pool::UnixMillis now);
/// With items, approvals and transactions. Errors: not_found.
pool::Result<PayoutBatch> read_batch(MysqlConnection& db, std::uint64_t id);
pool::Result<std::optional<std::uint64_t>> find_request(MysqlConnection& db,
                                                        std::string_view request_id);
/// Newest first, without items, approvals and transactions.
pool::Result<std::vector<PayoutBatch>> list_batches(MysqlConnection& db, std::uint32_t limit);
/// Those with something left to do or to watch, oldest first; drafts are left out.
pool::Result<std::vector<std::uint64_t>> open_batches(MysqlConnection& db);
/// Drafts, and those that are approved and have no anchor yet, oldest first.
pool::Result<std::vector<std::uint64_t>> unbuilt_batches(MysqlConnection& db);

/// The 20 newest of those that ended in the chain.
pool::Result<std::vector<std::uint64_t>> ended_batches(MysqlConnection& db);

/// Errors: conflict, when it is in another state than `from` by now.
pool::Result<void> move_batch(MysqlConnection& db, std::uint64_t id, BatchState from,
                              BatchState to);
/// approved -> built. Errors: conflict; also when another batch has the anchor.
pool::Result<void> set_anchor(MysqlConnection& db, std::uint64_t id, const pool::OutPoint& anchor);
pool::Result<void> want_bump(MysqlConnection& db, std::uint64_t id, std::uint32_t rate);
pool::Result<void> close_batch(MysqlConnection& db, std::uint64_t id);
/// What people are shown of how deep the payment is.
pool::Result<void> write_confirmations(MysqlConnection& db, std::uint64_t id,
                                       std::uint32_t confirmations);

pool::Result<void> insert_approval(MysqlConnection& db, std::uint64_t id,
                                   const PayoutApproval& approval);
pool::Result<void> insert_tx(MysqlConnection& db, std::uint64_t id, const PayoutTx& tx,
                             pool::UnixMillis now);
/// The signed transaction of an attempt. Errors: conflict, when it has one.
pool::Result<void> complete_tx(MysqlConnection& db, std::uint64_t id, const PayoutTx& tx);

pool::Result<void> insert_writeoff(MysqlConnection& db, std::uint64_t id,
                                   const PayoutWriteoff& writeoff, pool::UnixMillis now);
/// Sets who has approved it. Errors: conflict, when somebody had.
pool::Result<void> approve_writeoff(MysqlConnection& db, std::uint64_t id,
                                    const PayoutWriteoff& writeoff, pool::UnixMillis now);

/// Of batches that have left since `since`, are about to, or were drafted since then.
pool::Result<pool::Sats> paid_since(MysqlConnection& db, pool::UnixMillis since);
/// What asset:wallet holds beyond all that payouts on their way may take out of it, fees of the
/// network included; less than 0 when it does not reach. drafts_too: those without an anchor count,
/// too. Nobody posts anything until the transaction ends.
pool::Result<pool::Sats> wallet_beyond_payouts(MysqlConnection& db, bool drafts_too);
pool::Result<std::optional<pool::UnixMillis>> newest_schedule(MysqlConnection& db);

/// Who set a switch, as long as it is on ("payouts": the hold; "release": who wants to lift it).
struct ControlRow {
    std::string value;
    std::string set_by;
};
pool::Result<std::optional<ControlRow>> read_control(MysqlConnection& db, std::string_view name);
/// Holds both rows until the transaction ends.
pool::Result<void> lock_controls(MysqlConnection& db);
pool::Result<void> write_control(MysqlConnection& db, std::string_view name, const ControlRow& row,
                                 pool::UnixMillis now);

/// What the books say that the node's wallet holds.
pool::Result<BookedFunds> booked_funds(MysqlConnection& db);

}  // namespace payouts
