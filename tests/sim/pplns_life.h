#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "pool/base/uint256.h"

/// Long random lives of a pool with one farm that chooses when to mine, paid by the pool's own code
/// (payouts/pplns.h): does it pay to hop, and does it cost to mine at night only?
namespace sim {

inline constexpr std::uint64_t slots_a_block = 48;  ///< of this pool, at the mean difficulty
inline constexpr std::uint64_t slots_a_day = 1440;
inline constexpr std::uint64_t slots_a_retarget = 2016;  ///< shorter than Bitcoin's: more of them
inline constexpr double bound = 0.005;                   ///< so far off fair anybody may be

/// What a farm may know when it decides whether to mine in a slot.
struct View {
    std::uint64_t slot = 0;
    double since_block = 0;         ///< work of the pool since its last block, in blocks
    std::uint64_t to_retarget = 0;  ///< slots
    bool rises = false;             ///< difficulty, at the next retarget
    double coin = 0;                ///< 0 ..= 1
};
using Strategy = std::function<bool(const View&)>;

/// What a block pays: the newest work, by the difficulty of each share's own time or by raw work,
/// as many pools still do; or, in proportion, the work since the block before.
enum class Window { by_score, by_work, by_round };

class Life {
public:
    /// n: of PPLNS, in network difficulties.
    Life(std::uint64_t seed, Window window, double n);

    /// Mines until `blocks` are found.
    void run(std::uint64_t blocks, const Strategy& strategy);

    /// What a block in any slot would have paid the farm, times the chance of one, over the worth
    /// of the farm's shares: the mean of all lives with these decisions, free of this life's luck.
    double expected() const;
    /// As it came in this life.
    double happened() const;
    /// Coefficient of variation of a month's income.
    double variation() const;

private:
    struct Slot {
        std::uint64_t number = 0;
        std::uint64_t farm = 0;
        std::uint64_t others = 0;
    };
    void live(std::uint64_t slot, const Strategy& strategy);
    double part_of_round() const;
    double farms_part(std::uint64_t end, double difficulty);

    std::mt19937_64 random_;
    std::uniform_real_distribution<double> coin_{0, 1};
    Window window_;
    pool::U128 size_;
    std::deque<Slot> history_;
    double since_block_ = 0;
    std::uint64_t found_ = 0;
    double score_ = 0;  // of the farm, in blocks
    double paid_ = 0;
    double expected_ = 0;
    double month_paid_ = 0;
    double round_farm_ = 0;  // of the work since the last block
    double round_all_ = 0;
    std::vector<double> months_;
};

struct Case {
    std::string name;
    Strategy strategy;
    Window window = Window::by_score;
    bool fair = true;  ///< else a contrast, which has to come out unfair
};

/// All strategies there are, fair ones and contrasts.
std::vector<Case> cases();

}  // namespace sim
