#include "pool/app/blocks_taken.h"

#include <string>
#include <utility>

#include "pool/base/log.h"
#include "pool/bitcoin/block.h"

namespace pool {
namespace {

constexpr std::size_t recent_max = 4096;
constexpr std::size_t kinds_max = 1024;

}  // namespace

bool BlocksTaken::take(const BlockCandidate& candidate)
{
    const Header header = parse_header(candidate.header);
    const Kind kind{.parent = header.previous,
                    .judgement = candidate.judgement,
                    .before_its_job = header.time < candidate.job->time_start,
                    .declared = candidate.job->declared};
    const std::lock_guard lock{mutex_};
    Count& count = count_of(kind);
    if (count.taken < of_kind_max) {
        if (!remember(candidate.hash, kind)) return false;
        ++count.taken;
        return true;
    }
    if (!recent_.contains(candidate.hash) && !std::exchange(count.said, true)) {
        log::warn("found_blocks_left_out",
                  {{"parent", to_display_hex(kind.parent)},
                   {"reason", "there are " + std::to_string(of_kind_max) +
                                  " of this parent already, and one at most gets into the chain"}});
    }
    return false;
}

bool BlocksTaken::take_again(const BlockHash& hash)
{
    const std::lock_guard lock{mutex_};
    return remember(hash, std::nullopt);
}

void BlocksTaken::refused(const BlockHash& hash)
{
    const std::lock_guard lock{mutex_};
    const auto at = recent_.find(hash);
    if (at == recent_.end()) return;
    const std::optional<Kind>& known = at->second;
    if (!known) return;
    const auto kind = of_kind_.find(*known);
    if (kind == of_kind_.end()) return;
    Count& count = kind->second;
    if (count.taken == 0 || count.refused == of_kind_max) return;
    --count.taken;
    ++count.refused;
}

bool BlocksTaken::remember(const BlockHash& hash, const std::optional<Kind>& kind)
{
    if (!recent_.try_emplace(hash, kind).second) return false;
    order_.push_back(hash);
    if (order_.size() > recent_max) {
        recent_.erase(order_.front());
        order_.pop_front();
    }
    return true;
}

BlocksTaken::Count& BlocksTaken::count_of(const Kind& kind)
{
    const auto [at, fresh] = of_kind_.try_emplace(kind);
    if (fresh) kinds_.push_back(kind);
    if (kinds_.size() > kinds_max) {
        of_kind_.erase(kinds_.front());
        kinds_.pop_front();
    }
    return at->second;
}

}  // namespace pool
