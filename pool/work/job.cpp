#include "pool/work/job.h"

#include <utility>

namespace pool {

Result<std::shared_ptr<const Job>> make_job(JobId id, std::shared_ptr<const BlockTemplate> source,
                                            const CoinbasePlan& plan, bool clean)
{
    // A refreshed job of an unchanged template would be the same work again, and its miner's old
    // shares would be good under the new job's id as well.
    CoinbasePlan numbered = plan;
    numbered.work_number = id.value;
    auto coinbase =
        make_coinbase(numbered, source->height, source->reward, source->witness_commitment);
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
    job->time_start = source->time_now;
    job->coinbase_prefix = std::move(coinbase->prefix);
    job->coinbase_suffix = std::move(coinbase->suffix);
    job->extranonce_bytes = plan.extranonce_bytes;
    job->branch = merkle_branch(source->txids);
    job->reward = source->reward;
    job->clean = clean;
    job->source = std::move(source);
    return std::shared_ptr<const Job>{std::move(job)};
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
