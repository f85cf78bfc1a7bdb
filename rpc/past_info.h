#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pool/base/time.h"
#include "pool/base/types.h"
#include "rpc/cursor.h"
#include "rpc/history_span.h"

/// What the books tell of the past, for pages and admins. Plain values.
namespace rpc {

/// A stretch of time.
struct HistoryStep {
    std::uint64_t from_s = 0;  ///< seconds since 1970
    double hashrate = 0;
    std::uint64_t shares = 0;  ///< accepted
    std::uint64_t stale = 0;
};
struct HistoryInfo {
    std::uint64_t step_s = 0;
    std::vector<HistoryStep> steps;  ///< oldest first, without a gap; the last one is under way
};
/// Whose history: of the pool when all is empty, of an account, of one worker or one site of it.
struct HistoryQuestion {
    std::string account;
    std::string worker{};
    std::string site{};
    HistorySpan span{};
};

/// What a site did in the last 24 hours.
struct SiteInfo {
    std::string site;
    double hashrate = 0;
    std::uint64_t shares = 0;  ///< accepted
    std::uint64_t stale = 0;
};

/// What an account got of one block.
struct EarningInfo {
    pool::Height height;
    std::string hash;
    pool::UnixMillis found_at;
    std::string state;
    pool::Sats gross;
    pool::Sats fee;
    pool::Sats net;
};

/// An account's part of the payout window (docs/money.md), from sealed slots, with the reward of
/// the block that is being mined, its fee taken off.
struct WindowInfo {
    double part = 0;        ///< of the window's N: what the next block pays it, of the whole
    double filled = 0;      ///< how much of N there is yet: 1 once the pool is old enough
    pool::Sats next_block;  ///< what a block found now would pay it
    /// Earned, still in the window: what future blocks are expected to pay for work done already.
    pool::Sats to_come;
    std::uint32_t fee_bps = 0;
};

/// One node's word on a block of ours.
struct BlockAnswerInfo {
    std::string node;
    pool::UnixMillis at;
    std::string outcome;
    std::string reason;
    std::uint64_t took_ms = 0;
};

/// A payout that is on its way or over, without whom it pays.
struct PayoutInfo {
    std::uint64_t id = 0;
    std::string state;  ///< "approved", "built", "signed", "broadcast", "confirmed"
    pool::UnixMillis at;
    std::string txid;  ///< as people are shown it; "" before it is broadcast
    pool::Sats total;
    std::optional<pool::Sats> fee;
    std::uint64_t recipients = 0;
    std::uint32_t confirmations = 0;  ///< counted to a hundred
};

/// What a payout pays an account at one address.
struct PaidInfo {
    PayoutInfo payout;
    std::uint64_t line = 0;  ///< of the payout
    std::string address;
    pool::Sats amount;     ///< taken from the account
    pool::Sats fee_share;  ///< of that, at most, for the network's fee
};

}  // namespace rpc
