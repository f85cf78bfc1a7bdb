// Blocks, ledger and accounts in real MySQL, to the satoshi.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/mysql_connection.h"
#include "payouts/mysql_queries.h"
#include "pool/bitcoin/address.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using payouts::BlockSighting;
using payouts::FoundBlock;
using pool::Error;
using pool::Sighting;

constexpr std::uint64_t slot = 1000;  // the first block's

pool::BlockHash hash_of(std::uint8_t number)
{
    pool::BlockHash hash;
    hash.bytes[31] = number;
    return hash;
}

FoundBlock block(std::uint8_t number, std::uint64_t found_slot, std::int64_t reward)
{
    FoundBlock found;
    found.hash = hash_of(number);
    found.height = pool::Height{number};
    found.found_at = pool::UnixMillis{found_slot * pool::slot_ms + 30'000};
    found.reward = pool::Sats{reward};
    found.finder = test_address("regtest", 1);
    found.worker = "rig";
    found.coinbase = {1, 2, 3};
    return found;
}

/// Three accounts with 3, 2 and 1 half units of score in the slot before the block's; a window of
/// two units cuts it.
class Books : public testing::Test {
protected:
    void SetUp() override
    {
        service = books.open();
        ASSERT_NE(service, nullptr);
        stream.start(slot - 1);
        for (unsigned member = 1; member <= 3; ++member) {
            stream.account(member, member, slot - 1);
            stream.share(member, slot - 1, 4 - member);
        }
        stream.mark(slot + 1);
        stream.ship_rest();
    }

    void sight(std::uint8_t number, Sighting sighting)
    {
        const std::vector seen{BlockSighting{hash_of(number), sighting}};
        service->sight(seen);
        settle(*service, slot + 1);
    }
    void in_chain(std::uint8_t number, std::uint32_t confirmations)
    {
        sight(number, {Sighting::Place::in_chain, confirmations, 0});
    }
    void beside(std::uint8_t number, std::uint32_t rival)
    {
        sight(number, {Sighting::Place::beside, 0, rival});
    }
    void found(std::uint8_t number, std::uint64_t found_slot, std::int64_t reward)
    {
        ASSERT_TRUE(service->record_found(block(number, found_slot, reward)).has_value());
    }

    // Credits less debits of one ledger account, or debits less credits of an asset.
    std::int64_t balance(const std::string& code)
    {
        const std::string text = books.scalar(
            "select cast(if(b.side = 'debit', 1, -1) * (cast(debits_sat as signed) - "
            "cast(credits_sat as signed)) as signed) from ledger_balance b join ledger_account a "
            "on a.id = b.account_id where a.code = '" +
            code + "'");
        return std::strtoll(text.c_str(), nullptr, 10);
    }
    std::string state(std::uint8_t number)
    {
        return books.scalar("select state from block_found where height = " +
                            std::to_string(number));
    }
    std::uint64_t events() { return books.number("select count(*) from ledger_event"); }

    BooksFixture books;
    StreamWriter stream = books.producer("a-0");
    std::unique_ptr<payouts::Service> service;
};

// 1.5, 1.0 and 0.5 of 3.0 units, of which the window keeps 2: a half, a third and a sixth.
// 1000000 sat: 500000, 333333 (.33), 166667 (.67 is the largest remainder); fee 1 % rounded down.
TEST_F(Books, CreditABlockToTheSatoshiAndMatureIt)
{
    found(1, slot, 1'000'000);
    found(1, slot, 1'000'000);  // told twice
    settle(*service, slot + 1);
    EXPECT_EQ(state(1), "submitted");
    EXPECT_EQ(events(), 0U);

    in_chain(1, 1);
    EXPECT_EQ(state(1), "immature");
    EXPECT_EQ(balance("m:1:immature"), 495'000);
    EXPECT_EQ(balance("m:2:immature"), 330'000);
    EXPECT_EQ(balance("m:3:immature"), 165'001);
    EXPECT_EQ(balance("income:fee_immature"), 9'999);
    EXPECT_EQ(balance("asset:coinbase_immature"), 1'000'000);

    in_chain(1, 100);
    EXPECT_EQ(state(1), "immature");
    in_chain(1, 101);
    in_chain(1, 102);
    EXPECT_EQ(state(1), "mature");
    EXPECT_EQ(balance("m:1:immature"), 0);
    EXPECT_EQ(balance("m:1:available"), 495'000);
    EXPECT_EQ(balance("m:2:available"), 330'000);
    EXPECT_EQ(balance("m:3:available"), 165'001);
    EXPECT_EQ(balance("income:fee"), 9'999);
    EXPECT_EQ(balance("asset:wallet"), 1'000'000);
    EXPECT_EQ(balance("asset:coinbase_immature"), 0);
    EXPECT_EQ(events(), 2U);
}

TEST_F(Books, ReverseAnOrphanExactlyAndCreditItAgainOnTheTermsOfTheFirstTime)
{
    found(1, slot, 1'000'000);
    found(2, slot + 1, 500'000);
    in_chain(1, 1);
    in_chain(2, 1);
    const std::int64_t both = balance("m:1:immature");
    EXPECT_EQ(both, 495'000 + 247'500);

    beside(1, 5);
    EXPECT_EQ(state(1), "orphaned") << "shown at once";
    EXPECT_EQ(balance("m:1:immature"), both) << "but booked only when it is deep";
    beside(1, 6);
    EXPECT_EQ(balance("m:1:immature"), 247'500) << "the other block is not touched";
    EXPECT_EQ(balance("asset:coinbase_immature"), 500'000);
    sight(1, {});
    EXPECT_EQ(state(1), "orphaned") << "unknown says nothing";

    // A fee that was changed meanwhile is not the one of then.
    books.scalar("drop trigger fee_schedule_ahead");
    books.scalar(
        "insert into fee_schedule (account_id, from_slot, bps, set_by, set_at_ms) "
        "values (1, 0, 9000, '', 0)");
    in_chain(1, 3);
    EXPECT_EQ(state(1), "immature");
    EXPECT_EQ(balance("m:1:immature"), both);
    EXPECT_EQ(balance("asset:coinbase_immature"), 1'500'000);
    in_chain(1, 101);
    EXPECT_EQ(balance("m:1:available"), 495'000);
    EXPECT_EQ(books.scalar("select group_concat(substring_index(idem_key, ':', -2) order by id) "
                           "from ledger_event where ref = '" +
                           pool::to_display_hex(hash_of(1)) + "'"),
              "accrue:1,orphan:1,accrue:2,mature:2");
    const auto totals = (*payouts::Queries::open(books.mysql()))->totals();
    ASSERT_TRUE(totals.has_value());
    EXPECT_EQ(totals->blocks_orphaned, 0U);
    EXPECT_EQ(totals->blocks_reversed, 1U) << "it was, whatever it is now";
    EXPECT_EQ(totals->blocks_matured, 1U);
}

TEST_F(Books, NeverUndoWhatHasMatured)
{
    found(1, slot, 1'000'000);
    in_chain(1, 101);
    beside(1, 500);
    EXPECT_EQ(state(1), "orphaned") << "it is told, and people decide who bears the loss";
    EXPECT_EQ(balance("m:1:available"), 495'000);
}

TEST_F(Books, CallABlockRejectedWhenTheLastNodeRefusesItUnlessTheChainHasIt)
{
    const auto answer = [&](std::uint8_t number, const char* node, bool last) {
        const std::vector given{payouts::BlockAnswer{.hash = hash_of(number),
                                                     .node = node,
                                                     .at = pool::UnixMillis{slot * pool::slot_ms},
                                                     .outcome = "rejected",
                                                     .reason = "bad-cb-amount",
                                                     .last_of_refusals = last}};
        ASSERT_TRUE(service->record_answers(given).has_value());
    };
    found(1, slot, 1'000'000);
    answer(1, "first", false);
    EXPECT_EQ(state(1), "submitted") << "the other node may take it yet";
    answer(1, "second", true);
    EXPECT_EQ(state(1), "rejected");
    beside(1, 500);
    EXPECT_EQ(state(1), "rejected") << "its header is known, that is all";
    EXPECT_EQ(balance("equity:reserve_immature"), 0);
    in_chain(1, 1);
    EXPECT_EQ(state(1), "immature") << "the chain is right";
    answer(1, "third", true);
    EXPECT_EQ(state(1), "immature");

    found(2, slot, 1'000'000);
    answer(2, "first", true);
    auto queries = payouts::Queries::open(books.mysql());
    ASSERT_TRUE(queries.has_value());
    const auto totals = (*queries)->totals();
    ASSERT_TRUE(totals.has_value());
    EXPECT_EQ(totals->blocks_rejected, 1U);
    EXPECT_EQ(totals->blocks_found, 1U);
}

// What every node has refused has ended nothing: neither the round nor the count of its shares.
TEST_F(Books, CountTheEffortOfABlockFromTheOneBeforeThatWasNotRefused)
{
    for (const std::uint64_t minute : {1U, 3U, 5U, 7U}) stream.share(1, slot + minute, 2);
    stream.mark(slot + 8);
    stream.ship_rest();
    settle(*service, slot + 9);
    found(1, slot + 2, 1'000'000);
    found(2, slot + 4, 1'000'000);
    found(3, slot + 6, 1'000'000);
    const std::vector given{payouts::BlockAnswer{.hash = hash_of(2),
                                                 .node = "only",
                                                 .at = pool::UnixMillis{slot * pool::slot_ms},
                                                 .outcome = "rejected",
                                                 .reason = "bad-cb-amount",
                                                 .last_of_refusals = true}};
    ASSERT_TRUE(service->record_answers(given).has_value());

    const auto queries = std::move(*payouts::Queries::open(books.mysql()));
    constexpr pool::U128 unit = 1'000'000'000'000'000'000U;
    const auto totals = queries->totals();
    ASSERT_TRUE(totals.has_value()) << totals.error().detail;
    EXPECT_EQ(totals->blocks_found, 2U);
    EXPECT_EQ(totals->round_score, unit);
    const auto all = queries->blocks(10, {});
    ASSERT_TRUE(all.has_value()) << all.error().detail;
    ASSERT_EQ(all->size(), 3U);
    EXPECT_EQ(all->at(0).effort, 2 * unit);
    EXPECT_FALSE(all->at(1).effort.has_value());
    EXPECT_GE(all->at(2).effort, unit);
    for (const payouts::BlockRow& each : *all) {
        const auto alone = queries->block(each.hash);
        ASSERT_TRUE(alone.has_value()) << alone.error().detail;
        EXPECT_EQ(alone->effort, each.effort);
        EXPECT_EQ(alone->state, each.state);
    }
    EXPECT_EQ(queries->blocks(1, {})->front().effort, 2 * unit) << "the one before is on no page";
}

TEST_F(Books, WaitForTheSlotBeforeTheBlocks)
{
    found(1, slot + 2, 1'000'000);
    in_chain(1, 50);
    EXPECT_EQ(state(1), "submitted") << "slot + 1 is not sealed";
    settle(*service, slot + 17);
    EXPECT_EQ(state(1), "immature");
}

TEST_F(Books, GiveABlockOfAnEmptyWindowToTheReserve)
{
    found(1, slot - 1, 777);
    in_chain(1, 1);
    EXPECT_EQ(balance("equity:reserve_immature"), 777);
    in_chain(1, 101);
    EXPECT_EQ(balance("equity:reserve"), 777);
}

TEST_F(Books, AreCreditedOnceByTwoServices)
{
    auto other = books.open();
    found(1, slot, 1'000'000);
    const std::vector seen{BlockSighting{hash_of(1), {Sighting::Place::in_chain, 200, 0}}};
    service->sight(seen);
    settle(*service, slot + 1);
    settle(*other, slot + 1);
    EXPECT_EQ(events(), 2U);
    EXPECT_EQ(balance("m:1:available"), 495'000);
}

TEST_F(Books, GoOnWithOtherBlocksWhenOneCannotBeBooked)
{
    found(1, slot, 1'000'000);
    found(2, slot, 500'000);
    // As if somebody had forged the key of the first block's credit.
    books.scalar(
        "insert into ledger_event (idem_key, kind, ref, actor, payload, at_ms, prev_hash, "
        "hash) select 'block:" +
        pool::to_display_hex(hash_of(1)) +
        ":accrue:1', 'accrue', '', '', '', 0, ledger_head, repeat('b', 32) from books");
    in_chain(1, 1);
    in_chain(2, 1);
    EXPECT_EQ(state(1), "submitted");
    EXPECT_EQ(state(2), "immature");
    const auto report = service->step(now_in(slot + 1));
    ASSERT_TRUE(report.has_value());
    EXPECT_NE(report->trouble.find(pool::to_display_hex(hash_of(1))), std::string::npos);
}

TEST_F(Books, ShowInQueriesWhatTheyHold)
{
    found(1, slot, 1'000'000);
    in_chain(1, 101);
    auto queries = payouts::Queries::open(books.mysql());
    ASSERT_TRUE(queries.has_value());
    const auto totals = (*queries)->totals();
    ASSERT_TRUE(totals.has_value());
    EXPECT_EQ(totals->shares, 3U);
    EXPECT_EQ(totals->blocks_mature, 1U);
    EXPECT_EQ(totals->credited.value, 990'001);
    EXPECT_EQ(totals->fee_income.value, 9'999);
    const auto account = (*queries)->account(test_address("regtest", 2));
    ASSERT_TRUE(account.has_value());
    EXPECT_EQ(account->available.value, 330'000);
    EXPECT_EQ(account->credited.value, 330'000);
    EXPECT_EQ((*queries)->account("nobody").error().code, Error::Code::not_found);
    const auto lines = (*queries)->ledger(100, test_address("regtest", 2));
    ASSERT_TRUE(lines.has_value());
    EXPECT_EQ(lines->size(), 2U);
    const auto blocks = (*queries)->blocks(10, {});
    ASSERT_TRUE(blocks.has_value());
    EXPECT_EQ(blocks->at(0).confirmations, 101);
}

// Two of ours at one height, found in the same millisecond: a page may end between them.
TEST_F(Books, ListBlocksInPagesThatNeitherSkipNorRepeatOne)
{
    found(1, slot, 1'000'000);
    for (const auto number : std::initializer_list<std::uint8_t>{2, 3, 4}) {
        FoundBlock rival = block(number, slot, 1'000'000);
        rival.height = pool::Height{2};
        if (number == 3) rival.found_at.value += 1;
        ASSERT_TRUE(service->record_found(rival).has_value());
    }
    const auto queries = payouts::Queries::open(books.mysql());
    ASSERT_TRUE(queries.has_value());
    std::vector<int> seen;
    std::optional<payouts::BlockPlace> place;
    for (int page = 0; page < 5; ++page) {
        const auto blocks = (*queries)->blocks(1, place);
        ASSERT_TRUE(blocks.has_value()) << blocks.error().detail;
        if (blocks->empty()) break;
        ASSERT_EQ(blocks->size(), 1U);
        seen.push_back(blocks->front().hash.bytes[31]);
        place = payouts::BlockPlace{blocks->front().height, blocks->front().hash};
    }
    EXPECT_EQ(seen, (std::vector<int>{3, 4, 2, 1}));
    const auto below = (*queries)->blocks(10, payouts::BlockPlace{pool::Height{2}});
    ASSERT_TRUE(below.has_value());
    EXPECT_EQ(below->size(), 1U);
}

TEST_F(Books, KnowAThousandNamesByTheirHandlesAndLeaveOutWhatTheyDoNotKnow)
{
    found(1, slot, 1'000'000);
    in_chain(1, 101);
    books.scalar(
        "insert into producer_worker (producer, handle, member, name) "
        "select 'other-0', seq, 1, concat('rig', seq) from seq_1_to_250");
    books.scalar(
        "insert into producer_member (producer, handle, account_id) "
        "select 'other-0', 7, min(id) from account where name <> ''");
    const auto queries = payouts::Queries::open(books.mysql());
    ASSERT_TRUE(queries.has_value());
    payouts::HandleQuestion question{"other-0", {7, 8}, {}};
    for (std::uint64_t handle = 1; handle <= 1000; ++handle) question.workers.insert(handle);
    const auto names = (*queries)->names(question);
    ASSERT_TRUE(names.has_value()) << names.error().detail;
    EXPECT_EQ(names->workers.size(), 250U);
    EXPECT_EQ(names->workers.at(1), "rig1");
    EXPECT_EQ(names->workers.at(250), "rig250");
    ASSERT_EQ(names->members.size(), 1U);
    EXPECT_EQ(names->members.at(7),
              books.scalar("select name from account where name <> '' order by id limit 1"));
    EXPECT_TRUE((*queries)->names({"another-0", {7}, {1}})->workers.empty());
}

// A declared block that its miner keeps to itself, and one that a node has answered for.
TEST_F(Books, NameBlocksThatNobodyHasSeenAndDoNotCountThemAsFound)
{
    const auto queries = payouts::Queries::open(books.mysql());
    ASSERT_TRUE(queries.has_value());
    const auto unseen = [&queries](std::uint64_t seconds_later) {
        const pool::UnixMillis now{block(1, slot, 0).found_at.value + 1000 * seconds_later};
        std::vector<std::uint32_t> heights;
        const auto blocks = (*queries)->unpublished(now).value();
        for (const auto& each : blocks) {
            heights.push_back(each.height.value);
            EXPECT_EQ(each.hash, hash_of(static_cast<std::uint8_t>(each.height.value)));
            EXPECT_EQ(each.finder, test_address("regtest", 1));
            EXPECT_EQ(each.worker, "rig");
        }
        return heights;
    };
    const auto counted = [&queries] {
        const auto lucks = (*queries)->lucks().value();
        for (const auto& luck : lucks) {
            if (luck.name == test_address("regtest", 1)) return luck.blocks;
        }
        return std::uint64_t{99};
    };
    settle(*service, slot + 1);
    for (std::uint8_t number = 1; number <= 3; ++number) found(number, slot, 1'000'000);
    payouts::BlockAnswer answer;
    answer.hash = hash_of(2);
    answer.node = "local";
    answer.outcome = "accepted";
    payouts::BlockAnswer none = answer;  // the node was away
    none.hash = hash_of(1);
    none.outcome = "unanswered";
    ASSERT_TRUE(service->record_answers(std::vector{answer, none}).has_value());

    EXPECT_EQ(unseen(599), (std::vector<std::uint32_t>{}));
    EXPECT_EQ(unseen(600), (std::vector<std::uint32_t>{3, 1}));
    EXPECT_EQ(unseen(86'400), (std::vector<std::uint32_t>{3, 1}));
    EXPECT_EQ(unseen(86'401), (std::vector<std::uint32_t>{}));
    EXPECT_EQ(counted(), 1U) << "who finds and keeps has found nothing";
    in_chain(3, 1);
    EXPECT_EQ(unseen(600), (std::vector<std::uint32_t>{1}));
    EXPECT_EQ(counted(), 2U);
}

TEST_F(Books, MakeAccountsByNameAndSayWhyNot)
{
    const auto payout =
        pool::parse_address(test_address("regtest", 7), pool::Chain::regtest).value();
    const auto made = service->create_account("north_farm-1", payout);
    ASSERT_TRUE(made.has_value()) << made.error().detail;
    EXPECT_EQ(service->create_account("north_farm-1", payout).error().code, Error::Code::conflict);
    for (const std::string bad : {"ab", "North", "a b c", "farm'--", "name.of.dots", "",
                                  "123456789012345678901234567890123"}) {
        EXPECT_EQ(service->create_account(bad, payout).error().code, Error::Code::invalid) << bad;
    }
    const auto registered = service->registered();
    ASSERT_TRUE(registered.has_value());
    ASSERT_EQ(registered->size(), 1U) << "accounts by address are not registered ones";
    EXPECT_EQ(registered->at(0).name, "north_farm-1");
    EXPECT_EQ(registered->at(0).payout_address, payout.text);
}

TEST(SeededBooks, PayTheReserveUntilMembersHaveFilledTheWindow)
{
    BooksFixture books;
    auto options = books.options();
    options.seed = true;
    auto opened = payouts::Service::open(options);
    ASSERT_TRUE(opened.has_value()) << opened.error().detail;
    auto& service = **opened;
    ASSERT_TRUE(payouts::Service::open(options).has_value()) << "seeding again changes nothing";
    auto stream = books.producer("a-0");
    stream.start(slot - 1);
    stream.account(1, 1, slot - 1);
    stream.share(1, slot - 1, 1);  // half a unit of the two
    stream.mark(slot);
    stream.ship_rest();
    ASSERT_TRUE(service.record_found(block(1, slot, 1'000'000)).has_value());
    const std::vector seen{BlockSighting{hash_of(1), {Sighting::Place::in_chain, 1, 0}}};
    service.sight(seen);
    settle(service, slot);
    EXPECT_EQ(books.number("select sum(net_sat) from block_credit where account_id = 0"), 750'000U);
    EXPECT_EQ(books.number("select sum(net_sat) from block_credit where account_id = 1"), 247'500U);
}

}  // namespace
}  // namespace tests
