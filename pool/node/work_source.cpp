#include "pool/node/work_source.h"

#include <utility>

namespace pool {

std::optional<WorkSource::Publication> WorkSource::on_template(TemplatePtr given, SteadyTime asked,
                                                               SteadyTime now)
{
    const bool first = current_ == nullptr;
    const bool moved = first || given->previous != current_->previous;
    // Long poll and refresh race each other: the slower of the two may bring yesterday's tip.
    if (!first && moved && asked < published_ && given->height <= current_->height) {
        return std::nullopt;
    }
    heard_ = now;
    const bool richer = !moved && given->reward > current_->reward;
    if (!moved && !richer && now - published_ < options_.refresh) return std::nullopt;

    current_ = std::move(given);
    published_ = now;
    return Publication{current_, moved};
}

bool WorkSource::refresh_due(SteadyTime now) const
{
    return current_ == nullptr || now - published_ >= options_.refresh;
}

bool WorkSource::lost(SteadyTime now) const
{
    return current_ != nullptr && now - heard_ > options_.lost_after;
}

std::optional<std::chrono::milliseconds> WorkSource::age(SteadyTime now) const
{
    if (current_ == nullptr) return std::nullopt;
    return std::chrono::duration_cast<std::chrono::milliseconds>(now - heard_);
}

}  // namespace pool
