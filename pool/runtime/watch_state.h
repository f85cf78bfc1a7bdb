#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include <uv.h>

#include "pool/runtime/loop.h"
#include "pool/runtime/uv_handle.h"

namespace pool {

/// The inside of a Watch: one of a timer, a descriptor or a place at the end of the turn.
/// Alive while the Watch holds it or its task runs, so that a task may drop its own Watch.
struct Watch::State {
    Handle<uv_timer_t> timer;
    Handle<uv_poll_t> poll;
    bool at_turn_end = false;  ///< Loop::Impl calls the task
    FdEvents interest;
    std::function<void()> task;
    std::function<void(FdEvents)> fd_task;
    std::weak_ptr<State> self;

    static std::shared_ptr<State> make();
    void stop();
    bool active() const;
    /// Once after `delay` from now, then every `period` unless that is zero.
    void start_timer(uv_loop_t* loop, std::chrono::milliseconds delay,
                     std::chrono::milliseconds period);
    void start_poll(uv_loop_t* loop, int fd, FdEvents wanted);

private:
    void resume_poll();
    static void on_timer(uv_timer_t* handle) noexcept;
    static void on_poll(uv_poll_t* handle, int status, int events) noexcept;
};

}  // namespace pool
