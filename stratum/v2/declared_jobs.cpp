#include "stratum/v2/declared_jobs.h"

#include <utility>

#include "pool/base/result.h"

namespace stratum::v2 {
namespace {

// Apart from the ids of the pool's own jobs, which fit into 32 bits; the lower half is the number
// on the wire.
constexpr std::uint64_t declared_mark = std::uint64_t{1} << 63;

}  // namespace

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
    if (!begun_ || token->issued < *begun_ || used_.count(token->serial) != 0) return {};
    return token;
}

bool DeclaredJobs::has_room(pool::UnixTime now)
{
    forget_expired(now);
    return jobs_.declared() < jobs_max && used_.size() < used_tokens_max;
}

pool::JobId DeclaredJobs::take_in(pool::Job job, const MiningToken& token, pool::Now now)
{
    const pool::UnixTime wall = pool::to_seconds(now.wall);
    pool::check(has_room(wall), "the caller has asked");
    used_.insert(token.serial);
    used_order_.push_back({wall, token.serial});
    // The token's serial tells this life's jobs from those of others, in the share log too.
    const std::uint64_t life = token.serial & 0x7fffffff;
    job.id = {declared_mark | life << 32 | ++next_job_};
    const auto made = std::make_shared<const pool::Job>(std::move(job));
    jobs_.add_declared(made, now.steady);
    fresh_.push_back(made);
    return made->id;
}

void DeclaredJobs::forget_expired(pool::UnixTime now)
{
    // A token that was used has less than this to live, whichever server's clock it is from.
    const std::uint64_t keep = static_cast<std::uint64_t>(token_lifetime.count()) + 120;
    while (!used_order_.empty() && used_order_.front().at.seconds + keep < now.seconds) {
        used_.erase(used_order_.front().serial);
        used_order_.pop_front();
    }
}

std::vector<std::shared_ptr<const pool::Job>> DeclaredJobs::take_fresh()
{
    return std::exchange(fresh_, {});
}

std::vector<pool::JobId> DeclaredJobs::take_retired() { return std::exchange(retired_, {}); }

}  // namespace stratum::v2
