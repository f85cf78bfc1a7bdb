#include "stratum/difficulty_policy.h"

#include <algorithm>
#include <cmath>

namespace stratum {
namespace {

struct Window {
    double seconds;
    double up_confidence;  // in standard deviations
};
// The shorter the window, the more often it is looked at, and so the surer it must be.
constexpr std::array<Window, 5> windows{
    {{30, 4.2}, {90, 4.0}, {300, 3.6}, {900, 3.2}, {1800, 3.0}}};
constexpr double down_confidence = 2.8;

// Half of the upper bound is above the lower one, so a step never calls for the step back.
constexpr double up_at = 1.5;
constexpr double down_at = 0.6;
constexpr double up_shares_min = 8;
constexpr double down_expected_min = 6;
// So many shares have to be missing before none at all is a reason to go down: upper_bound() of no
// share, the 2.8 deviations' six, against down_at of them. A minute of ten shares a minute.
constexpr double silence_root = 1 - 1.0 / 9 + down_confidence / 3;
constexpr double silent_shares = silence_root * silence_root * silence_root / down_at;
static_assert(silent_shares > down_expected_min);

constexpr std::chrono::seconds ramp{180};  // while nothing is known, steps may be large
constexpr int ramp_steps_max = 10;
constexpr int steps_max = 3;
constexpr std::chrono::seconds silence_every{5};
// There is nothing left to lower until something else changes.
constexpr std::chrono::seconds silence_at_bottom{60};
// What miners ask for is theirs to choose until it makes this many times the wanted shares.
constexpr double times_wanted_max = 10;
constexpr std::chrono::minutes crowd_kept{30};
constexpr double age_min_s = 0.5;  // a clump of shares in one packet is no rate

constexpr double fine_width_s = 5;
constexpr double coarse_width_s = 60;
constexpr double fine_reach_s = 90;

double seconds_between(pool::SteadyTime from, pool::SteadyTime to)
{
    return std::chrono::duration<double>(to - from).count();
}

// Wilson and Hilferty's approximation of the Poisson interval for a count of n.
double lower_bound(double n, double z)
{
    return n * std::pow(std::max(1 - 1 / (9 * n) - z / (3 * std::sqrt(n)), 0.0), 3);
}
double upper_bound(double n, double z)
{
    const double m = n + 1;
    return m * std::pow(1 - 1 / (9 * m) + z / (3 * std::sqrt(m)), 3);
}

}  // namespace

template <std::size_t count>
ShareWindows::Bucket& ShareWindows::Ring<count>::at(std::int64_t number)
{
    constexpr auto width = static_cast<std::int64_t>(count);
    newest = std::max(newest, number - width);
    while (newest < number) buckets[static_cast<std::size_t>(++newest % width)] = {};
    return buckets[static_cast<std::size_t>(number % width)];
}

template <std::size_t count>
ShareWindows::Sum ShareWindows::Ring<count>::last(std::int64_t wanted, double width_s,
                                                  double age_s) const
{
    constexpr auto width = static_cast<std::int64_t>(count);
    const auto now = static_cast<std::int64_t>(age_s / width_s);
    const std::int64_t first = std::max<std::int64_t>(now - std::min(wanted, width) + 1, 0);
    Sum sum{.seconds = age_s - static_cast<double>(first) * width_s, .shares = 0, .work = 0};
    for (std::int64_t i = first; i <= std::min(now, newest); ++i) {
        const Bucket& bucket = buckets[static_cast<std::size_t>(i % width)];
        sum.shares += bucket.shares;
        sum.work += static_cast<double>(bucket.work);
    }
    return sum;
}

void ShareWindows::add(pool::Difficulty difficulty, double age_s)
{
    const auto work = static_cast<float>(std::ldexp(1.0, difficulty.exponent));
    for (Bucket* bucket : {&fine_.at(static_cast<std::int64_t>(age_s / fine_width_s)),
                           &coarse_.at(static_cast<std::int64_t>(age_s / coarse_width_s))}) {
        bucket->work += work;
        ++bucket->shares;
    }
}

ShareWindows::Sum ShareWindows::last(double window_s, double age_s) const
{
    if (std::min(window_s, age_s) <= fine_reach_s) {
        return fine_.last(static_cast<std::int64_t>(window_s / fine_width_s), fine_width_s, age_s);
    }
    return coarse_.last(static_cast<std::int64_t>(window_s / coarse_width_s), coarse_width_s,
                        age_s);
}

DifficultyPolicy::DifficultyPolicy(const DifficultyLimits& limits, pool::SteadyTime now)
    : limits_(limits), wanted_(limits.start), began_(now), changed_(now), evaluated_(now)
{
}

void DifficultyPolicy::suggest(pool::Difficulty difficulty, pool::SteadyTime now)
{
    if (fixed_ || held_ || hint_ == difficulty) return;
    hint_ = difficulty;
    expected_ = difficulty;
    begin_anew(difficulty, now);
}

void DifficultyPolicy::begin_at(pool::Difficulty difficulty, pool::SteadyTime now)
{
    if (fixed_ || held_ || begun_at_ == difficulty) return;
    begun_at_ = difficulty;
    expected_ = difficulty;
    begin_anew(difficulty, now);
}

// With the counts goes what is known of the miner's rate: what it must not ask for is noted before,
// or two hints in turns would keep it at the lowest for ever.
void DifficultyPolicy::begin_anew(pool::Difficulty difficulty, pool::SteadyTime now)
{
    note_rate(now);
    wanted_ = std::max(difficulty, crowded_);
    at_bottom_ = false;
    changed_ = now;
    counts_.reset();
}

void DifficultyPolicy::set_ceiling(pool::Difficulty difficulty, pool::SteadyTime now)
{
    note_rate(now);
    ceiling_ = std::max(difficulty, crowded_);
}

void DifficultyPolicy::note_rate(pool::SteadyTime now)
{
    if (now - crowded_at_ >= crowd_kept) crowded_ = pool::difficulty_min;
    if (counts_ == nullptr) return;
    const double age = std::max(seconds_between(changed_, now), age_min_s);
    std::optional<pool::Difficulty> crowded;
    for (const Window& window : windows) {
        const ShareWindows::Sum sum = counts_->last(window.seconds, age);
        if (sum.shares < up_shares_min) continue;
        const double low = lower_bound(sum.shares, window.up_confidence) * sum.work / sum.shares;
        const double most = times_wanted_max * limits_.shares_per_minute * sum.seconds / 60;
        const auto level = low > 0 ? pool::difficulty_at_most(low / most) : std::nullopt;
        if (level) crowded = std::max(crowded.value_or(pool::difficulty_min), *level);
    }
    if (!crowded || *crowded < crowded_) return;
    crowded_ = *crowded;
    crowded_at_ = now;
}

std::optional<pool::Difficulty> DifficultyPolicy::fit_for(double hashes_per_second) const
{
    constexpr double hashes_per_difficulty = 0x1p32;
    return pool::difficulty_at_most(hashes_per_second * 60 /
                                    (limits_.shares_per_minute * hashes_per_difficulty));
}

void DifficultyPolicy::start_at(pool::Difficulty difficulty, pool::SteadyTime now)
{
    if (fixed_ || held_ || hint_ == difficulty) return;
    suggest(difficulty, now);
    demanded_start_ = difficulty;
}

void DifficultyPolicy::hold(pool::Difficulty difficulty, pool::SteadyTime now)
{
    if (fixed_ || held_ == difficulty) return;
    held_ = difficulty;
    begin_anew(difficulty, now);
}

void DifficultyPolicy::fix(pool::Difficulty difficulty)
{
    wanted_ = difficulty;
    held_.reset();
    fixed_ = true;
    counts_.reset();
}

pool::Difficulty DifficultyPolicy::next() const
{
    const auto wanted = std::min(std::max(wanted_, held_.value_or(wanted_)), ceiling_);
    const auto allowed = std::min(std::max(wanted, limits_.min), limits_.max);
    const auto start = std::min(demanded_start_, ceiling_);
    const auto demanded =
        std::min(std::max({floor_, configured_floor_, start}), std::max(cap_, beats_network_max));
    return std::max(std::min(allowed, cap_), std::min(std::max(demanded, least_), limits_.max));
}

void DifficultyPolicy::on_share(pool::Difficulty difficulty, pool::SteadyTime now)
{
    work_ += std::ldexp(1.0, difficulty.exponent);
    if (fixed_ || !limits_.vary) return;
    if (counts_ == nullptr) counts_ = std::make_unique<ShareWindows>();
    counts_->add(difficulty, seconds_between(changed_, now));
    evaluate(now);
}

bool DifficultyPolicy::bears(pool::Difficulty promised, pool::Difficulty newest,
                             pool::SteadyTime now)
{
    if (limits_.easy_shares <= 0 || promised >= newest) return true;
    const double per_second = times_wanted_max * limits_.shares_per_minute / 60;
    return easy_.take(per_second, limits_.easy_shares, now);
}

void DifficultyPolicy::on_tick(pool::SteadyTime now)
{
    if (now >= next_look()) evaluate(now);
}

pool::SteadyTime DifficultyPolicy::next_look() const
{
    if (fixed_ || !limits_.vary) return pool::SteadyTime::max();
    const pool::SteadyTime again = evaluated_ + (at_bottom_ ? silence_at_bottom : silence_every);
    if (counts_ != nullptr) return again;
    // Before that no silence is long enough to mean anything.
    const double per_second = limits_.shares_per_minute * (held_ ? times_wanted_max : 1) / 60;
    const std::chrono::duration<double> least{silent_shares / per_second};
    return std::max(again, changed_ + std::chrono::ceil<pool::SteadyTime::duration>(least));
}

std::optional<std::chrono::duration<double>> DifficultyPolicy::share_interval(
    pool::Difficulty difficulty, pool::SteadyTime now) const
{
    const double worth = std::ldexp(1.0, difficulty.exponent);
    if (work_ > 0) {
        return std::chrono::duration<double>{seconds_between(began_, now) * worth / work_};
    }
    if (!expected_) return std::nullopt;
    const double usual_s = 60 / limits_.shares_per_minute;
    return std::chrono::duration<double>{usual_s * worth / std::ldexp(1.0, expected_->exponent)};
}

void DifficultyPolicy::evaluate(pool::SteadyTime now)
{
    evaluated_ = now;
    at_bottom_ = false;
    const double age = std::max(seconds_between(changed_, now), age_min_s);
    const double difficulty = std::ldexp(1.0, next().exponent);
    const bool at_ceiling = next() >= ceiling_;
    for (const Window& window : windows) {
        ShareWindows::Sum sum{.seconds = std::min(window.seconds, age), .shares = 0, .work = 0};
        if (counts_ != nullptr) sum = counts_->last(window.seconds, age);
        const double usual = limits_.shares_per_minute * sum.seconds / 60;
        const double most_expected = usual * (held_ || at_ceiling ? times_wanted_max : 1);
        const double expected = usual * (held_ ? times_wanted_max : 1);
        const double worth = sum.work / difficulty;  // in shares of today's difficulty
        const double scale = sum.shares > 0 ? worth / sum.shares : 1;

        const double low = lower_bound(std::max(sum.shares, 1.0), window.up_confidence) * scale;
        if (sum.shares >= up_shares_min && low > up_at * most_expected) {
            const int most = now - began_ < ramp ? ramp_steps_max : steps_max;
            const auto by = static_cast<int>(std::lround(std::log2(low / most_expected)));
            const int steps = std::clamp(by, 1, most);
            if (at_ceiling) ceiling_ = {next().exponent + steps};
            return move(steps, now);
        }
        const double high = upper_bound(sum.shares, down_confidence) * scale;
        if (expected >= down_expected_min && high < down_at * expected) {
            const double by =
                (std::log2(high / expected) + std::log2(std::max(worth, 0.5) / expected)) / 2;
            const pool::Difficulty before = next();
            move(-std::clamp(static_cast<int>(std::lround(-by)), 1, steps_max), now);
            at_bottom_ = next() == before;
            return;
        }
        if (age <= window.seconds && sum.shares == 0) return;  // longer windows say the same
    }
}

void DifficultyPolicy::move(int steps, pool::SteadyTime now)
{
    const pool::Difficulty before = next();
    const pool::Difficulty old = wanted_;
    if (!held_) demanded_start_ = pool::difficulty_min;
    wanted_ = {before.exponent + steps};
    wanted_ = std::clamp(wanted_, pool::difficulty_min, pool::difficulty_max);
    wanted_ = next();
    if (wanted_ == before) {
        wanted_ = old;
        return;
    }
    if (steps < 0) crowded_ = std::min(crowded_, wanted_);
    changed_ = now;
    counts_.reset();
}

}  // namespace stratum
