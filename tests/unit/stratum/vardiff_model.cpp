#include "tests/unit/stratum/vardiff_model.h"

#include <algorithm>
#include <cmath>

namespace tests {
namespace {

using stratum::DifficultyPolicy;

constexpr double job_every_s = 30;
constexpr double calm_s = 600;
constexpr double urgent_delay_s = 0.1;
constexpr double never = 1e18;

pool::SteadyTime at(double seconds)
{
    return pool::SteadyTime{} + std::chrono::hours{1} +
           std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::duration<double>(seconds));
}

/// Time to a miner's next share is redrawn whenever its difficulty or hashrate changes: an
/// exponential law has no memory.
class Model {
public:
    explicit Model(const VardiffRun& run) : run_(run), random_(run.seed)
    {
        std::uniform_real_distribution<double> octave{-0.5, 0.5};
        // An ideal that lies anywhere between two powers of two.
        ideal_ = std::exp2(start_exponent + std::log2(run.wrong_by) + octave(random_));
    }

    VardiffResult run()
    {
        std::uniform_real_distribution<double> phase{0, job_every_s};
        double next_job = phase(random_);
        for (double second = run_.tick_s; second <= run_.seconds; second += run_.tick_s) {
            mine_until(second);
            hand_in(second);
            policy_.on_tick(seen_at(second));
            const int gap = policy_.next().exponent - told_.exponent;
            const bool job = second >= next_job;
            if (job) next_job += job_every_s;
            if (gap != 0 && (job || std::abs(gap) >= 2)) change();
            judge(second);
        }
        hand_in(never);
        result_.mean_gap_s = std::exp2(start_exponent) * per_difficulty();
        const double expected = hashes_ / per_difficulty();
        result_.credited_over_expected = credited_ / expected;
        result_.equal_shares = squares_ > 0 ? credited_ * credited_ / squares_ : 0;
        result_.rate_over_wanted =
            static_cast<double>(result_.shares) / run_.seconds * 60 / run_.shares_per_minute;
        return result_;
    }

private:
    static constexpr int start_exponent = 20;
    // With the ideal difficulty shares come at the wanted rate.
    double per_difficulty() const { return 60 / run_.shares_per_minute / ideal_; }

    // The pool's promise changes with the job; the miner's work does if it has heard of it. Work
    // that is too easy then is refused until the pool tells once more, after twenty low shares.
    void change()
    {
        if (told_ != policy_.next()) ++result_.changes;
        told_ = policy_.next();
        urgent_at_ = never;
        std::bernoulli_distribution lost{run_.lost};
        if (run_.lost > 0 && lost(random_)) return;
        working_on_ = told_;
    }

    // Nobody's clock is right: time never goes back, and is late by up to the jitter.
    pool::SteadyTime seen_at(double second)
    {
        if (run_.jitter_s > 0) {
            second += std::uniform_real_distribution<double>{0, run_.jitter_s}(random_);
        }
        seen_ = std::max(seen_, second);
        return at(seen_);
    }

    // What was found arrives: at once, or in a clump.
    void hand_in(double second)
    {
        if (second < next_clump_) return;
        next_clump_ = second + run_.clump_s;
        for (const pool::Difficulty promised : held_) accept(promised, std::min(second, clock_));
        held_.clear();
    }

    void accept(pool::Difficulty promised, double second)
    {
        ++result_.shares;
        if (!run_.vary) result_.gaps_s.push_back(second - last_accepted_);
        last_accepted_ = second;
        credited_ += std::exp2(promised.exponent);
        squares_ += std::exp2(2 * promised.exponent);
        policy_.on_share(promised, seen_at(second));
    }

    void find()
    {
        // A hash that meets the easier target meets the harder one as often as it is harder.
        const int easier = told_.exponent - working_on_.exponent;
        if (easier > 0 && !std::bernoulli_distribution{std::exp2(-easier)}(random_)) {
            constexpr int suspicious = 20;
            if (++low_ % suspicious == 0) working_on_ = told_;
            return;
        }
        if (run_.clump_s > 0) {
            held_.push_back(told_);
        } else {
            accept(told_, clock_);
        }
    }

    void mine_until(double end)
    {
        while (true) {
            const double rate = run_.hashrate_at(clock_);
            const double mean = std::exp2(working_on_.exponent) * per_difficulty() / rate;
            const double gap =
                rate > 0 ? std::exponential_distribution<double>{1 / mean}(random_) : end;
            if (clock_ + gap >= urgent_at_ && urgent_at_ < end) {
                hashes_ += (urgent_at_ - clock_) * rate;
                clock_ = urgent_at_;
                change();
                continue;
            }
            if (clock_ + gap >= end) break;
            clock_ += gap;
            hashes_ += gap * rate;
            find();
            const bool urgent = std::abs(policy_.next().exponent - told_.exponent) >= 2;
            if (run_.immediate && policy_.next() != told_) change();
            if (urgent && urgent_at_ == never) urgent_at_ = clock_ + urgent_delay_s;
        }
        hashes_ += (end - clock_) * run_.hashrate_at(clock_);
        clock_ = end;
    }

    void judge(double second)
    {
        if (second < run_.judged_from_s) return;
        const double off = ideal_ * run_.hashrate_at(second) / std::exp2(working_on_.exponent);
        const bool good = off >= 0.5 && off <= 2;
        good_since_ = good ? (good_since_ < 0 ? second : good_since_) : -1;
        if (result_.converged_s < 0 && good_since_ >= 0 && second - good_since_ >= calm_s) {
            result_.converged_s = good_since_;
        }
        const bool far = off > run_.far_off || (off < 1 / run_.far_off && off > 0);
        far_for_ = far ? far_for_ + run_.tick_s : 0;
        result_.worst_off_for_s = std::max(result_.worst_off_for_s, far_for_);
    }

    VardiffRun run_;
    std::mt19937_64 random_;
    double ideal_ = 0;
    DifficultyPolicy policy_{
        {.min = {start_exponent - 14},  // an idle machine ends at the lowest of its port
         .max = {60},
         .start = {start_exponent},
         .shares_per_minute = run_.shares_per_minute,
         .vary = run_.vary},
        at(0)};
    pool::Difficulty told_{start_exponent};        // with the last job
    pool::Difficulty working_on_{start_exponent};  // as far as the miner has heard
    std::vector<pool::Difficulty> held_;
    double next_clump_ = 0;
    double seen_ = 0;
    std::uint64_t low_ = 0;
    VardiffResult result_;
    double clock_ = 0;
    double hashes_ = 0;
    double last_accepted_ = 0;
    double credited_ = 0;
    double squares_ = 0;
    double urgent_at_ = never;
    double good_since_ = -1;
    double far_for_ = 0;
};

}  // namespace

VardiffResult simulate(const VardiffRun& run) { return Model{run}.run(); }

double quantile(std::vector<double> values, double p)
{
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(p * static_cast<double>(values.size() - 1))];
}

}  // namespace tests
