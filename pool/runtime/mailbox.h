#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "pool/runtime/loop.h"

namespace pool {

/// Values for a loop from any thread. Bounded; the wake-up carries no data, the drain takes all.
/// The receiver must outlive its senders' use of it.
template <typename T>
class Mailbox {
public:
    /// `receive` runs on `loop`, once a value, in order of sending.
    Mailbox(Loop& loop, std::size_t capacity, std::function<void(T)> receive)
        : loop_(loop), capacity_(capacity), receive_(std::move(receive))
    {
    }

    /// False when full: the caller's policy decides (drop, conflate, refuse).
    [[nodiscard]] bool send(T value)
    {
        bool wake = false;
        {
            const std::lock_guard lock{mutex_};
            if (waiting_.size() >= capacity_) return false;
            wake = waiting_.empty();
            waiting_.push_back(std::move(value));
        }
        if (wake) loop_.post([this] { drain(); });
        return true;
    }

private:
    void drain()
    {
        std::vector<T> taken;
        {
            const std::lock_guard lock{mutex_};
            taken.swap(waiting_);
        }
        for (T& value : taken) receive_(std::move(value));
    }

    Loop& loop_;
    std::size_t capacity_;
    std::function<void(T)> receive_;
    std::mutex mutex_;
    std::vector<T> waiting_;
};

}  // namespace pool
