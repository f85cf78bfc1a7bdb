// PPLNS-SU/1 against an independent reference: tests/golden/README.md, payouts_vectors.json.
#include <charconv>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/pplns.h"
#include "pool/base/json.h"
#include "pool/bitcoin/target.h"

namespace payouts {
namespace {

using pool::AccountId;
using pool::CompactBits;
using pool::JsonValue;
using pool::Sats;
using pool::U128;
using pool::Uint256;

using Scores = std::map<std::uint64_t, U128>;   // by account
using Slots = std::map<std::uint64_t, Scores>;  // by slot
using Special = std::map<pool::AccountId, Terms>;

constexpr U128 unit = 1'000'000'000'000'000'000;
constexpr U128 milli = unit / 1000;

U128 number_of(JsonValue value)
{
    const auto text = value.number_text();
    EXPECT_TRUE(text.has_value());
    return pool::u128_from_decimal(text.value_or("")).value_or(0);
}

std::vector<AccountAmount> amounts_of(const Scores& scores)
{
    std::vector<AccountAmount> out;
    for (const auto& [account, score] : scores) out.push_back({AccountId{account}, score});
    return out;
}

// An object of account ids and amounts. Zeros are left out when `sparse`.
Scores scores_of(JsonValue object, bool sparse = false)
{
    Scores out;
    for (const JsonValue member : object) {
        std::uint64_t account = reserve_account.value;
        const std::string_view key = member.key();
        if (key != "R") std::from_chars(key.data(), key.data() + key.size(), account);
        const U128 amount = number_of(member);
        if (amount != 0 || !sparse) out[account] = amount;
    }
    return out;
}

struct Paid {
    WindowBounds bounds;
    Scores weights;
    Scores gross;
    Scores net;
    U128 fee = 0;
    U128 donation = 0;
};

// What the books do for a block, without the database between the parts.
Paid pay(const Slots& slots, std::uint64_t end, U128 size, Sats reward, const Terms& usual = {},
         const Special& special = {})
{
    WindowSearch search{size};
    for (auto at = std::make_reverse_iterator(slots.lower_bound(end)); at != slots.rend(); ++at) {
        U128 sum = 0;
        for (const auto& [account, score] : at->second) sum += score;
        if (!search.add({at->first, sum})) break;
    }
    Paid paid;
    paid.bounds = search.bounds();
    Scores full;
    if (paid.bounds.first_full) {
        for (auto at = slots.lower_bound(*paid.bounds.first_full);
             at != slots.end() && at->first < end; ++at) {
            for (const auto& [account, score] : at->second) full[account] += score;
        }
    }
    const auto cut = paid.bounds.cut ? amounts_of(slots.at(paid.bounds.cut->slot))
                                     : std::vector<AccountAmount>{};
    const auto weights = window_weights(paid.bounds, amounts_of(full), cut);
    for (const AccountAmount& each : weights) paid.weights[each.account.value] = each.amount;
    const auto credits = settle(reward, weights, usual, special);
    if (credits.empty()) paid.gross[reserve_account.value] = static_cast<U128>(reward.value);
    for (const Credit& credit : credits) {
        paid.gross[credit.account.value] = static_cast<U128>(credit.gross.value);
        paid.net[credit.account.value] = static_cast<U128>(credit.net.value);
        paid.fee += static_cast<U128>(credit.fee.value);
        paid.donation += static_cast<U128>(credit.donation.value);
    }
    return paid;
}

// Member 9 of the reference's seeded vector stands for the reserve; here it is an account as any.
Slots five_slots()
{
    return {{1, {{1, 500 * milli}, {2, 500 * milli}}},
            {2, {{1, 250 * milli}, {3, 250 * milli}}},
            {3, {{2, 500 * milli}}},
            {4, {{3, 500 * milli}, {1, 250 * milli}}}};
}

// Two weeks: 600 and 300 PH/s all day, a farm of 400 PH/s from 22:00 to 06:00, and a retarget
// after the first. The second week's work lies where all of the reference's scores agree.
Slots two_weeks()
{
    constexpr U128 peta_minute = U128{60} * 1'000'000'000'000'000;
    const U128 first = pool::work_of(*pool::target_from_compact(CompactBits{0x1701f0cc}));
    const U128 second = *pool::u128_from_decimal("671630010123970599696347");
    Slots slots;
    for (std::uint64_t slot = 0; slot < 14 * 1440; ++slot) {
        const U128 network = slot < 7 * 1440 ? first : second;
        slots[slot][1] = pool::score_of(600 * peta_minute, network);
        slots[slot][2] = pool::score_of(300 * peta_minute, network);
        const std::uint64_t minute = slot % 1440;
        if (minute < 360 || minute >= 1320) {
            slots[slot][3] = pool::score_of(400 * peta_minute, network);
        }
    }
    return slots;
}

class PayoutVectors : public testing::Test {
protected:
    void SetUp() override
    {
        std::ifstream file{ZUBR_GOLDEN_DIR "/payouts_vectors.json"};
        text = {std::istreambuf_iterator<char>{file}, {}};
        const auto parsed = document.parse(text, {.bytes_max = 1 << 16});
        ASSERT_TRUE(parsed.has_value());
        vectors = *parsed;
        ASSERT_EQ(vectors.size(), 26U);
    }

