#include "payouts/payout_rules.h"

#include <numeric>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace payouts {
namespace {

using pool::Sats;

pool::Bytes p2wpkh(std::uint8_t name)
{
    pool::Bytes script(22, name);
    script[0] = 0x00;
    script[1] = 20;
    return script;
}

Payee payee(std::uint64_t id, std::int64_t available)
{
    Payee one;
    one.account = pool::AccountId{id};
    one.name = "member-" + std::to_string(id);
    one.available = Sats{available};
    one.minimum = Sats{100'000};
    one.routes = {{"address-" + std::to_string(id), p2wpkh(static_cast<std::uint8_t>(id)), 10'000}};
    return one;
}

SelectionFrame rich()
{
    SelectionFrame frame;
    frame.coins = {Sats{5'000'000'000}, Sats{5'000'000'000}};
    return frame;
}

std::set<std::string> reasons(const Selection& selection)
{
    std::set<std::string> out;
    for (const PassedOver& each : selection.passed_over) out.insert(each.why.reason);
    return out;
}

Sats sum(const std::vector<Transfer>& transfers, std::string_view debit, std::string_view credit)
{
    Sats total;
    for (const Transfer& each : transfers) {
        if (each.debit.ends_with(debit) && each.credit.ends_with(credit)) total += each.amount;
    }
    return total;
}

TEST(PayoutSelection, PaysAllThatIsAvailableToThoseAboveTheirMinimum)
{
    const std::vector<Payee> payees{payee(1, 99'999), payee(2, 100'000), payee(3, 777'777)};
    const Selection selection = select(payees, rich());
    ASSERT_EQ(selection.items.size(), 2U);
    EXPECT_EQ(selection.items[0].account.value, 2U);
    EXPECT_EQ(selection.items[1].amount, Sats{777'777});
    EXPECT_EQ(selection.items[1].fee_share, Sats{0});
    EXPECT_EQ(selection.total, Sats{877'777});
    ASSERT_EQ(selection.passed_over.size(), 1U);
    EXPECT_EQ(selection.passed_over[0].name, "member-1");
}

TEST(PayoutSelection, KeepsAFloorBelowWhichNoOwnMinimumCounts)
{
    Payee eager = payee(1, 9'999);
    eager.minimum = Sats{1};
    EXPECT_TRUE(select(std::vector{eager}, rich()).items.empty());
    eager.available = Sats{10'000};
    EXPECT_EQ(select(std::vector{eager}, rich()).items.size(), 1U);
}

TEST(PayoutSelection, SplitsAnAccountOverItsAddressesToTheSatoshi)
{
    Payee split = payee(1, 1'000'001);
    split.routes = {{"a", p2wpkh(1), 3'333}, {"b", p2wpkh(2), 3'333}, {"c", p2wpkh(3), 3'334}};
    const Selection selection = select(std::vector{split}, rich());
    ASSERT_EQ(selection.items.size(), 3U);
    Sats total;
    for (const PayoutItem& item : selection.items) total += item.amount;
    EXPECT_EQ(total, split.available);
    split.routes = {{"a", p2wpkh(1), 9'999}, {"b", p2wpkh(2), 1}};
    EXPECT_TRUE(select(std::vector{split}, rich()).items.empty()) << "100 sat are dust";
}

TEST(PayoutSelection, IsolatesOneBadAddressAndPaysTheOthers)
{
    SelectionFrame frame = rich();
    frame.refused["address-2"] = {"address_unknown", "the node does not know such an address"};
    const std::vector<Payee> payees{payee(1, 200'000), payee(2, 200'000), payee(3, 200'000)};
    const Selection selection = select(payees, frame);
    EXPECT_EQ(selection.items.size(), 2U);
    EXPECT_EQ(reasons(selection),
              std::set<std::string>{"address-2: the node does not know such an address"});
}

/// Why each was passed over, for programs: "code limit about".
std::vector<std::string> codes(std::span<const Payee> payees, const SelectionFrame& frame)
{
    std::vector<std::string> out;
    for (const PassedOver& each : select(payees, frame).passed_over) {
        EXPECT_FALSE(each.why.reason.empty());
        out.push_back(each.why.code + " " + std::to_string(each.why.limit.value) + " " +
                      each.why.about);
    }
    return out;
}

TEST(PayoutSelection, SaysWhyNotByACodeThatOtherLanguagesHaveWordsFor)
{
    using Codes = std::vector<std::string>;
    const std::vector<Payee> one{payee(1, 200'000)};
    SelectionFrame frame = rich();
    frame.caps.floor = Sats{300'000};
    EXPECT_EQ(codes(one, frame), Codes{"minimum 300000 "});
    frame = rich();
    frame.caps.account_max = Sats{150'000};
    EXPECT_EQ(codes(one, frame), Codes{"account_cap 150000 "});
    frame = rich();
    frame.refused["address-1"] = {"address_own", "the pool's own address"};
    EXPECT_EQ(codes(one, frame), Codes{"address_own 0 address-1"});
    frame = rich();
    frame.caps.batch_max = Sats{150'000};
    EXPECT_EQ(codes(one, frame), Codes{"batch_cap 150000 "});
    frame = rich();
    frame.caps.day_max = Sats{160'000};
    EXPECT_EQ(codes(one, frame), Codes{"day_cap 160000 "});
    frame = rich();
    frame.booked = Sats{200'000};
    EXPECT_EQ(codes(one, frame), Codes{"books 0 "});
    frame = rich();
    frame.caps.outputs_max = 0;
    EXPECT_EQ(codes(one, frame), Codes{"outputs 0 "});
    frame = rich();
    frame.caps.vbytes_max = 100;
    EXPECT_EQ(codes(one, frame), Codes{"size 0 "});
    frame = rich();
    frame.coins.clear();
    EXPECT_EQ(codes(one, frame), Codes{"wallet 0 "});
    frame = rich();
    frame.fee_payer = FeePayer::recipients;
    frame.fee_rate = 200;
    std::vector<Payee> small{payee(1, 20'000)};
    small.front().minimum = Sats{10'000};
    EXPECT_EQ(codes(small, frame), Codes{"fee 0 "});
    small.front().routes = {{"a", p2wpkh(1), 9'999}, {"b", p2wpkh(2), 1}};
    EXPECT_EQ(codes(small, rich()), Codes{"dust 0 b"});
}

TEST(PayoutSelection, KeepsToTheCapsOfAccountBatchAndDay)
{
    const std::vector<Payee> payees{payee(1, 400'000), payee(2, 900'000), payee(3, 400'000)};
    SelectionFrame frame = rich();
    frame.caps.account_max = Sats{500'000};
    EXPECT_EQ(select(payees, frame).total, Sats{800'000});
    frame.caps.account_max = {};
    frame.caps.batch_max = Sats{1'000'000};
    EXPECT_EQ(select(payees, frame).total, Sats{800'000}) << "the second would pass it";
    frame.caps.batch_max = {};
    frame.caps.day_max = Sats{2'000'000};
    frame.paid_today = Sats{1'200'000};
    EXPECT_EQ(select(payees, frame).total, Sats{800'000});
}

TEST(PayoutSelection, TakesNoMoreThanTheWalletHoldsAndTwoHundredOutputs)
{
    std::vector<Payee> payees;
    for (std::uint64_t id = 1; id <= 250; ++id) payees.push_back(payee(id, 100'000));
    EXPECT_EQ(select(payees, rich()).items.size(), 200U);
    SelectionFrame poor = rich();
    poor.coins = {Sats{300'000}, Sats{300'000}};
    EXPECT_EQ(select(payees, poor).items.size(), 5U);
    poor.coins.clear();
    EXPECT_TRUE(select(payees, poor).items.empty());
    SelectionFrame small = rich();
    small.caps.vbytes_max = 1'000;
    const Selection fits = select(payees, small);
    EXPECT_GT(fits.items.size(), 10U);
    EXPECT_LE(estimate_vbytes(1, outputs_of(fits.items)), 1'000U);
}

TEST(PayoutSelection, LetsRecipientsShareTheFeeInProportion)
{
    SelectionFrame frame = rich();
    frame.fee_payer = FeePayer::recipients;
    frame.fee_rate = 10;
    const std::vector<Payee> payees{payee(1, 100'000), payee(2, 300'000), payee(3, 1'000'000)};
    const Selection selection = select(payees, frame);
    ASSERT_EQ(selection.items.size(), 3U);
    Sats shares;
    for (const PayoutItem& item : selection.items) shares += item.fee_share;
    EXPECT_EQ(shares, selection.fee_share);
    EXPECT_EQ(shares.value,
              static_cast<std::int64_t>(10 * estimate_vbytes(1, outputs_of(selection.items))));
    EXPECT_NEAR(static_cast<double>(selection.items[1].fee_share.value),
                3.0 * static_cast<double>(selection.items[0].fee_share.value), 3.0);

    frame.fee_rate = 200;
    Payee tiny = payee(4, 10'000);
    tiny.minimum = Sats{1};
    std::vector<Payee> with_tiny{tiny};
    EXPECT_TRUE(select(with_tiny, frame).items.empty()) << "the fee would eat it";
}

TEST(PayoutOutputs, MergeEqualScripts)
{
    Selection selection = select(std::vector{payee(1, 200'000), payee(2, 300'000)}, rich());
    selection.items[1].script = selection.items[0].script;
    const auto outputs = outputs_of(selection.items);
    ASSERT_EQ(outputs.size(), 1U);
    EXPECT_EQ(outputs[0].value, Sats{500'000});
}

TEST(PayoutOutputs, KnowTheDustLimitOfEachType)
{
    EXPECT_EQ(dust_limit(p2wpkh(1)), Sats{294});
    pool::Bytes p2tr(34, 7);
    p2tr[0] = 0x51;
    p2tr[1] = 32;
    EXPECT_EQ(dust_limit(p2tr), Sats{330});
    p2tr[0] = 0x00;
    EXPECT_EQ(dust_limit(p2tr), Sats{330}) << "P2WSH";
    EXPECT_EQ(dust_limit(pool::Bytes(23, 0xa9)), Sats{540});
    EXPECT_EQ(dust_limit(pool::Bytes(25, 0x76)), Sats{546});
}

TEST(PayoutDigest, ChangesWithEverythingThatIsApproved)
{
    const Selection selection = select(std::vector{payee(1, 200'000), payee(2, 300'000)}, rich());
    const auto digest = [&](std::vector<PayoutItem> items) {
        return items_digest(7, FeePayer::pool, Sats{500}, items);
    };
    std::set<pool::Digest> seen{digest(selection.items)};
    EXPECT_FALSE(seen.insert(digest(selection.items)).second);
    auto items = selection.items;
    items[0].amount += Sats{1};
    EXPECT_TRUE(seen.insert(digest(items)).second);
    items = selection.items;
    items[0].script[5] ^= 1;
    EXPECT_TRUE(seen.insert(digest(items)).second);
    items = selection.items;
    items[1].account.value = 9;
    EXPECT_TRUE(seen.insert(digest(items)).second);
    items.pop_back();
    EXPECT_TRUE(seen.insert(digest(items)).second);
    EXPECT_TRUE(seen.insert(items_digest(8, FeePayer::pool, Sats{500}, selection.items)).second);
    EXPECT_TRUE(seen.insert(items_digest(7, FeePayer::pool, Sats{501}, selection.items)).second);
    EXPECT_TRUE(
        seen.insert(items_digest(7, FeePayer::recipients, Sats{500}, selection.items)).second);
}

TEST(PayoutBooks, MoveWhatWasReservedToTheWalletAndTheFeeToTheExpense)
{
    const auto items = select(std::vector{payee(1, 200'000), payee(2, 300'000)}, rich()).items;
    EXPECT_EQ(sum(reserving(items), "available", "in_payout"), Sats{500'000});
    const auto settled = settling(items, Sats{321});
    EXPECT_EQ(sum(settled, "in_payout", "asset:wallet"), Sats{500'000});
    EXPECT_EQ(sum(settled, "expense:network_fee", "asset:wallet"), Sats{321});
    const auto returned = returning(items, Sats{99});
    EXPECT_EQ(sum(returned, "in_payout", "available"), Sats{500'000});
    EXPECT_EQ(sum(returned, "expense:network_fee", "asset:wallet"), Sats{99});
    EXPECT_EQ(returning(items, Sats{0}).size(), 2U) << "no empty transfers";
}

TEST(PayoutBooks, GiveBackWhatRecipientsSetAsideBeyondTheRealFee)
{
    SelectionFrame frame = rich();
    frame.fee_payer = FeePayer::recipients;
    frame.fee_rate = 10;
    const Selection chosen = select(std::vector{payee(1, 200'000), payee(2, 300'000)}, frame);
    Sats paid;
    for (const auto& output : outputs_of(chosen.items)) paid += output.value;
    for (const Sats fee : {Sats{100}, chosen.fee_share, chosen.fee_share + Sats{50}}) {
        const auto settled = settling(chosen.items, fee);
        EXPECT_EQ(sum(settled, "in_payout", ""), chosen.total) << "nothing is left in the air";
        EXPECT_EQ(sum(settled, "", "asset:wallet"), paid + fee) << "what leaves the wallet";
        EXPECT_EQ(sum(settled, "in_payout", "available"), std::max(Sats{}, chosen.fee_share - fee));
    }
}

}  // namespace
}  // namespace payouts
