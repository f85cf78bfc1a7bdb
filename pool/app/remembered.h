#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/runtime/loop.h"

namespace pool {

/// When what is Remembered is asked for.
struct RememberedTimes {
    /// From an answer until it is asked for again.
    std::chrono::milliseconds fresh_for;
    /// Then whoever waits gets the last answer. Without it he waits for as long as it takes.
    std::optional<std::chrono::milliseconds> patience{};
    /// Asked for again and again without being wanted, for so long after it was: who comes every
    /// few seconds, as a monitor does, never waits.
    std::chrono::milliseconds kept_for{0};
};

/// An answer that others may take a while to give: one question at a time, however many want it,
/// and at once for whoever comes while it is kept fresh. Questions that nobody waits for take no
/// more than a twentieth of the time, or are five seconds apart. On the loop's thread.
template <typename T>
class Remembered {
public:
    using Ask = std::function<void(std::function<void(Result<T>)>)>;

    Remembered(Loop& loop, RememberedTimes times, Ask ask)
        : loop_(loop), times_(times), ask_(std::move(ask))
    {
    }

    /// `done` with the answer, or after `patience` with the last one: T{} before any.
    void get(std::function<void(const T&)> done)
    {
        wanted_ = read_clock().steady;
        if (is_kept() || has_waited_long_enough()) return done(last_);
        waiting_.push_back(std::move(done));
        if (!asking_) begin();
    }
    const T& last() const { return last_; }
    bool known() const { return known_; }

private:
    static constexpr int rest_per_question = 20;
    static constexpr std::chrono::milliseconds longest_rest{5000};

    // It is fresh, or soon will be: the question that is out was asked for nobody.
    bool is_kept() const
    {
        if (!known_) return false;
        return wanted_ - taken_ < times_.fresh_for || next_.active() ||
               (asking_ && waiting_.empty());
    }
    bool has_waited_long_enough() const
    {
        return asking_ && times_.patience && wanted_ - asked_ >= *times_.patience;
    }
    void begin()
    {
        next_.stop();
        asking_ = true;
        asked_ = read_clock().steady;
        if (times_.patience) deadline_ = loop_.after(*times_.patience, [this] { tell(); });
        ask_([this](Result<T> answer) { heard(std::move(answer)); });
    }
    void heard(Result<T> answer)
    {
        asking_ = false;
        deadline_.stop();
        const SteadyTime now = read_clock().steady;
        if (answer) {
            last_ = std::move(*answer);
            taken_ = now;
            known_ = true;
        }
        if (now - wanted_ < times_.kept_for) rest(now - asked_);
        tell();
    }
    void rest(SteadyTime::duration question)
    {
        using std::chrono::milliseconds;
        const milliseconds due =
            rest_per_question * std::chrono::duration_cast<milliseconds>(question);
        next_ =
            loop_.after(std::clamp(due, times_.fresh_for, std::max(times_.fresh_for, longest_rest)),
                        [this] { begin(); });
    }
    void tell()
    {
        for (const auto& each : std::exchange(waiting_, {})) each(last_);
    }

    Loop& loop_;
    RememberedTimes times_;
    Ask ask_;
    T last_{};
    bool known_ = false;
    bool asking_ = false;
    SteadyTime wanted_{};
    SteadyTime asked_{};
    SteadyTime taken_{};
    std::vector<std::function<void(const T&)>> waiting_;
    Watch deadline_;
    Watch next_;
};

}  // namespace pool