    JsonValue vector(std::string_view name)
    {
        const JsonValue found = vectors.find(name);
        EXPECT_TRUE(found.exists()) << name;
        return found;
    }

    void expect_apportion(std::string_view name, U128 total, const Scores& weights)
    {
        Scores got;
        for (const AccountAmount& each : apportion(total, amounts_of(weights))) {
            got[each.account.value] = each.amount;
        }
        EXPECT_EQ(got, scores_of(vector(name))) << name;
    }

    void expect_paid(std::string_view name, const Slots& slots, const Terms& usual = {},
                     const Special& special = {})
    {
        const JsonValue wanted = vector(name);
        const auto size = static_cast<U128>(wanted.find("N").number().value() * 1000) * milli;
        const Sats reward{wanted.find("R").int64().value()};
        const Paid paid =
            pay(slots, wanted.find("end").uint64().value(), size, reward, usual, special);

        EXPECT_EQ(paid.weights, scores_of(wanted.find("win"), true)) << name;
        EXPECT_EQ(paid.gross, scores_of(wanted.find("gross"))) << name;
        EXPECT_EQ(paid.net, scores_of(wanted.find("net"))) << name;
        EXPECT_EQ(paid.donation, number_of(wanted.find("donation"))) << name;
        EXPECT_EQ(paid.fee, number_of(wanted.find("fee"))) << name;

        const JsonValue info = wanted.find("info");
        EXPECT_EQ(paid.bounds.total, number_of(info.find("total"))) << name;
        EXPECT_EQ(paid.bounds.first, info.find("first").uint64()) << name;
        const JsonValue cut = info.find("cut");
        ASSERT_EQ(paid.bounds.cut.has_value(), !cut.is_null()) << name;
        if (!paid.bounds.cut) return;
        const Cut expected{cut.at(0).uint64().value(), number_of(cut.at(1)), number_of(cut.at(2))};
        EXPECT_EQ(*paid.bounds.cut, expected) << name;
    }

