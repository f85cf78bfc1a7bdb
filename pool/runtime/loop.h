#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "pool/base/result.h"
#include "pool/base/time.h"

struct uv_loop_s;

namespace pool {

/// A timer or an fd watcher of a Loop: stops and frees itself when dropped. Made, dropped and
/// moved on the loop's thread (or before run() / after it), also inside its own callback; may
/// outlive the Loop. An empty one does nothing.
class Watch {
public:
    Watch();
    Watch(Watch&&) noexcept;
    Watch& operator=(Watch&&) noexcept;
    ~Watch();
    void stop();  ///< the callback is not called any more, not even from inside itself
    bool active() const;

private:
    friend class Loop;
    struct State;
    std::shared_ptr<State> state_;
};

struct FdEvents {
    bool readable = false;
    bool writable = false;
};

/// One libuv loop, one thread. Everything but `post` and `stop` belongs to that thread.
/// Nothing outside pool/runtime includes <uv.h>.
class Loop {
public:
    Loop();
    ~Loop();  ///< closes what is still open; run() must have returned
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Runs until stop(). Posted tasks, timers, fds and connections all run inside. SIGPIPE is
    /// blocked for this thread meanwhile: writing to a peer that is gone is an error, not the end.
    void run();
    /// Any thread. Tasks posted before it still run.
    void stop();
    /// Runs `task` on the loop, in order of posting. Any thread; unbounded, so for control only:
    /// streams of values between loops go through a Mailbox.
    void post(std::function<void()> task);

    /// Timers count from the call. after: once; every: first after one period (at least 1 ms).
    [[nodiscard]] Watch after(std::chrono::milliseconds delay, std::function<void()> task);
    [[nodiscard]] Watch every(std::chrono::milliseconds period, std::function<void()> task);
    /// Watches a descriptor that it does not own. Level-triggered; an error on it shows as all of
    /// `interest`. Stop before closing it. No regular files, one Watch a descriptor (checked).
    [[nodiscard]] Watch watch_fd(int fd, FdEvents interest, std::function<void(FdEvents)> task);
    /// Runs at the end of every turn of the loop, after all reads of that turn have been
    /// delivered and before it sleeps: where batches are flushed. Also at the end of run().
    [[nodiscard]] Watch at_turn_end(std::function<void()> task);

    /// fdatasync in the thread pool; `done` runs on this loop. The caller keeps fd open till then.
    /// Errors: io. A Loop that dies waits for it, but does not call `done`.
    void sync_file(int fd, std::function<void(Result<void>)> done);

    /// For our own edges in pool/runtime.
    uv_loop_s* native();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pool
