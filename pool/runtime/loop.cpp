#include "pool/runtime/loop.h"

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <ctime>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <uv.h>

#include "pool/runtime/loop_shared.h"
#include "pool/runtime/uv_handle.h"
#include "pool/runtime/watch_state.h"

namespace pool {

namespace {

/// Holds SIGPIPE back from this thread: libuv and libcurl write to sockets without MSG_NOSIGNAL,
/// and a miner that hangs up must not end the process. One that was raised meanwhile is swallowed.
class BrokenPipeBlock {
public:
    BrokenPipeBlock()
    {
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~BrokenPipeBlock()
    {
        if (sigismember(&before_, SIGPIPE) == 1) return;
        const timespec no_wait{};
        // Pending signals of one kind do not pile up: once is enough.
        sigtimedwait(&pipe_, nullptr, &no_wait);
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    BrokenPipeBlock(const BrokenPipeBlock&) = delete;
    BrokenPipeBlock& operator=(const BrokenPipeBlock&) = delete;

private:
    sigset_t pipe_{};
    sigset_t before_{};
};

struct SyncRequest {
    uv_fs_t uv{};
    std::function<void(Result<void>)> done;
};

void on_synced(uv_fs_t* uv) noexcept
{
    const std::unique_ptr<SyncRequest> request{static_cast<SyncRequest*>(uv->data)};
    const auto status = static_cast<int>(uv->result);
    const bool ending = LoopShared::of(uv->loop).ending;
    uv_fs_req_cleanup(uv);
    if (ending) return;
    if (status < 0) {
        request->done(fail(Error::Code::io, std::string{"fdatasync: "} + uv_strerror(status)));
    } else {
        request->done({});
    }
}

}  // namespace

struct Loop::Impl {
    uv_loop_t uv{};
    LoopShared shared;
    Handle<uv_async_t> wake;
    Handle<uv_prepare_t> before_poll;
    bool stopping = false;
    std::vector<std::weak_ptr<Watch::State>> turn_end;

    std::mutex mutex;
    std::vector<std::function<void()>> posted;  // under mutex

    void open()
    {
        check(uv_loop_init(&uv) == 0, "there are descriptors left for an event loop");
        uv.data = &shared;
        const int waking = wake.open(this, [this](uv_async_t* handle) {
            return uv_async_init(&uv, handle, &Impl::on_wake);
        });
        check(waking == 0, "there are descriptors left for an event loop's wake-up");
        // The end of a turn is the moment before the loop sleeps again: libuv's "prepare". Its
        // "check" comes before timers and close callbacks, whose work would then wait for the
        // next event.
        before_poll.open(this,
                         [this](uv_prepare_t* handle) { return uv_prepare_init(&uv, handle); });
        uv_prepare_start(before_poll.get(), &Impl::on_before_poll);
    }

    void close()
    {
        shared.ending = true;
        {
            // What waits may own connections and timers of this loop: let it close them first.
            std::vector<std::function<void()>> forgotten;
            const std::lock_guard lock{mutex};
            forgotten.swap(posted);
        }
        wake.reset();
        before_poll.reset();
        uv_walk(&uv, &Impl::close_one, nullptr);
        while (uv_run(&uv, UV_RUN_DEFAULT) != 0) {
        }
        check(uv_loop_close(&uv) == 0, "every handle was closed");
    }

    void run_posted()
    {
        std::vector<std::function<void()>> taken;
        {
            const std::lock_guard lock{mutex};
            taken.swap(posted);
        }
        for (auto& task : taken) {
            task();
            task = nullptr;  // what it holds dies before the next one runs
        }
    }

    void run_turn_end()
    {
        // By index and the count of now: a task may add others.
        const std::size_t count = turn_end.size();
        for (std::size_t i = 0; i < count; ++i) {
            const auto state = turn_end[i].lock();
            if (state && state->at_turn_end) state->task();
        }
        std::erase_if(turn_end, [](const std::weak_ptr<Watch::State>& entry) {
            const auto state = entry.lock();
            return !state || !state->at_turn_end;
        });
    }

    static void on_wake(uv_async_t* handle) noexcept
    {
        if (Impl* impl = owner_of<Impl>(handle)) impl->run_posted();
    }

    static void on_before_poll(uv_prepare_t* handle) noexcept
    {
        if (Impl* impl = owner_of<Impl>(handle)) impl->run_turn_end();
    }

    static void close_one(uv_handle_t* handle, void*) noexcept
    {
        if (uv_is_closing(handle) != 0) return;
        uv_close(handle, static_cast<const HandleNote*>(handle->data)->on_closed);
    }
};

Loop::Loop() : impl_(std::make_unique<Impl>()) { impl_->open(); }

Loop::~Loop() { impl_->close(); }

void Loop::run()
{
    const BrokenPipeBlock block;
    impl_->stopping = false;
    while (!impl_->stopping) uv_run(&impl_->uv, UV_RUN_DEFAULT);
    // The last turn ended without going to sleep.
    impl_->run_turn_end();
}

void Loop::stop()
{
    post([impl = impl_.get()] {
        impl->stopping = true;
        uv_stop(&impl->uv);
    });
}

void Loop::post(std::function<void()> task)
{
    bool wake = false;
    {
        const std::lock_guard lock{impl_->mutex};
        wake = impl_->posted.empty();
        impl_->posted.push_back(std::move(task));
    }
    // Not empty: whoever made it so has woken the loop, and nothing was taken since.
    if (wake) uv_async_send(impl_->wake.get());
}

Watch Loop::after(std::chrono::milliseconds delay, std::function<void()> task)
{
    Watch watch;
    watch.state_ = Watch::State::make();
    watch.state_->task = std::move(task);
    watch.state_->start_timer(&impl_->uv, delay, std::chrono::milliseconds{0});
    return watch;
}

Watch Loop::every(std::chrono::milliseconds period, std::function<void()> task)
{
    // To libuv a period of zero means "once".
    period = std::max(period, std::chrono::milliseconds{1});
    Watch watch;
    watch.state_ = Watch::State::make();
    watch.state_->task = std::move(task);
    watch.state_->start_timer(&impl_->uv, period, period);
    return watch;
}

Watch Loop::watch_fd(int fd, FdEvents interest, std::function<void(FdEvents)> task)
{
    Watch watch;
    watch.state_ = Watch::State::make();
    watch.state_->fd_task = std::move(task);
    watch.state_->start_poll(&impl_->uv, fd, interest);
    return watch;
}

Watch Loop::at_turn_end(std::function<void()> task)
{
    Watch watch;
    watch.state_ = Watch::State::make();
    watch.state_->task = std::move(task);
    watch.state_->at_turn_end = true;
    impl_->turn_end.push_back(watch.state_);
    return watch;
}

void Loop::sync_file(int fd, std::function<void(Result<void>)> done)
{
    auto request = std::make_unique<SyncRequest>();
    request->done = std::move(done);
    request->uv.data = request.get();
    const int status = uv_fs_fdatasync(&impl_->uv, &request->uv, fd, &on_synced);
    check(status == 0, "a request with a callback is always taken");
    [[maybe_unused]] const SyncRequest* const taken = request.release();  // on_synced has it now
}

uv_loop_s* Loop::native() { return &impl_->uv; }

}  // namespace pool
