#include "rpc/webhook_queue.h"

#include <algorithm>
#include <utility>

#include "pool/base/result.h"

namespace rpc {

bool WebhookQueue::push(Delivery delivery)
{
    waiting_.push_back(std::move(delivery));
    if (waiting_.size() <= limits_.waiting_max) return true;
    ++counts_.dropped;
    const auto oldest = waiting_.begin() + (on_its_way_ ? 1 : 0);
    const auto of_worker = std::find_if(oldest, waiting_.end(), [](const Delivery& each) {
        return each.event.starts_with("worker.");
    });
    waiting_.erase(of_worker != waiting_.end() ? of_worker : oldest);
    return false;
}

const WebhookQueue::Delivery* WebhookQueue::begin(pool::SteadyTime now)
{
    if (on_its_way_ || waiting_.empty() || now < not_before_) return nullptr;
    on_its_way_ = true;
    ++waiting_.front().attempts;
    return &waiting_.front();
}

void WebhookQueue::answered(bool taken, pool::SteadyTime now)
{
    pool::check(on_its_way_, "an answer is to something that was sent");
    on_its_way_ = false;
    not_before_ = now;
    if (taken) {
        ++counts_.delivered;
        waiting_.pop_front();
        return;
    }
    ++counts_.failed;
    const unsigned attempts = waiting_.front().attempts;
    const auto doubled = limits_.pause_first * (std::int64_t{1} << std::min(attempts - 1, 30U));
    not_before_ = now + std::min<std::chrono::milliseconds>(doubled, limits_.pause_longest);
    if (attempts < limits_.attempts_max) return;
    ++counts_.given_up;
    waiting_.pop_front();
}

bool WebhookQueue::holds_lasting() const
{
    return std::any_of(waiting_.begin(), waiting_.end(),
                       [](const Delivery& each) { return each.lasting; });
}

std::optional<pool::SteadyTime> WebhookQueue::next() const
{
    if (on_its_way_ || waiting_.empty()) return std::nullopt;
    return not_before_;
}

}  // namespace rpc
