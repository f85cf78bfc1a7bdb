// ./dev sim pplns: does it pay to hop, and does it cost to mine at night only? Long random lives of
// a pool, paid by the pool's own code (payouts/pplns.h); fails when anyone is off by 0.5 %.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "payouts/pplns.h"

namespace {

using payouts::AccountAmount;
using pool::AccountId;
using pool::Sats;
using pool::U128;

constexpr std::uint64_t slots_a_block = 48;  // of this pool, at the mean difficulty
constexpr std::uint64_t slots_a_day = 1440;
constexpr std::uint64_t slots_a_month = 30 * slots_a_day;
constexpr std::uint64_t slots_a_retarget = 2016;  // shorter than Bitcoin's: more of them
constexpr double retarget = 1.1;                  // up, and down again
constexpr std::uint64_t unit = 1'000'000'000'000'000'000;
constexpr Sats reward{312'500'000};
constexpr double farm_part = 0.1;          // of the pool's work, while it mines
constexpr std::uint64_t probe_every = 11;  // slots: coprime to days and retargets
constexpr double bound = 0.005;
constexpr AccountId farm{1};
constexpr AccountId others{2};

/// What a farm may know when it decides whether to mine in a slot.
struct View {
    std::uint64_t slot = 0;
    double since_block = 0;         // work of the pool since its last block, in blocks
    std::uint64_t to_retarget = 0;  // slots
    bool rises = false;             // difficulty, at the next retarget
    double coin = 0;                // 0 ..= 1
};
using Strategy = std::function<bool(const View&)>;

struct Slot {
    std::uint64_t number = 0;
    std::uint64_t farm = 0;
    std::uint64_t others = 0;
};

/// By the difficulty of each share's own time, or by raw work, as many pools still do.
enum class Window { by_score, by_work };

class Life {
public:
    Life(std::uint64_t seed, Window window, double n)
        : random_(seed), window_(window), size_(static_cast<U128>(n * 1000) * (unit / 1000))
    {
    }

    /// Mines until `blocks` are found.
    void run(std::uint64_t blocks, const Strategy& strategy)
    {
        for (std::uint64_t slot = 1; found_ < blocks; ++slot) live(slot, strategy);
    }

    /// What a block in any slot would have paid the farm, times the chance of one, over the worth
    /// of the farm's shares: the mean of all lives with these decisions, free of this life's luck.
    double expected() const { return expected_ * probe_every / score_; }
    /// As it came in this life.
    double happened() const { return paid_ / (score_ * static_cast<double>(reward.value)); }
    /// Coefficient of variation of a month's income.
    double variation() const
    {
        double squares = 0;
        const auto count = static_cast<double>(months_.size());
        double mean = 0;
        for (const double paid : months_) mean += paid / count;
        for (const double paid : months_) squares += std::pow(paid - mean, 2);
        return std::sqrt(squares / (count - 1)) / mean;
    }

private:
    void live(std::uint64_t slot, const Strategy& strategy)
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
        history_.push_back({slot, static_cast<std::uint64_t>(mined * scale),
                            static_cast<std::uint64_t>(rest * scale)});
        score_ += mined / difficulty / static_cast<double>(unit);
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
            paid_ += part;
            month_paid_ += part;
        }
        if (slot % slots_a_month == 0) {
            months_.push_back(month_paid_);
            month_paid_ = 0;
        }
    }

    /// Of a block in slot `end`, in satoshi.
    double farms_part(std::uint64_t end, double difficulty)
    {
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

    std::mt19937_64 random_;
    std::uniform_real_distribution<double> coin_{0, 1};
    Window window_;
    U128 size_;
    std::deque<Slot> history_;
    double since_block_ = 0;
    std::uint64_t found_ = 0;
    double score_ = 0;  // of the farm, in blocks
    double paid_ = 0;
    double expected_ = 0;
    double month_paid_ = 0;
    std::vector<double> months_;
};

struct Case {
    const char* name;
    Strategy strategy;
    Window window = Window::by_score;
    bool fair = true;  ///< else a contrast, which has to come out unfair
};

std::vector<Case> cases()
{
    const auto before_rise = [](const View& v) {
        return v.rises && v.to_retarget <= slots_a_block;
    };
    return {
        {"mines always", [](const View&) { return true; }},
        {"nights only, 8 of 24 hours",
         [](const View& v) { return v.slot % slots_a_day < slots_a_day / 3; }},
        {"a coin each minute", [](const View& v) { return v.coin < 0.5; }},
        {"young rounds only, below 0.43 blocks",
         [](const View& v) { return v.since_block < 0.43; }},
        {"long rounds only, above 1.5 blocks", [](const View& v) { return v.since_block > 1.5; }},
        {"just before difficulty rises", before_rise},
        {"just after difficulty has risen",
         [](const View& v) {
             return !v.rises && v.to_retarget > slots_a_retarget - slots_a_block;
         }},
        {"for contrast, a window of raw work: before a rise", before_rise, Window::by_work, false},
    };
}

}  // namespace

int main(int argc, char** argv)
{
    const std::string what = argc > 1 ? argv[1] : "";
    const std::uint64_t blocks = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 200'000;
    const std::uint64_t seed = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 1;
    if (what != "pplns" || blocks == 0) {
        std::fprintf(stderr, "usage: zubr_sim pplns [BLOCKS [SEED]]\n");
        return 2;
    }
    std::printf(
        "PPLNS-SU/1, N = 2; %llu blocks a row, seed %llu; a farm of 10 %% of the pool; difficulty "
        "+10 %%, -10 %% in turn\n\n%-52s %10s %10s %14s\n",
        static_cast<unsigned long long>(blocks), static_cast<unsigned long long>(seed), "strategy",
        "paid/fair", "this life", "CV of 30 days");
    bool good = true;
    for (const Case& each : cases()) {
        Life life{seed, each.window, 2.0};
        life.run(blocks, each.strategy);
        const double off = std::abs(life.expected() - 1);
        const bool right = each.fair ? off <= bound : off > bound;
        good = good && right;
        std::printf("%-52s %10.4f %10.4f %14.3f%s\n", each.name, life.expected(), life.happened(),
                    life.variation(), right ? "" : "  <-- wrong");
    }
    std::printf("\n%s\n", good ? "nobody is off by more than 0.5 %, but by a raw window"
                               : "FAILED: somebody gains or loses by choosing when to mine");
    return good ? 0 : 1;
}
