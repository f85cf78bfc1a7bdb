#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/work/job_table.h"
#include "stratum/v2/custom_job.h"
#include "stratum/v2/mining_token.h"

namespace stratum::v2 {

/// Tokens and custom jobs of one loop: hands tokens out, knows which were used here, gives jobs
/// their ids and keeps their number bounded. Owned and used by one loop.
///
/// A token is good for one job. That it was used is known to the loop that took the job, which is
/// enough: elsewhere the same outputs stand behind another extranonce prefix, so they are other
/// work. Tokens from before this life are not taken, for nobody knows whether they were used.
class DeclaredJobs {
public:
    static constexpr std::size_t jobs_max = 8192;              ///< at once
    static constexpr std::size_t used_tokens_max = 1U << 18U;  ///< within their hour

    /// jobs: outlives it. seed: random, another one for each loop and life.
    DeclaredJobs(pool::JobTable& jobs, std::uint64_t seed) : jobs_(jobs), next_serial_(seed) {}

    /// From now on; tokens of the key before stay good. Null: job declaration is off.
    void set_key(std::shared_ptr<const TokenKey> key);
    bool open() const { return key_ != nullptr; }
    /// Tokens issued before are not taken. Only the first call counts.
    void begin(pool::UnixTime now);

    /// open() must hold (checked).
    struct Issued {
        pool::Bytes token;
        pool::Bytes outputs;  ///< that the coinbase must have; count in front
    };
    Issued issue(std::string_view account, const CoinbaseTerms& terms, pool::UnixTime now);
    /// What a token says, when it is ours, of this account, in its time and was not used here.
    std::optional<MiningToken> read(pool::ByteSpan token, std::string_view account,
                                    pool::UnixTime now) const;

    bool has_room(pool::UnixTime now);
    /// Gives the job its id, puts it into the table and uses up the token. has_room() must hold.
    pool::JobId take_in(pool::Job job, const MiningToken& token, pool::Now now);
    /// Nobody may submit for it any more. It goes once what was submitted is judged.
    void retire(pool::JobId job) { retired_.push_back(job); }

    /// Since the last time; for the shard.
    std::vector<std::shared_ptr<const pool::Job>> take_fresh();
    std::vector<pool::JobId> take_retired();

private:
    void forget_expired(pool::UnixTime now);

    pool::JobTable& jobs_;
    std::shared_ptr<const TokenKey> key_;
    std::shared_ptr<const TokenKey> key_before_;
    std::optional<pool::UnixTime> begun_;
    std::uint64_t next_serial_;
    std::uint32_t next_job_ = 0;
    struct Used {
        pool::UnixTime at;
        std::uint64_t serial = 0;
    };
    std::deque<Used> used_order_;  // oldest first
    std::unordered_set<std::uint64_t> used_;
    std::vector<std::shared_ptr<const pool::Job>> fresh_;
    std::vector<pool::JobId> retired_;
};

}  // namespace stratum::v2
