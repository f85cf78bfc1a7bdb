#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "payouts/fold.h"
#include "payouts/ledger.h"
#include "payouts/mysql_connection.h"
#include "payouts/mysql_lease.h"
#include "payouts/mysql_shares.h"
#include "payouts/mysql_slots.h"
#include "payouts/site_rules.h"
#include "payouts/slots.h"
#include "payouts/stream_reader.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"

namespace payouts {

/// Moves records from the streams into the buckets of MySQL, each exactly once, and seals slots.
///
/// A batch, the sums it makes and the producer's mark are one transaction, fenced by the mark it
/// began at: killed anywhere, or raced by another accountant, a batch is in or it is not.
class Accountant {
public:
    /// Some 100 MB. More accounts and workers than shares come from at one time.
    static constexpr std::size_t handles_max_default = 1'000'000;

    struct Options {
        pool::Chain chain = pool::Chain::regtest;
        SealRules seal;
        std::vector<std::string> own_producers;
        std::string owner;  ///< of them; empty: not claimed
        /// Of all producers so many are in memory between two batches; more are read when shares
        /// name them.
        std::size_t handles_max = handles_max_default;
    };

    Accountant(MysqlConnection& db, StreamReader& streams, Lease& lease, Options options);

    /// See Service::set_journals. Called on the accountant's thread.
    void set_journals(std::function<std::optional<JournalState>(const std::string&)> journals)
    {
        journals_ = std::move(journals);
    }

    /// Counts what is there, within a bound, and seals what is complete, while the lease is held;
    /// else only looks. Fills the report. Errors: unavailable, and when it is Redis that is,
    /// StepReport::streams_trouble says so; refused, when a slot cannot be sealed.
    pool::Result<void> step(pool::Now now, StepReport& report);

private:
    pool::Result<void> count(const KnownProducer& producer, std::uint64_t shipped,
                             ProducerReport& report, StepReport& step);
    pool::Result<std::uint64_t> book(const std::string& producer, const StreamBatch& batch);
    pool::Result<void> book_inside(const std::string& producer, ProducerState& state,
                                   const StreamBatch& batch);
    pool::Result<void> fenced(const std::function<pool::Result<void>()>& work);
    std::size_t handles() const;
    void forget_handles();
    pool::Result<void> refresh_sites();
    pool::Result<pool::AccountId> account_of(const pool::AccountRecord& record);
    pool::Result<void> look_behind(ProducerReport& report, std::uint64_t shipped, StepReport& step);
    pool::Result<void> seal(pool::Now now, const Waiting& waiting, StepReport& report);
    bool own(const KnownProducer& producer) const;
    bool outlived(const KnownProducer& producer) const;

    MysqlConnection& db_;
    StreamReader& streams_;
    Lease& lease_;
    Options options_;
    Sealing sealing_;
    std::function<std::optional<JournalState>(const std::string&)> journals_;
    SiteRules sites_;
    std::uint64_t sites_version_ = 0;              // of sites_; 0: no rule was ever made
    std::map<std::string, std::string> told_;      // troubles that are in the log already
    std::map<std::string, ProducerState> states_;  // of what is committed; dropped on any failure
};

}  // namespace payouts
