#include <cstdint>
#include <utility>

#include <uv.h>

#include "pool/runtime/watch_state.h"

namespace pool {

namespace {

std::uint64_t to_uv_ms(std::chrono::milliseconds span)
{
    return span.count() > 0 ? static_cast<std::uint64_t>(span.count()) : 0;
}

}  // namespace

Watch::Watch() = default;
Watch::Watch(Watch&&) noexcept = default;

Watch& Watch::operator=(Watch&& other) noexcept
{
    if (this != &other) {
        stop();
        state_ = std::move(other.state_);
    }
    return *this;
}

Watch::~Watch() { stop(); }

void Watch::stop()
{
    if (state_) state_->stop();
}

bool Watch::active() const { return state_ && state_->active(); }

std::shared_ptr<Watch::State> Watch::State::make()
{
    auto state = std::make_shared<State>();
    state->self = state;
    return state;
}

void Watch::State::stop()
{
    timer.reset();
    poll.reset();
    at_turn_end = false;
}

bool Watch::State::active() const { return timer.active() || poll.active() || at_turn_end; }

void Watch::State::start_timer(uv_loop_t* loop, std::chrono::milliseconds delay,
                               std::chrono::milliseconds period)
{
    const int made =
        timer.open(this, [loop](uv_timer_t* handle) { return uv_timer_init(loop, handle); });
    check(made == 0, "uv_timer_init cannot fail");
    // libuv counts from the start of the turn; we mean from now.
    uv_update_time(loop);
    uv_timer_start(timer.get(), &State::on_timer, to_uv_ms(delay), to_uv_ms(period));
}

void Watch::State::start_poll(uv_loop_t* loop, int fd, FdEvents wanted)
{
    interest = wanted;
    const int made =
        poll.open(this, [loop, fd](uv_poll_t* handle) { return uv_poll_init(loop, handle, fd); });
    check(made == 0, "the descriptor is open, can be polled, and nobody else watches it");
    resume_poll();
}

void Watch::State::resume_poll()
{
    const int events =
        (interest.readable ? UV_READABLE : 0) | (interest.writable ? UV_WRITABLE : 0);
    uv_poll_start(poll.get(), events, &State::on_poll);
}

void Watch::State::on_timer(uv_timer_t* handle) noexcept
{
    const auto keep = owner_of<State>(handle)->self.lock();
    keep->task();
}

void Watch::State::on_poll(uv_poll_t* handle, int status, int events) noexcept
{
    const auto keep = owner_of<State>(handle)->self.lock();
    if (status < 0) {
        // An error on the descriptor, after which libuv stops watching. The owner learns of it
        // from its next read or write; until it lets go we stay level-triggered.
        keep->resume_poll();
        keep->fd_task(keep->interest);
        return;
    }
    keep->fd_task({(events & UV_READABLE) != 0, (events & UV_WRITABLE) != 0});
}

}  // namespace pool
