#include "pool/base/line_writer.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <poll.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>

namespace pool {

struct LineWriter::State {
    State(int to, std::size_t most) : fd(to), waiting_max(most) {}

    bool takes_at_once(std::size_t bytes) const;
    std::size_t put(std::string_view line);
    void keep(std::string_view line);
    static void run(const std::shared_ptr<State>& self);

    const int fd;
    const std::size_t waiting_max;
    std::atomic<std::uint64_t> dropped{0};
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::string> waiting;  // the first is being written while the thread runs
    std::size_t waiting_bytes = 0;
    bool has_thread = false;
};

// A pipe that says it takes some takes a page.
bool LineWriter::State::takes_at_once(std::size_t bytes) const
{
    ::pollfd asked{.fd = fd, .events = POLLOUT, .revents = 0};
    return bytes <= PIPE_BUF && ::poll(&asked, 1, 0) > 0;
}

// How much of it is done with: written, or refused for good.
std::size_t LineWriter::State::put(std::string_view line)
{
    for (;;) {
        const ssize_t written = ::write(fd, line.data(), line.size());
        if (written >= 0) return static_cast<std::size_t>(written);
        if (errno == EINTR) continue;
        if (errno == EAGAIN) return 0;
        dropped.fetch_add(1, std::memory_order_relaxed);
        return line.size();
    }
}

void LineWriter::State::keep(std::string_view line)
{
    waiting.emplace_back(line);
    waiting_bytes += line.size();
    changed.notify_all();
}

void LineWriter::State::run(const std::shared_ptr<State>& self)
{
    std::unique_lock lock{self->mutex};
    for (;;) {
        self->changed.wait(lock, [&] { return !self->waiting.empty(); });
        std::string_view rest = self->waiting.front();
        lock.unlock();
        while (!rest.empty()) {
            ::pollfd asked{.fd = self->fd, .events = POLLOUT, .revents = 0};
            ::poll(&asked, 1, -1);
            rest.remove_prefix(self->put(rest));
        }
        lock.lock();
        self->waiting_bytes -= self->waiting.front().size();
        self->waiting.pop_front();
        self->changed.notify_all();
    }
}

LineWriter::LineWriter(int fd, std::size_t waiting_max)
    : state_(std::make_shared<State>(fd, waiting_max))
{
}

LineWriter::~LineWriter()
{
    std::unique_lock lock{state_->mutex};
    state_->changed.wait_for(lock, std::chrono::seconds{1},
                             [this] { return state_->waiting.empty(); });
}

void LineWriter::write(std::string_view line)
{
    const std::scoped_lock lock{state_->mutex};
    if (state_->waiting.empty() && state_->takes_at_once(line.size()))
        line.remove_prefix(state_->put(line));
    if (line.empty()) return;
    if (line.size() > state_->waiting_max - std::min(state_->waiting_max, state_->waiting_bytes)) {
        state_->dropped.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    state_->keep(line);
    if (!std::exchange(state_->has_thread, true)) std::thread{&State::run, state_}.detach();
}

std::uint64_t LineWriter::dropped() const
{
    return state_->dropped.load(std::memory_order_relaxed);
}

}  // namespace pool
