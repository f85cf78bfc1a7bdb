#pragma once

#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/runtime/loop.h"

namespace pool {

/// An answer that others may take a while to give, kept for a moment: one question at a time,
/// however many want it, and the last answer for whoever has waited long enough. On the loop's
/// thread.
template <typename T>
class Remembered {
public:
    using Ask = std::function<void(std::function<void(Result<T>)>)>;
    struct Times {
        std::chrono::milliseconds fresh_for;
        std::chrono::milliseconds patience;
    };

    Remembered(Loop& loop, Times times, Ask ask) : loop_(loop), times_(times), ask_(std::move(ask))
    {
    }

    /// `done` at once, with the answer, or after `patience` with the last one: T{} before any.
    void get(std::function<void(const T&)> done)
    {
        const SteadyTime now = read_clock().steady;
        if (known_ && now - taken_ < times_.fresh_for) return done(last_);
        if (asking_ && now - asked_ >= times_.patience) return done(last_);
        waiting_.push_back(std::move(done));
        if (std::exchange(asking_, true)) return;
        asked_ = now;
        deadline_ = loop_.after(times_.patience, [this] { tell(); });
        ask_([this](Result<T> answer) {
            asking_ = false;
            deadline_.stop();
            if (answer) {
                last_ = std::move(*answer);
                taken_ = read_clock().steady;
                known_ = true;
            }
            tell();
        });
    }
    const T& last() const { return last_; }
    bool known() const { return known_; }

private:
    void tell()
    {
        for (const auto& each : std::exchange(waiting_, {})) each(last_);
    }

    Loop& loop_;
    Times times_;
    Ask ask_;
    T last_{};
    bool known_ = false;
    bool asking_ = false;
    SteadyTime taken_{};
    SteadyTime asked_{};
    std::vector<std::function<void(const T&)>> waiting_;
    Watch deadline_;
};

}  // namespace pool