    std::string text;
    pool::JsonDocument document;
    JsonValue vectors;
};

TEST_F(PayoutVectors, ApportionGivesWhatTheReferenceGives)
{
    expect_apportion("A1", 100, {{1, 1}, {2, 1}, {3, 1}});
    expect_apportion("A2", 312'500'000, {{1, 3}, {2, 2}, {3, 2}});
    expect_apportion("A3", 1, {{3, 5}, {7, 5}});
    expect_apportion("A4", 10, {{1, 0}, {2, 4}});
    expect_apportion("A5", 314'159'265, {{1, 1}, {2, unit}, {3, unit - 1}});
}

TEST_F(PayoutVectors, WorkAndScoreAreTheReferences)
{
    const U128 network = pool::work_of(*pool::target_from_compact(CompactBits{0x1701f0cc}));
    EXPECT_EQ(network, number_of(vector("B0").find("work")));
    for (const std::uint64_t difficulty : {1U, 65'536U, 1'000'000U, 8'388'608U}) {
        const JsonValue wanted = vector("B_diff" + std::to_string(difficulty));
        const Uint256 target =
            Uint256::divide(pool::difficulty_one_target(), Uint256{difficulty}).quotient;
        EXPECT_EQ(pool::work_of(target), number_of(wanted.find("work"))) << difficulty;
        EXPECT_EQ(pool::score_of(pool::work_of(target), network), number_of(wanted.find("score")))
            << difficulty;
    }
    const JsonValue regtest = vector("B_regtest");
    const U128 easiest = pool::work_of(*pool::target_from_compact(CompactBits{0x207fffff}));
    EXPECT_EQ(easiest, number_of(regtest.find("work")));
    EXPECT_EQ(pool::score_of(easiest, easiest),
              number_of(regtest.find("score_of_net_target_share")));
}

TEST_F(PayoutVectors, WindowsAreCutAndSplitAsTheReferenceDoes)
{
    const Terms one_percent{100, 0};
    expect_paid("C1_partial_oldest", five_slots(), one_percent);
    expect_paid("C2_exact_no_cut", five_slots());
    expect_paid("C3_short_history", five_slots());
    Slots seeded = five_slots();
    seeded[0] = {{9, 2 * unit}};
    expect_paid("C4_short_history_seeded", seeded);
    expect_paid("C5_empty", five_slots());
    expect_paid("C6_N8", five_slots());
    expect_paid("C7_fee_donation", five_slots(), {150, 0},
                {{AccountId{1}, {150, 250}}, {AccountId{3}, {0, 0}}});
}

TEST_F(PayoutVectors, BlocksOfOneSlotHaveOneWindowAndTheNextSlotSeesMore)
{
    Slots slots = five_slots();
    slots[5] = {{1, milli}};
    expect_paid("C8_block_a_slot5", slots);
    expect_paid("C8_block_b_slot5", slots);
    expect_paid("C8_block_c_slot6", slots);
}

TEST_F(PayoutVectors, ARetargetInsideTheWindowChangesNobodysValue)
{
    Slots slots;
    for (const JsonValue slot : vector("D0")) {
        std::uint64_t number = 0;
        std::from_chars(slot.key().data(), slot.key().data() + slot.key().size(), number);
        slots[number] = scores_of(slot);
    }
    expect_paid("D1_retarget", slots);

    // For contrast, a window of raw work: the last two difficulties of the block, by work.
    constexpr U128 raw_slot = U128{214'751'641'650'007'500} * 1'000'000;
    const U128 two_blocks =
        pool::work_of(
            Uint256::divide(pool::difficulty_one_target(), Uint256{110'000'000'000'000}).quotient) *
        2;
    Slots raw;
    const std::vector<std::uint64_t> members{1, 2, 1, 2, 3};
    for (std::size_t i = 0; i < members.size(); ++i) raw[i + 1][members[i]] = raw_slot;
    const Paid paid = pay(raw, 6, two_blocks, Sats{312'500'000});
    EXPECT_EQ(paid.gross, scores_of(vector("D2_raw_contrast")));
}

TEST_F(PayoutVectors, TwoWeeksWithANightlyFarmAreTheReferences)
{
    const Slots slots = two_weeks();
    expect_paid("E1_14d_N2", slots, {100, 0});
    expect_paid("E2_14d_N1", slots, {100, 0});
}

}  // namespace
}  // namespace payouts
