#include "tests/sim/pplns_life.h"

#include <cmath>

#include "payouts/pplns.h"

namespace sim {
namespace {

using payouts::AccountAmount;
using pool::AccountId;
using pool::Sats;
using pool::U128;

constexpr std::uint64_t slots_a_month = 30 * slots_a_day;
constexpr double retarget = 1.1;  // up, and down again
constexpr std::uint64_t unit = 1'000'000'000'000'000'000;
constexpr Sats reward{312'500'000};
constexpr double farm_part = 0.1;          // of the pool's work, while it mines
constexpr std::uint64_t probe_every = 11;  // slots: coprime to days and retargets
constexpr AccountId farm{1};
constexpr AccountId others{2};

}  // namespace

Life::Life(std::uint64_t seed, Window window, double n)
    : random_(seed), window_(window), size_(static_cast<U128>(n * 1000) * (unit / 1000))
{
}

void Life::run(std::uint64_t blocks, const Strategy& strategy)
{
    for (std::uint64_t slot = 1; found_ < blocks; ++slot) live(slot, strategy);
}

double Life::expected() const { return expected_ * probe_every / score_; }

double Life::happened() const { return paid_ / (score_ * static_cast<double>(reward.value)); }

double Life::variation() const
{
    double squares = 0;
    const auto count = static_cast<double>(months_.size());
    double mean = 0;
    for (const double paid : months_) mean += paid / count;
    for (const double paid : months_) squares += std::pow(paid - mean, 2);
    return std::sqrt(squares / (count - 1)) / mean;
}

void Life::live(std::uint64_t slot, const Strategy& strategy)
{
    const bool high = slot / slots_a_retarget % 2 == 1;
    const double difficulty = high ? retarget : 1.0;
    const View view{slot, since_block_, slots_a_retarget - slot % slots_a_retarget, !high,
                    coin_(random_)};
    const double whole = static_cast<double>(unit) / slots_a_block;
    const double mined = strategy(view) ? farm_part * whole : 0;
    const double rest = (1 - farm_part) * whole;
    const double chance = (mined + rest) / difficulty / static_cast<double>(unit);

    const double scale = window_ == Window::by_score ? 1 / difficulty : 1.0;
    if (window_ != Window::by_round) {
        history_.push_back({slot, static_cast<std::uint64_t>(mined * scale),
                            static_cast<std::uint64_t>(rest * scale)});
    }
    score_ += mined / difficulty / static_cast<double>(unit);
    round_farm_ += mined;
    round_all_ += mined + rest;
    since_block_ += chance;
    if (slot % probe_every == 0) {
        const double part = farms_part(slot, difficulty);
        expected_ += chance * part / static_cast<double>(reward.value);
    }
    std::poisson_distribution<int> blocks{chance};
    for (int more = blocks(random_); more > 0; --more) {
        ++found_;
        since_block_ = 0;
        const double part = farms_part(slot, difficulty);
        round_farm_ = round_all_ = 0;
        paid_ += part;
        month_paid_ += part;
    }
    if (slot % slots_a_month == 0) {
        months_.push_back(month_paid_);
        month_paid_ = 0;
    }
}

double Life::part_of_round() const
{
    return round_all_ > 0 ? static_cast<double>(reward.value) * round_farm_ / round_all_ : 0;
}

// Of a block in slot `end`, in satoshi.
double Life::farms_part(std::uint64_t end, double difficulty)
{
    if (window_ == Window::by_round) return part_of_round();
    const U128 size = window_ == Window::by_score
                          ? size_
                          : static_cast<U128>(static_cast<double>(size_) * difficulty);
    payouts::WindowSearch search{size};
    AccountAmount mine{farm, 0};
    AccountAmount theirs{others, 0};
    std::vector<AccountAmount> cut;
    auto at = history_.rbegin();
    while (at != history_.rend() && at->number >= end) ++at;
    for (; at != history_.rend(); ++at) {
        const bool more = search.add({at->number, U128{at->farm} + at->others});
        if (search.bounds().cut) {
            cut = {{farm, at->farm}, {others, at->others}};
            break;
        }
        mine.amount += at->farm;
        theirs.amount += at->others;
        if (!more) break;
    }
    const auto keep = static_cast<std::size_t>(static_cast<double>(size_) /
                                               static_cast<double>(unit) * slots_a_block * 2);
    while (history_.size() > keep) history_.pop_front();
    const std::vector full{mine, theirs};
    double part = 0;
    for (const auto& credit :
         payouts::settle(reward, payouts::window_weights(search.bounds(), full, cut), {}, {})) {
        if (credit.account == farm) part = static_cast<double>(credit.gross.value);
    }
    return part;
}

std::vector<Case> cases()
{
    const auto before_rise = [](const View& v) {
        return v.rises && v.to_retarget <= slots_a_block;
    };
    const auto young = [](const View& v) { return v.since_block < 0.43; };
    return {
        {"mines always", [](const View&) { return true; }},
        {"nights only, 8 of 24 hours",
         [](const View& v) { return v.slot % slots_a_day < slots_a_day / 3; }},
        {"a coin each minute", [](const View& v) { return v.coin < 0.5; }},
        {"young rounds only, below 0.43 blocks", young},
        {"long rounds only, above 1.5 blocks", [](const View& v) { return v.since_block > 1.5; }},
        {"just before difficulty rises", before_rise},
        {"just after difficulty has risen",
         [](const View& v) {
             return !v.rises && v.to_retarget > slots_a_retarget - slots_a_block;
         }},
        {"for contrast, a window of raw work: before a rise", before_rise, Window::by_work, false},
        {"for contrast, proportional rounds: young ones only", young, Window::by_round, false},
    };
}

}  // namespace sim
