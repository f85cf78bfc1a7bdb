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
            policy_.on_tick(at(second));
            const int gap = policy_.next().exponent - working_on_.exponent;
            const bool job = second >= next_job;
            if (job) next_job += job_every_s;
            if (gap != 0 && (job || std::abs(gap) >= 2)) change();
            judge(second);
        }
        const double expected = hashes_ / per_difficulty();
        result_.credited_over_expected = credited_ / expected;
        result_.rate_over_wanted =
            static_cast<double>(result_.shares) / run_.seconds * 60 / run_.shares_per_minute;
        return result_;
    }

private:
    static constexpr int start_exponent = 20;
    // With the ideal difficulty shares come at the wanted rate.
    double per_difficulty() const { return 60 / run_.shares_per_minute / ideal_; }

    void change()
    {
        if (working_on_ != policy_.next()) ++result_.changes;
        working_on_ = policy_.next();
        urgent_at_ = never;
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
            ++result_.shares;
            credited_ += std::exp2(working_on_.exponent);
            policy_.on_share(working_on_, at(clock_));
            const bool urgent = std::abs(policy_.next().exponent - working_on_.exponent) >= 2;
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
        const bool far = off > 16 || (off < 1.0 / 16 && off > 0);
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
         .shares_per_minute = run_.shares_per_minute},
        at(0)};
    pool::Difficulty working_on_{start_exponent};
    VardiffResult result_;
    double clock_ = 0;
    double hashes_ = 0;
    double credited_ = 0;
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
