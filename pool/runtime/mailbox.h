#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "pool/runtime/loop.h"

namespace pool {

/// Values for a loop from any thread. Bounded; the wake-up carries no data, the drain takes all.
/// The receiver must outlive its senders' use of it. Dropped on the loop's thread, it drops what
/// waits; `receive` may do so.
template <typename T>
class Mailbox {
public:
    /// `receive` runs on `loop`, once a value, in order of sending.
    Mailbox(Loop& loop, std::size_t capacity, std::function<void(T)> receive)
        : loop_(loop), box_(std::make_shared<Box>(capacity, std::move(receive)))
    {
    }
    ~Mailbox() { box_->dropped = true; }
    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;

    /// False when full: the caller's policy decides (drop, conflate, refuse).
    [[nodiscard]] bool send(T value)
    {
        bool wake = false;
        {
            const std::lock_guard lock{box_->mutex};
            if (box_->waiting.size() >= box_->capacity) return false;
            wake = box_->waiting.empty();
            box_->waiting.push_back(std::move(value));
        }
        if (wake) loop_.post([box = box_] { box->drain(); });
        return true;
    }

private:
    // Shared with the drain that is under way, which must not find its mailbox gone.
    struct Box {
        Box(std::size_t its_capacity, std::function<void(T)> its_receive)
            : capacity(its_capacity), receive(std::move(its_receive))
        {
        }

        void drain()
        {
            std::vector<T> taken;
            {
                const std::lock_guard lock{mutex};
                taken.swap(waiting);
            }
            for (T& value : taken) {
                if (dropped) return;
                receive(std::move(value));
            }
        }

        const std::size_t capacity;
        std::function<void(T)> receive;
        bool dropped = false;  // the loop's thread only
        std::mutex mutex;
        std::vector<T> waiting;  // under mutex
    };

    Loop& loop_;
    std::shared_ptr<Box> box_;
};

}  // namespace pool
