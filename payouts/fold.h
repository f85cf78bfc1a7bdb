#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "payouts/site_rules.h"
#include "payouts/slot_tree.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"
#include "pool/share/record.h"

/// Folding share records into the sums that money is counted by. Pure.
namespace payouts {

/// Sums of one (slot, account, site).
struct Bucket {
    std::uint64_t shares = 0;  ///< accepted
    std::uint64_t stale = 0;   ///< right but for an older tip: no score
    std::uint64_t late = 0;    ///< of both: their own slot was sealed already
    pool::U128 work = 0;       ///< of accepted shares
    pool::U128 stale_work = 0;
    pool::U128 score = 0;  ///< units of 10^-18
    friend bool operator==(const Bucket&, const Bucket&) = default;
};

struct BucketKey {
    std::uint64_t slot = 0;
    pool::AccountId account;
    std::uint64_t site = main_site;
    friend auto operator<=>(const BucketKey&, const BucketKey&) = default;
};

/// A record's score is at most this (a billion blocks), so that sums stay below 10^38, MySQL's
/// widest integer. No share of a sane target comes near.
inline constexpr pool::U128 score_max = pool::U128{1'000'000'000'000'000'000} * 1'000'000'000;

/// A worker name as one producer declared it.
struct DeclaredWorker {
    pool::WorkerHandle worker;
    pool::MemberHandle member;
    std::string name;
};

/// What the books know of a producer between two batches. Of its handles MySQL has all; here are
/// those that came lately (see load_handles).
struct ProducerState {
    std::uint64_t mark = 0;              ///< sequence number of the last record that is counted
    pool::UnixMillis watermark;          ///< its newest record's time
    std::optional<std::uint64_t> print;  ///< of the record at mark (pool::print_of)
    std::unordered_map<std::uint64_t, pool::AccountId> members;  ///< by handle, of this life
    std::unordered_map<std::uint32_t, std::string> workers;      ///< names by handle, of this life
};

/// A worker's sums over ten minutes of its own time: statistics, no money.
struct WorkerKey {
    std::uint64_t period = 0;  ///< ms since 1970 / period_ms
    pool::AccountId account;
    std::string worker;  ///< "" when its name was not declared
    friend auto operator<=>(const WorkerKey&, const WorkerKey&) = default;
};
struct WorkerSum {
    std::uint64_t shares = 0;
    std::uint64_t stale = 0;
    pool::U128 work = 0;  ///< of accepted shares
    friend bool operator==(const WorkerSum&, const WorkerSum&) = default;
};
inline constexpr std::uint64_t period_ms = 600'000;

/// Leaves of one bucket, in the order of their records.
struct Leaves {
    std::uint64_t first_seq = 0;
    std::vector<SumNode> nodes;
};

/// What a batch adds.
struct Folded {
    std::map<BucketKey, Bucket> buckets;
    /// For the slots' trees: one a share, block or stale, all sites of an account together.
    std::map<BucketKey, Leaves> leaves;
    std::map<WorkerKey, WorkerSum> worker_sums;
    bool restarted = false;                            ///< handles known before the batch are void
    std::map<std::uint64_t, pool::AccountId> members;  ///< declared, still valid at its end
    std::vector<DeclaredWorker> workers;               ///< declared, still valid at its end
    std::uint64_t records = 0;
};

/// Finds or makes the row of an account. May fail: the batch is then given up.
using AccountOf = std::function<pool::Result<pool::AccountId>(const pool::AccountRecord&)>;

/// Folds records into sums and moves `state` on.
///
/// records: contiguous from state.mark + 1 (checked), in order. state: has the handles that their
/// shares name.
/// sealed_through: shares of sealed slots go into the next one and are counted late.
/// sites: where workers are; looked up for the slot that a share is booked in.
/// Errors: those of `account_of`; invalid, for a share of an account that was not declared or a
/// target that is none. `state` is then spoilt: read it anew.
pool::Result<Folded> fold(std::span<const pool::Record> records, ProducerState& state,
                          std::uint64_t sealed_through, const AccountOf& account_of,
                          const SiteRules& sites = {});

}  // namespace payouts
