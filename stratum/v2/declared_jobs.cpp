#include "stratum/v2/declared_jobs.h"

#include <utility>

#include "pool/crypto/sha256.h"

namespace stratum::v2 {
namespace {

// Apart from the ids of the pool's own jobs, which fit into 32 bits; the lower half is the number
// on the wire.
constexpr std::uint64_t declared_mark = std::uint64_t{1} << 63;

// Serials stand in coinbases and tokens for all to read; the seed is behind other secrets, too.
std::uint64_t first_serial(std::uint64_t seed)
{
    pool::ByteWriter out;
    out.raw(pool::as_bytes("zubr first serial"));
    out.u64(seed);
    const pool::Digest hash = pool::sha256(out.bytes());
    return pool::ByteReader{hash}.u64();
}

}  // namespace

DeclaredJobs::DeclaredJobs(pool::JobTable& jobs, std::shared_ptr<UsedTokens> used,
                           std::uint64_t seed)
    : jobs_(jobs), used_(std::move(used)), next_serial_(first_serial(seed))
{
    pool::check(used_ != nullptr, "the loops of a server share what was used");
}

void DeclaredJobs::set_key(std::shared_ptr<const TokenKey> key)
{
    key_before_ = std::exchange(key_, std::move(key));
}

void DeclaredJobs::begin(pool::UnixTime now)
{
    if (!begun_) begun_ = now;
}

DeclaredJobs::Issued DeclaredJobs::issue(std::string_view account, const CoinbaseTerms& terms,
                                         pool::UnixTime now)
{
    pool::check(open(), "who may not declare is refused at setup");
    const MiningToken token{.issued = now,
                            .serial = next_serial_++,
                            .account = account_mark(account),
                            .chain_head = terms.chain_head};
    return {.token = key_->seal(token), .outputs = required_outputs(terms, token.serial)};
}

std::optional<MiningToken> DeclaredJobs::read(pool::ByteSpan sealed, std::string_view account,
                                              pool::UnixTime now) const
{
    std::optional<MiningToken> token;
    if (key_ != nullptr) token = key_->open(sealed);
    if (!token && key_before_ != nullptr) token = key_before_->open(sealed);
    if (!token || token->expired(now) || token->account != account_mark(account)) return {};
    if (!begun_ || token->issued < *begun_ || used_->contains(token->serial)) return {};
    return token;
}

bool DeclaredJobs::has_room(std::uint64_t account, std::optional<pool::JobId> in_place_of) const
{
    const auto leaves = in_place_of ? owners_.find(in_place_of->value) : owners_.end();
    const std::size_t fewer = leaves == owners_.end() ? 0 : 1;
    const std::size_t fewer_own = fewer == 1 && leaves->second == account ? 1 : 0;
    const auto own = of_account_.find(account);
    const bool greedy = own != of_account_.end() && own->second - fewer_own >= of_account_max;
    return !greedy && owners_.size() - fewer < jobs_max;
}

pool::Result<pool::JobId> DeclaredJobs::take_in(pool::Job job, const MiningToken& token,
                                                pool::Now now,
                                                std::optional<pool::JobId> in_place_of)
{
    using Code = pool::Error::Code;
    const std::uint64_t account = number_of(token.account);
    if (!has_room(account, in_place_of))
        return pool::fail(Code::unavailable, "too many jobs are mined on");
    switch (used_->use(token, pool::to_seconds(now.wall))) {
        case UsedTokens::Use::again:
            return pool::fail(Code::conflict, "the token was used");
        case UsedTokens::Use::too_many:
            return pool::fail(Code::unavailable, "too many tokens were used within the hour");
        case UsedTokens::Use::first:
            break;
    }
    if (in_place_of) retire(*in_place_of);
    // The token's serial tells this life's jobs from those of others, in the share log too.
    const std::uint64_t life = token.serial & 0x7fffffff;
    job.id = {declared_mark | life << 32 | ++next_job_};
    const auto made = std::make_shared<const pool::Job>(std::move(job));
    jobs_.add_declared(made);
    fresh_.push_back(made);
    owners_.emplace(made->id.value, account);
    ++of_account_[account];
    return made->id;
}

void DeclaredJobs::retire(pool::JobId job)
{
    const auto owner = owners_.find(job.value);
    pool::check(owner != owners_.end(), "a job is retired once");
    const auto own = of_account_.find(owner->second);
    if (--own->second == 0) of_account_.erase(own);
    owners_.erase(owner);
    retired_.push_back(job);
}

std::vector<pool::SessionId> DeclaredJobs::take_waiting()
{
    std::vector<pool::SessionId> waiting;
    for (const std::uint64_t id : std::exchange(waiting_, {})) waiting.push_back({id});
    return waiting;
}

std::vector<std::shared_ptr<const pool::Job>> DeclaredJobs::take_fresh()
{
    return std::exchange(fresh_, {});
}

std::vector<pool::JobId> DeclaredJobs::take_retired() { return std::exchange(retired_, {}); }

}  // namespace stratum::v2
