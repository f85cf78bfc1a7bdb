#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/ledger.h"
#include "payouts/mysql_options.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"
#include "pool/bitcoin/address.h"
#include "pool/share/known_scripts.h"
#include "pool/share/redis_options.h"

namespace payouts {

struct ServiceOptions {
    MysqlOptions mysql;
    pool::RedisOptions redis;
    pool::Chain chain = pool::Chain::regtest;
    /// N of PPLNS-SU/1 in units of 10^-18, for a new database. It is changed by announcement
    /// (AccountBook::set_window), and so is the fee.
    pool::U128 window_score = pool::U128{2'000'000'000} * 1'000'000'000;
    bool seed = false;       ///< begin with a window owned by the reserve (money.md 1.5)
    unsigned fee_bps = 100;  ///< 0 ..= 10000; of accounts that have no fee of their own
    /// A slot is sealed this long after its end even when a producer is silent; not while a living
    /// server's journal holds records for it.
    std::chrono::minutes seal_lag{15};
    /// One process at a time counts and credits; another takes over so long after it fell silent.
    std::chrono::milliseconds lease{10'000};
    unsigned maturity_extra = 0;  ///< beyond the 101 confirmations; 20 on mainnet
    unsigned orphan_depth = 6;    ///< of the rival block; 100 on mainnet
    /// Producers of this process: sealing waits for them from the start. Producers of an earlier
    /// life of the same server ("a-3" beside "a-0") are read to their end, then not waited for.
    std::vector<std::string> own_producers;
    /// The word by which the data directory claims them (payouts/mysql_producers.h). Empty: they
    /// are not claimed, as in tests that need no journal.
    std::string owner;
    /// stratum.extranonce_server: no other server on these books may have the same (see
    /// ExtranonceClaim). Nothing: this process serves no miners.
    std::optional<std::uint32_t> extranonce_server{};
    std::string server_id{};  ///< for the people who read about a claim
    std::chrono::milliseconds extranonce_claim{30'000};
    std::size_t handles_max = 1'000'000;  ///< see Accountant::Options
};

/// By producer of this server: the time of the oldest record in its journal that is not booked; 0
/// when all are.
using UnbookedSince = std::map<std::string, pool::UnixMillis>;

/// Sets maturity_extra and orphan_depth to what the charter says for `chain` (decision 19).
void use_chain_defaults(ServiceOptions& options, pool::Chain chain);

/// The books: shares from the streams into sealed slots, blocks into credits.
///
/// Blocking; one thread. Safe to kill on any line: each step is a transaction that is there or is
/// not, and every event has a key. Of several services on one database one acts at a time, by a
/// lease whose epoch fences every transaction; the others look on and report.
///
/// Errors of all calls: unavailable, when MySQL or Redis is lost: call again later, it reconnects.
class Service {
public:
    /// Connects to MySQL, migrates the schema, checks the settings that may not change.
    /// now: this machine's time, read just now.
    /// Errors besides: refused, with a sentence for an operator (wrong password, newer schema,
    /// a clock that is far from MySQL's, another chain or window than the books were begun with, a
    /// producer that is another's).
    static pool::Result<std::unique_ptr<Service>> open(
        ServiceOptions options, pool::UnixMillis now = pool::read_clock().wall);
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// One round: reads streams, folds, seals, credits. Bounded (see StepReport::more). Redis
    /// away is no error but StepReport::streams_trouble: blocks need MySQL only.
    pool::Result<StepReport> step(pool::Now now);

    /// Once or often, the block is in the books once.
    pool::Result<void> record_found(const FoundBlock& block);
    /// What nodes said to our blocks, for people. Once or often.
    pool::Result<void> record_answers(std::span<const BlockAnswer> answers);
    /// The blocks whose place in the chain still matters.
    pool::Result<std::vector<WatchedBlock>> watched();
    /// What the nodes say; the next step notes it and acts on it, if the lease is ours then.
    void sight(std::span<const BlockSighting> sightings);

    /// name: [a-z0-9_-]{3,32} and no address. Errors: invalid; conflict, when the name is taken.
    pool::Result<pool::AccountId> create_account(std::string_view name,
                                                 const pool::Address& payout);
    pool::Result<std::vector<RegisteredAccount>> registered();
    /// The scripts of accounts by address, of the newest `most`. Takes a second or so a million.
    pool::Result<pool::KnownScripts> known_scripts(std::size_t most = known_scripts_max);
    static constexpr std::size_t known_scripts_max = 4'000'000;

    /// What this server's journals hold is told to whoever seals, here or on another server: no
    /// minute of it is sealed while this one lives (SealRules::journal_lag). Called on the thread
    /// of step(); before the first one.
    void set_unbooked(std::function<UnbookedSince()> unbooked);

    /// Where this server's journal of a producer stands; nothing when it is not here. A producer of
    /// an earlier life is not retired before its journal is booked, what Redis had and has lost is
    /// sent again, and what a journal may have is given up by nobody. Called on the thread of
    /// step() and accept_gap(); before the first one. Without it no journal is asked.
    void set_journals(std::function<std::optional<JournalState>(const std::string&)> journals);

    /// Sealing waits no longer for a producer that is gone for good; a record of it brings it back.
    /// Errors: not_found; invalid, when it is one of this process.
    pool::Result<void> retire(std::string_view producer);

    /// Gives up records of a producer that are neither in its stream nor in its journal (after a
    /// restore: the journal has dropped what MySQL had), so that the books go on. What follows the
    /// hole up to the next start of the producer goes with it, for only there are the names told
    /// again by which its shares are somebody's; of a retired producer, which will have none, all
    /// that its stream has. Returns how many records that are.
    /// Errors: not_found; invalid, when nothing is missing; refused, when it was not restarted
    /// since, or when another server that is not retired may have the records in its journal;
    /// conflict, also while this server's own journal may have them.
    pool::Result<std::uint64_t> accept_gap(std::string_view producer, std::string_view by,
                                           pool::UnixMillis at);

    /// What coinbases carry: the chain's hash of the newest sealed slot, zeros before the first.
    pool::Result<pool::Digest> chain_head();

    /// Highest sequence number of `producer` that is in MySQL; 0 for an unknown one.
    pool::Result<std::uint64_t> mark(std::string_view producer);

private:
    struct Impl;
    explicit Service(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace payouts
