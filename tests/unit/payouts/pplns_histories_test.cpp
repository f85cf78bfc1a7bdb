// Thousands of random histories, split here and by the reference in Python, must come to the same
// text: tests/golden/pplns_histories.py makes the same ones from the same numbers.
#include <chrono>
#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/pplns.h"
#include "pool/base/bytes.h"
#include "pool/crypto/sha256.h"
#include "tests/support/process.h"

namespace payouts {
namespace {

using pool::AccountId;
using pool::Sats;
using pool::U128;

/// SplitMix64.
class Numbers {
public:
    explicit Numbers(std::uint64_t seed) : state_(seed) {}
    std::uint64_t draw()
    {
        state_ += 0x9E3779B97F4A7C15;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

struct History {
    std::uint64_t accounts = 0;
    std::map<std::uint64_t, std::vector<AccountAmount>> slots;
    U128 size = 0;
    std::uint64_t end = 0;
    Sats reward;
    Terms usual;
    std::map<AccountId, Terms> special;
};

// Draws in the same order as the script, or nothing fits.
History history_of(std::uint64_t seed)
{
    Numbers source{seed};
    History history;
    history.accounts = 1 + source.draw() % 12;
    const std::uint64_t slots = 1 + source.draw() % 40;
    U128 base = 1;
    for (std::uint64_t power = 12 + source.draw() % 12; power > 0; --power) base *= 10;
    for (std::uint64_t slot = 1; slot <= slots; ++slot) {
        if (source.draw() % 5 == 0) continue;
        for (std::uint64_t account = 1; account <= history.accounts; ++account) {
            if (source.draw() % 3 != 0) continue;
            const U128 high = source.draw();
            history.slots[slot].push_back(
                {AccountId{account}, (high << 64 | source.draw()) % base});
        }
    }
    history.size = U128{1 + source.draw() % 8000} * 1'000'000'000'000'000;
    history.end = 1 + source.draw() % (slots + 2);
    history.reward = Sats{static_cast<std::int64_t>(source.draw() % 700'000'000)};
    history.usual.fee_bps = static_cast<unsigned>(source.draw() % 301);
    for (std::uint64_t account = 1; account <= history.accounts; ++account) {
        if (source.draw() % 4 != 0) continue;
        Terms& terms = history.special[AccountId{account}];
        terms.fee_bps = static_cast<unsigned>(source.draw() % 1001);
        terms.donation_bps = static_cast<unsigned>(source.draw() % 501);
    }
    return history;
}

std::string text_of(const History& history)
{
    WindowSearch search{history.size};
    for (auto at = std::make_reverse_iterator(history.slots.lower_bound(history.end));
         at != history.slots.rend(); ++at) {
        U128 sum = 0;
        for (const AccountAmount& each : at->second) sum += each.amount;
        if (!search.add({at->first, sum})) break;
    }
    const WindowBounds& bounds = search.bounds();
    std::map<AccountId, U128> sums;
    for (const auto& [slot, amounts] : history.slots) {
        if (!bounds.first_full || slot < *bounds.first_full || slot >= history.end) continue;
        for (const AccountAmount& each : amounts) sums[each.account] += each.amount;
    }
    std::vector<AccountAmount> full;
    for (const auto& [account, amount] : sums) full.push_back({account, amount});
    const auto weights = window_weights(
        bounds, full,
        bounds.cut ? history.slots.at(bounds.cut->slot) : std::vector<AccountAmount>{});

    const Cut cut = bounds.cut.value_or(Cut{});
    std::string text = pool::to_decimal(bounds.total) + " " +
                       std::to_string(bounds.first.value_or(0)) + " " + std::to_string(cut.slot) +
                       " " + pool::to_decimal(cut.kept) + " " + pool::to_decimal(cut.of);
    Sats fee;
    for (const Credit& each : settle(history.reward, weights, history.usual, history.special)) {
        text += " " + std::to_string(each.account.value) + ":" + pool::to_decimal(each.weight);
        for (const Sats part : {each.gross, each.net, each.donation}) {
            text += ":" + std::to_string(part.value);
        }
        fee += each.fee;
    }
    return text + " " + std::to_string(fee.value) + "\n";
}

TEST(PplnsHistories, AreSplitAsTheReferenceSplitsThem)
{
    constexpr std::uint64_t per_digest = 100;
    std::ifstream file{ZUBR_GOLDEN_DIR "/pplns_histories.txt"};
    std::string wanted;
    std::uint64_t seed = 0;
    while (std::getline(file, wanted)) {
        std::string text;
        for (const std::uint64_t end = seed + per_digest; seed < end; ++seed) {
            text += text_of(history_of(seed));
        }
        ASSERT_EQ(pool::to_hex(pool::sha256(pool::as_bytes(text))), wanted)
            << "one of the hundred before " << seed
            << ", the first of them is: " << text.substr(0, text.find('\n'));
    }
    EXPECT_EQ(seed, 4000U);
}

// Others than those of the file, by the reference as it runs.
TEST(PplnsHistories, AreSplitAsTheReferenceSplitsThemNow)
{
    constexpr std::uint64_t first = 1'000'000;
    constexpr std::uint64_t count = 8000;
    const tests::TempDir temp;
    tests::Process reference{{"/usr/bin/env", "python3", ZUBR_GOLDEN_DIR "/pplns_histories.py",
                              std::to_string(first), std::to_string(count)},
                             temp.path() / "lines"};
    const auto ended = reference.wait(std::chrono::minutes{2});
    ASSERT_EQ(ended.value_or(-1), 0) << reference.output().substr(0, 2000);
    std::istringstream lines{reference.output()};
    std::string wanted;
    std::uint64_t seed = first;
    for (; std::getline(lines, wanted); ++seed) {
        ASSERT_EQ(text_of(history_of(seed)), wanted + "\n") << "history " << seed;
    }
    EXPECT_EQ(seed, first + count);
}

}  // namespace
}  // namespace payouts
