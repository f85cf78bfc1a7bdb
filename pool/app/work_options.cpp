#include "pool/app/work_options.h"

#include <algorithm>
#include <chrono>

#include "pool/app/stratum_options.h"

namespace pool {
namespace {

using std::chrono::seconds;

// Job ids go on where no earlier life can have come to (four a second, day and night) and stay
// below 2^31, where the shards' own begin, until 2043. They are in every coinbase: no work is given
// out twice.
std::uint64_t first_job_of_this_life(UnixMillis now)
{
    constexpr std::uint64_t since = 1'767'225'600'000;  // 2026-01-01
    constexpr std::uint64_t a_job_ms = 250;
    return (std::max(now.value, since) - since) / a_job_ms + 1;
}

}  // namespace

WorkDeskOptions work_options(const Config& config, UnixMillis now)
{
    WorkDeskOptions options;
    options.chain = config.chain;
    options.pay_to = config.payout.script;
    options.coinbase_tag = config.coinbase_tag;
    options.extranonce_bytes = stratum::prefix_bytes + rolled_bytes;
    options.first_job = first_job_of_this_life(now);
    options.work.chain = config.chain;
    options.work.empty_first = config.empty_first;
    options.work.refresh = seconds{config.refresh_seconds};
    options.work.look = seconds{config.look_seconds};
    options.work.richer_by = {config.richer_sat};
    options.work.richer_percent = config.richer_percent;
    options.work.disagree_after = seconds{config.disagree_seconds};
    options.work.lost_after = seconds{config.lost_seconds};
    return options;
}

}  // namespace pool
