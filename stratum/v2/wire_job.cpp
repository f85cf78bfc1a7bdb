#include "stratum/v2/wire_job.h"

#include <algorithm>
#include <utility>

#include "pool/base/result.h"
#include "pool/bitcoin/block.h"
#include "pool/crypto/sha256.h"
#include "pool/share/check.h"
#include "stratum/v2/codec.h"

namespace stratum::v2 {

std::uint32_t rolling_mask_of(const pool::Job& job)
{
    if (job.source) return rolling_mask_v2 & ~job.source->version_required;
    return rolling_mask_v2 & ~(pool::rolling_mask_v1 & ~job.rolling_mask);
}

WireJob word_job(std::shared_ptr<const pool::Job> job, std::uint64_t tip, std::uint32_t time_least)
{
    WireJob wire;
    pool::check(job->id.value <= 0xffffffff, "v1 writes them as eight hex digits, too");
    wire.id = static_cast<std::uint32_t>(job->id.value);
    wire.mask = rolling_mask_of(*job);
    wire.version = job->version & ~wire.mask;
    wire.hardest = pool::difficulty_not_above(job->network_target);
    wire.tip = tip;
    wire.time = std::max(job->time_start.seconds, time_least);

    NewExtendedJob extended{.channel = 0,
                            .job = wire.id,
                            .min_time = std::nullopt,
                            .version = wire.version,
                            .version_rolling = wire.mask != 0,
                            .merkle_path = {},
                            .coinbase_prefix = {job->coinbase_prefix},
                            .coinbase_suffix = {job->coinbase_suffix}};
    for (const pool::MerkleNode& node : job->branch) {
        extended.merkle_path.values.push_back(node.bytes);
    }
    append_frame(wire.extended_future, extended);
    extended.min_time = wire.time;
    append_frame(wire.extended_active, extended);
    append_frame(wire.new_prev_hash, SetNewPrevHash{.channel = 0,
                                                    .job = wire.id,
                                                    .previous = job->previous.bytes,
                                                    .min_time = wire.time,
                                                    .bits = job->bits.value});
    wire.job = std::move(job);
    return wire;
}

NewJob standard_job(const WireJob& wire, std::uint32_t channel, const pool::Extranonce& extranonce,
                    bool future)
{
    const pool::Job& job = *wire.job;
    const pool::TxId coinbase{pool::sha256d(pool::coinbase_of(job, extranonce))};
    Option32 min_time;
    if (!future) min_time = wire.time;
    return {.channel = channel,
            .job = wire.id,
            .min_time = min_time,
            .version = wire.version,
            .merkle_root = pool::merkle_root(coinbase, job.branch).bytes};
}

pool::Extranonce padded(const ExtranoncePrefix& prefix, std::uint8_t length)
{
    pool::Extranonce extranonce;
    std::copy(prefix.bytes.begin(), prefix.bytes.end(), extranonce.bytes.begin());
    extranonce.prefix_length = prefix_bytes;
    extranonce.length = length;
    return extranonce;
}

}  // namespace stratum::v2
