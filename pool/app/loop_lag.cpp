#include "pool/app/loop_lag.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace pool {
namespace {

constexpr std::chrono::milliseconds period{200};

double seconds(std::chrono::nanoseconds span)
{
    return std::max(0.0, std::chrono::duration<double>(span).count());
}

}  // namespace

struct LoopLag::State {
    struct OfLoop {
        Histogram times;
        double last_s = 0;
        double worst_s = 0;
        std::optional<SteadyTime> asked;  // and not answered yet
        void took(std::chrono::nanoseconds span)
        {
            times.add(span);
            last_s = seconds(span);
            worst_s = std::max(worst_s, last_s);
            asked.reset();
        }
    };
    explicit State(std::size_t count) : loops(count) {}
    std::vector<OfLoop> loops;
};

LoopLag::LoopLag(Loop& rpc_loop, std::vector<Target> targets)
    : rpc_loop_(rpc_loop),
      targets_(std::move(targets)),
      state_(std::make_shared<State>(targets_.size() + 1)),
      timer_(rpc_loop.every(period, [this] { tick(); }))
{
}

LoopLag::~LoopLag() = default;

void LoopLag::tick()
{
    const SteadyTime now = read_clock().steady;
    if (const auto due = due_) state_->loops.back().took(now - *due);
    due_ = now + period;
    for (std::size_t at = 0; at < targets_.size(); ++at) {
        if (state_->loops[at].asked) continue;
        state_->loops[at].asked = now;
        targets_[at].post([&rpc_loop = rpc_loop_, weak = std::weak_ptr{state_}, at, now] {
            const auto span = read_clock().steady - now;
            rpc_loop.post([weak, at, span] {
                if (const auto state = weak.lock()) state->loops[at].took(span);
            });
        });
    }
}

std::vector<LoopLag::Reading> LoopLag::readings() const
{
    const SteadyTime now = read_clock().steady;
    std::vector<Reading> out;
    for (std::size_t at = 0; at < state_->loops.size(); ++at) {
        const State::OfLoop& loop = state_->loops[at];
        Reading reading{at < targets_.size() ? targets_[at].name : "rpc", loop.last_s, loop.worst_s,
                        &loop.times};
        if (loop.asked) reading.last_s = std::max(reading.last_s, seconds(now - *loop.asked));
        reading.worst_s = std::max(reading.worst_s, reading.last_s);
        out.push_back(std::move(reading));
    }
    return out;
}

}  // namespace pool
