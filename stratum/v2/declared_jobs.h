#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/work/job_table.h"
#include "stratum/v2/custom_job.h"
#include "stratum/v2/mining_token.h"
#include "stratum/v2/used_tokens.h"

namespace stratum::v2 {

/// Tokens and custom jobs of one loop: hands tokens out, gives jobs their ids, and keeps their
/// number bounded: of all, and of each account, so that one that declares without end leaves room
/// for the others. Owned and used by one loop.
///
/// A token is good for one job on a server. Another server with the same identity may take it too,
/// which pays nobody twice: there the same outputs stand behind another extranonce prefix, so they
/// are other work. Tokens from before this life are not taken, for nobody knows whether they were
/// used.
class DeclaredJobs {
public:
    static constexpr std::size_t jobs_max = 8192;  ///< at once
    static constexpr std::size_t of_account_max = 256;

    /// jobs: outlives it. used: of all loops. seed: random, another one for each loop and life;
    /// what is shown of it tells nobody what it was.
    DeclaredJobs(pool::JobTable& jobs, std::shared_ptr<UsedTokens> used, std::uint64_t seed);

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

    /// Gives the job its id, puts it into the table and uses up the token. `in_place_of` is retired
    /// then, and only then; it does not count for the room that there is.
    /// Errors: conflict, when the token was used meanwhile; unavailable, when there are as many
    /// jobs or tokens as there may be, of this account or of all.
    pool::Result<pool::JobId> take_in(pool::Job job, const MiningToken& token, pool::Now now,
                                      std::optional<pool::JobId> in_place_of = std::nullopt);
    /// Nobody may submit for it any more. It goes once what was submitted is judged. Once for each
    /// job that was taken in.
    void retire(pool::JobId job);

    /// This session holds a job for a tip that the pool does not have yet, if it has not gone.
    void await_tip(pool::SessionId id) { waiting_.insert(id.value); }
    void await_no_more(pool::SessionId id) { waiting_.erase(id.value); }
    std::vector<pool::SessionId> take_waiting();

    /// Since the last time; for the shard.
    std::vector<std::shared_ptr<const pool::Job>> take_fresh();
    std::vector<pool::JobId> take_retired();

private:
    bool has_room(std::uint64_t account, std::optional<pool::JobId> in_place_of) const;

    pool::JobTable& jobs_;
    std::shared_ptr<UsedTokens> used_;
    std::shared_ptr<const TokenKey> key_;
    std::shared_ptr<const TokenKey> key_before_;
    std::optional<pool::UnixTime> begun_;
    std::uint64_t next_serial_;
    std::uint32_t next_job_ = 0;
    std::unordered_map<std::uint64_t, std::uint64_t> owners_;    // of jobs: accounts
    std::unordered_map<std::uint64_t, std::size_t> of_account_;  // jobs
    std::unordered_set<std::uint64_t> waiting_;                  // sessions, for a tip
    std::vector<std::shared_ptr<const pool::Job>> fresh_;
    std::vector<pool::JobId> retired_;
};

}  // namespace stratum::v2
