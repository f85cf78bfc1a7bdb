#include "pool/app/blocks_taken.h"

#include <string>
#include <utility>

#include "pool/base/log.h"

namespace pool {
namespace {

constexpr std::size_t recent_max = 4096;
constexpr std::size_t heights_max = 1024;

}  // namespace

bool BlocksTaken::take(const BlockHash& hash)
{
    const std::lock_guard lock{mutex_};
    if (!recent_.insert(hash).second) return false;
    order_.push_back(hash);
    if (order_.size() > recent_max) {
        recent_.erase(order_.front());
        order_.pop_front();
    }
    return true;
}

bool BlocksTaken::take_of(Height height)
{
    const std::lock_guard lock{mutex_};
    std::size_t& taken = of_height_[height];
    if (taken < of_height_max) {
        ++taken;
        if (of_height_.size() > heights_max) of_height_.erase(of_height_.begin());
        return true;
    }
    if (std::exchange(left_out_of_, height) != height) {
        log::warn("found_blocks_left_out",
                  {{"height", height.value},
                   {"reason", "there are " + std::to_string(of_height_max) +
                                  " of this height already, and one at most gets into the chain"}});
    }
    return false;
}

void BlocksTaken::refused(Height height)
{
    const std::lock_guard lock{mutex_};
    const auto at = of_height_.find(height);
    if (at != of_height_.end() && at->second > 0) --at->second;
}

}  // namespace pool
