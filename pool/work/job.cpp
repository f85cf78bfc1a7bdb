#include "pool/work/job.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "pool/bitcoin/chain_rules.h"

namespace pool {
namespace {

constexpr std::uint64_t weight_a_byte = 4;  // outside a witness
constexpr std::uint64_t header_and_count_bytes = 80 + 3;
constexpr std::uint64_t witness_weight = 2 + 1 + 1 + 32;  // marker, flag, and the 32 zero bytes
constexpr std::uint64_t sigops_of_p2pkh = 4;

// Only a pay-to-public-key-hash output counts, as one OP_CHECKSIG outside a witness.
std::uint64_t sigops_of(const Script& script)
{
    constexpr std::size_t p2pkh_bytes = 25;
    constexpr std::uint8_t op_dup = 0x76;
    return script.size() == p2pkh_bytes && script[0] == op_dup ? sigops_of_p2pkh : 0;
}

Result<void> check_room(const BlockTemplate& source, const CoinbasePlan& plan,
                        std::size_t coinbase_bytes)
{
    const std::uint64_t weight =
        source.weight + witness_weight + weight_a_byte * (header_and_count_bytes + coinbase_bytes);
    if (source.weight_limit != 0 && weight > source.weight_limit) {
        return fail(Error::Code::limit,
                    "the template leaves no room for the coinbase: " + std::to_string(weight) +
                        " of " + std::to_string(source.weight_limit) +
                        " weight; raise the node's blockreservedweight");
    }
    if (source.sigop_limit != 0 && source.sigops + sigops_of(plan.pay_to) > source.sigop_limit) {
        return fail(Error::Code::limit, "the template leaves no signature check for the coinbase");
    }
    return {};
}

// A refreshed job of an unchanged template would be the same work again, and its miner's old shares
// would be good under the new job's id as well: hence the number.
Result<CoinbaseParts> numbered_coinbase(JobId id, const BlockTemplate& source, CoinbasePlan plan)
{
    plan.work_number = id.value;
    auto coinbase = make_coinbase(plan, source.height, source.reward, source.witness_commitment);
    if (!coinbase) return fail(coinbase.error());
    const std::size_t bytes =
        coinbase->prefix.size() + plan.extranonce_bytes + coinbase->suffix.size();
    if (auto room = check_room(source, plan, bytes); !room) return fail(room.error());
    return coinbase;
}

}  // namespace

Result<void> check_fits(const BlockTemplate& source, const CoinbasePlan& plan)
{
    const auto coinbase = numbered_coinbase(JobId{0}, source, plan);
    return coinbase ? Result<void>{} : fail(coinbase.error());
}

Result<std::shared_ptr<const Job>> make_job(JobId id, std::shared_ptr<const BlockTemplate> source,
                                            const CoinbasePlan& plan, bool clean,
                                            std::optional<UnixTime> time)
{
    auto coinbase = numbered_coinbase(id, *source, plan);
    if (!coinbase) return fail(coinbase.error());

    const std::uint32_t required = source->version_required & rolling_mask_v1;
    const std::uint32_t mask = rolling_mask_v1 & ~required;

    auto job = std::make_shared<Job>();
    job->id = id;
    job->height = source->height;
    job->previous = source->previous;
    job->version = (source->version & ~mask) | required;
    job->rolling_mask = mask;
    job->bits = source->bits;
    job->network_target = source->network_target;
    job->time_min = source->time_min;
    job->time_start = time.value_or(source->time_now);
    job->coinbase_prefix = std::move(coinbase->prefix);
    job->coinbase_suffix = std::move(coinbase->suffix);
    job->extranonce_bytes = plan.extranonce_bytes;
    job->branch = merkle_branch(source->txids);
    job->reward = source->reward;
    job->clean = clean;
    job->source = std::move(source);
    return std::shared_ptr<const Job>{std::move(job)};
}

BlockTemplate without_transactions(const BlockTemplate& source)
{
    BlockTemplate empty;
    empty.height = source.height;
    empty.previous = source.previous;
    empty.version = source.version;
    empty.version_required = source.version_required;
    empty.bits = source.bits;
    empty.network_target = source.network_target;
    empty.time_min = source.time_min;
    empty.time_now = source.time_now;
    empty.reward = source.reward - source.fees;
    empty.weight_limit = source.weight_limit;
    empty.sigop_limit = source.sigop_limit;
    empty.rules = source.rules;
    if (!source.witness_commitment.empty()) empty.witness_commitment = empty_block_commitment();
    return empty;
}

std::shared_ptr<const Job> job_on_tip(std::shared_ptr<const Job> prepared,
                                      std::shared_ptr<const BlockTemplate> source, UnixTime time)
{
    auto job = std::make_shared<Job>(*prepared);
    job->previous = source->previous;
    job->time_min = source->time_min;
    job->time_start = time;
    job->source = std::move(source);
    job->prepared = std::move(prepared);
    return job;
}

Bytes block_of(const Job& job, const HeaderBytes& header, ByteSpan coinbase)
{
    // A block that commits to a witness must carry the coinbase's own 32 zero bytes (BIP 141).
    if (job.source->witness_commitment.empty()) {
        return assemble_block(header, coinbase, job.source->transactions);
    }
    return assemble_block(header, with_witness(coinbase), job.source->transactions);
}

}  // namespace pool
