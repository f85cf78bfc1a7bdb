// verifyledger, rebuild and the rights of a running pool, on books with a whole life behind them.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "payouts/mysql_blocks.h"
#include "payouts/mysql_ledger.h"
#include "payouts/mysql_maintenance.h"
#include "payouts/mysql_verify.h"
#include "pool/bitcoin/block.h"
#include "pool/bitcoin/transaction.h"
#include "tests/support/books_fixture.h"
#include "tests/support/found_block.h"

namespace tests {
namespace {

using payouts::BlockSighting;
using pool::Error;
using pool::Sighting;

constexpr std::uint64_t slot = 1000;

payouts::FoundBlock block(std::uint8_t number, const pool::Digest& head = {})
{
    return found_block(number, slot + number, pool::Sats{312'500'007}, head);
}

pool::BlockHash hash_of(std::uint8_t number) { return block(number).hash; }

void sight(payouts::Service& service, std::uint8_t number, Sighting sighting)
{
    const std::vector seen{BlockSighting{hash_of(number), sighting}};
    service.sight(seen);
    settle(service, slot + 4);
}

/// Shares in three slots, three blocks: matured, orphaned and back again, orphaned for good.
void live(payouts::Service& service, const BooksFixture& books)
{
    auto stream = books.producer("a-0");
    stream.start(slot);
    for (unsigned member = 1; member <= 5; ++member) {
        stream.account(member, member, slot);
        for (std::uint64_t at = slot; at < slot + 3; ++at) stream.share(member, at, member);
    }
    stream.share(3, slot + 1, 7, pool::RecordKind::stale);
    stream.mark(slot + 4);
    stream.ship_rest();
    settle(service, slot + 4);
    for (std::uint8_t number = 1; number <= 3; ++number) {
        ASSERT_TRUE(service.record_found(block(number)).has_value());
        sight(service, number, {Sighting::Place::in_chain, 1, 0});
    }
    sight(service, 1, {Sighting::Place::in_chain, 101, 0});
    sight(service, 2, {Sighting::Place::beside, 0, 6});
    sight(service, 2, {Sighting::Place::in_chain, 7, 0});
    sight(service, 3, {Sighting::Place::beside, 0, 6});
}

payouts::LedgerCheck verify(const payouts::MysqlOptions& options)
{
    payouts::MysqlConnection db{options};
    const auto checked = payouts::verify_ledger(db);
    if (checked) return *checked;
    ADD_FAILURE() << checked.error().detail;
    return {};
}

TEST(VerifyLedger, FindsNoDifferenceInAWholeLife)
{
    BooksFixture books;
    EXPECT_TRUE(books.open() != nullptr);
    EXPECT_EQ(verify(books.mysql()).difference, "") << "of empty books";
    auto options = books.options();
    options.seed = true;
    auto service = payouts::Service::open(options);
    ASSERT_TRUE(service.has_value());
    live(**service, books);
    const auto checked = verify(books.mysql());
    EXPECT_EQ(checked.difference, "");
    EXPECT_EQ(checked.off.value, 0);
    EXPECT_EQ(checked.events, 7U);
    EXPECT_EQ(checked.blocks, 4U) << "one was credited twice";
    EXPECT_EQ(checked.slots, 4U) << "the seed's among them";
    EXPECT_EQ(checked.blocks_unproven, 0U);
    const std::map<pool::Script, pool::Sats> two_blocks{{{0x51}, pool::Sats{2 * 312'500'007}}};
    EXPECT_EQ(checked.paid_to, two_blocks);
}

TEST(VerifyLedger, FindsWhateverSomebodyHasChanged)
{
    const std::vector<std::string> crimes{
        "update ledger_transfer set amount_sat = amount_sat + 1 where id = 2",
        "update ledger_transfer set credit_id = debit_id + 2 where id = 2",
        "delete from ledger_transfer order by id desc limit 1",
        "insert into ledger_transfer (event_id, line, debit_id, credit_id, amount_sat) "
        "select event_id, 99, debit_id, credit_id, 5 from ledger_transfer order by id limit 1",
        "update ledger_event set actor = 'somebody' where id = 1",
        "update ledger_event set at_ms = at_ms + 1 where id = 2",
        "update ledger_balance set credits_sat = credits_sat + 1 where side = 'credit' limit 1",
        "delete from ledger_balance where credits_sat > 0 limit 1",
        "update ledger_balance set may_go_negative = 1 limit 1",
        "update ledger_balance set side = 'debit', may_go_negative = 1 where side = 'credit' "
        "limit 1",
        "update ledger_account set may_go_negative = 1 limit 1",
        "update ledger_account set side = 'debit' where side = 'credit' limit 1",
        "update books set ledger_head = repeat('x', 32)",
        "update block_credit set net_sat = net_sat + 1, fee_sat = fee_sat - 1 where epoch = 1 "
        "limit 1",
        "update block_credit set account_id = 77 where account_id = 5",
        "update block_credit set fee_bps = 60000 limit 1",
        "update block_found set reward_sat = reward_sat + 1 where height = 1",
        "update block_found set found_slot = found_slot + 1 where height = 1",
        "update block_found set window_first = window_first + 1 where height = 1",
        "update block_found set window_cut = 1 where height = 2",
        "update block_found set window_score = window_score - 1 where height = 3",
        "update block_found set window_score = null where height = 1",
        "insert into block_credit select repeat('x', 32), 1, account_id, weight, gross_sat, "
        "fee_sat, donation_sat, net_sat, fee_bps, donation_bps from block_credit limit 1",
        "insert into block_credit select block_hash, 7, account_id, weight, gross_sat, "
        "fee_sat, donation_sat, net_sat, fee_bps, donation_bps from block_credit limit 1",
        "update slot_account set score = score + 1 limit 1",
        "delete from slot_account limit 1",
        "update slot set score = score + 1, cum_score = cum_score + 1 limit 1",
        "update slot set shares = shares + 1 limit 1",
        "update slot set shares = shares + 1, stale = stale - 1 where stale > 0",
        "update slot set work = work + 1 limit 1",
        "update slot set cum_shares = cum_shares + 1 limit 1",
        "update slot set cum_stale = cum_stale + 1 order by slot_id desc limit 1",
        "update slot_account set shares = shares + 1 limit 1",
        "update slot_account set shares = shares - 1, stale = stale + 1 where stale > 0",
        "update slot_account set shares = shares + 1 - 2 * (account_id = 2) where account_id < 3 "
        "order by slot_id, account_id limit 2",
        "update slot_account set stale = 9 limit 1",
        "update slot_account set work = work + 1 limit 1",
        "update slot_account set stale_work = 1 where stale = 0 limit 1",
        "update slot_account set late = 9 limit 1",
        "insert into slot_account select slot_id, 77, 0, 1, 0, 0, 1, 0, 1 from slot limit 1",
        "insert into slot_account select slot_id - 9, 5, 0, 1, 0, 0, 1, 0, 1 from slot limit 1",
        "update slot set chain = repeat('x', 32) order by slot_id desc limit 1",
        "delete from slot order by slot_id limit 1",
        "update hour_score set score = score + 1 limit 1",
        "delete from hour_score limit 1",
        "update hour_score set account_id = 77 limit 1",
        "insert into hour_score values (5, 1, 7, 7)",
        "update hour_score set moment = moment + 1 limit 1",
        "update account_total set shares = shares + 1 limit 1",
        "update account_total set stale = stale + 1 limit 1",
        "update account_total set work = work - 1 limit 1",
        "update account_total set score = 0 limit 1",
        "update account_total set last_slot = last_slot + 1 limit 1",
        "update account_total set account_id = 77 limit 1",
        "delete from account_total limit 1",
        "insert into account_total (account_id, shares, stale, work, last_slot) "
        "values (77, 0, 0, 0, 0)",
        "update slot_root set root = repeat('x', 32) limit 1",
        "update slot_root set records = records + 1 limit 1",
        "update account set salt = repeat('x', 32) where id = 2",
        "update ledger_event set kind = 'gift' where id = 1",
        "update block_found set books = 'accrued' where books = 'matured'",
        "update block_found set epoch = epoch + 1 where height = 3",
        "update block_found set header = repeat('x', 80) limit 1",
        "update block_found set coinbase_tx = '' limit 1",
        "update block_found set merkle_branch = repeat('x', 64) limit 1",
        "update block_found set merkle_branch = 'x' limit 1",
        "update block_found set reward_sat = 1 where books = 'nothing'",
        "insert into block_found (hash, height, found_slot, found_at_ms, finder, worker, header, "
        "coinbase_tx, reward_sat, fee_bps, books) select repeat('x', 32), 9, found_slot, 0, '', "
        "'', header, '', 1, 0, 'matured' from block_found limit 1",
    };
    BooksFixture books;
    auto service = books.open();
    live(*service, books);
    for (const char* trigger :
         {"ledger_transfer_no_update", "ledger_transfer_no_delete", "ledger_event_no_update",
          "ledger_event_no_delete", "slot_account_sealed", "block_found_fixed", "books_sealed_stay",
          "slot_account_open", "slot_account_grows", "books_forward", "block_found_begins",
          "block_found_road"}) {
        books.scalar(std::string{"drop trigger "} + trigger);
    }
    // Each crime in a transaction of its own, seen by the verifier on the same connection.
    payouts::MysqlConnection db{books.mysql()};
    ASSERT_TRUE(db.connect().has_value());
    for (const std::string& crime : crimes) {
        ASSERT_TRUE(db.run("START TRANSACTION").has_value());
        const auto done = db.run(crime);
        ASSERT_TRUE(done.has_value()) << crime << ": " << done.error().detail;
        const auto checked = payouts::verify_inside(db);
        ASSERT_TRUE(checked.has_value()) << crime << ": " << checked.error().detail;
        EXPECT_NE(checked->difference, "") << crime;
        ASSERT_TRUE(db.run("ROLLBACK").has_value());
    }
    EXPECT_EQ(verify(books.mysql()).difference, "") << "all was rolled back";
}

// A found block is believed by its header and its coinbase, before anything is credited.
TEST(VerifyLedger, FindsABlockThatIsNotWhatItsHeaderAndCoinbaseSay)
{
    BooksFixture books;
    auto service = books.open();
    live(*service, books);
    const auto head = books.scalar("select hex(chain) from slot order by slot_id desc limit 1");
    const auto newest = pool::from_hex(head);
    ASSERT_TRUE(newest.has_value());
    pool::Digest chain{};
    std::copy(newest->begin(), newest->end(), chain.begin());
    const auto difference_with = [&](const payouts::FoundBlock& found) {
        EXPECT_TRUE(service->record_found(found).has_value());
        const std::string difference = verify(books.mysql()).difference;
        books.scalar("delete from block_found where height = " +
                     std::to_string(found.height.value));
        return difference;
    };
    EXPECT_EQ(difference_with(block(10)), "") << "from before there was a head";
    EXPECT_EQ(difference_with(block(10, chain)), "");

    payouts::FoundBlock more = block(10);
    more.reward += pool::Sats{1};
    EXPECT_NE(difference_with(more).find("another reward"), std::string::npos);
    payouts::FoundBlock other = block(10);
    other.hash = block(11).hash;
    EXPECT_NE(difference_with(other).find("header of another hash"), std::string::npos);
    payouts::FoundBlock richer = found_block(10, slot + 10, pool::Sats{500'000'000});
    payouts::FoundBlock strange = block(10);  // of the right header, with another's coinbase
    strange.coinbase = richer.coinbase;
    strange.reward = richer.reward;
    EXPECT_NE(difference_with(strange).find("coinbase that is not in it"), std::string::npos);
    strange = block(10);
    strange.branch->pop_back();
    EXPECT_NE(difference_with(strange).find("coinbase that is not in it"), std::string::npos);
    EXPECT_EQ(verify(books.mysql()).blocks_unproven, 0U);
    strange.branch.reset();  // as of before it was kept
    ASSERT_TRUE(service->record_found(strange).has_value());
    EXPECT_EQ(verify(books.mysql()).difference, "");
    EXPECT_EQ(verify(books.mysql()).blocks_unproven, 1U);
    books.scalar("delete from block_found where height = 10");
    chain.back() ^= 1;
    EXPECT_EQ(difference_with(block(10, chain)), "") << "of slots that a failover has lost";
    const payouts::FoundBlock unknown = block(10, chain);
    ASSERT_TRUE(service->record_found(unknown).has_value());
    EXPECT_EQ(verify(books.mysql()).heads_unknown, 1U);
    EXPECT_EQ(verify(books.mysql()).head_unknown_in, unknown.hash);
    books.scalar("delete from block_found where height = 10");
    EXPECT_EQ(verify(books.mysql()).heads_unknown, 0U);
    chain.back() ^= 1;
    const payouts::FoundBlock early = found_block(10, slot, pool::Sats{7}, chain);
    EXPECT_EQ(difference_with(early), "") << "by a clock that is behind: no block knows the future";
}

// Its coinbase is all that is in it, so its branch has no node: bytes that are empty, and no NULL.
TEST(VerifyLedger, ProvesABlockWithoutTransactions)
{
    BooksFixture books;
    auto service = books.open();
    live(*service, books);
    payouts::FoundBlock alone = block(10);
    const auto coinbase = pool::parse_transaction(alone.coinbase);
    ASSERT_TRUE(coinbase.has_value());
    alone.branch.emplace();
    pool::Header header = pool::parse_header(alone.header);
    header.merkle_root = pool::merkle_root(txid_of(*coinbase), *alone.branch);
    alone.header = serialise(header);
    alone.hash = hash_of(header);
    ASSERT_TRUE(service->record_found(alone).has_value());
    EXPECT_EQ(verify(books.mysql()).difference, "");
    EXPECT_EQ(verify(books.mysql()).blocks_unproven, 0U);
    books.scalar("delete from block_found where height = 10");

    const payouts::FoundBlock richer = found_block(10, slot + 10, pool::Sats{500'000'000});
    alone.coinbase = richer.coinbase;
    alone.reward = richer.reward;
    ASSERT_TRUE(service->record_found(alone).has_value());
    EXPECT_NE(verify(books.mysql()).difference.find("coinbase that is not in it"),
              std::string::npos);
}

// The hashes are right, and each event moves what the block's credit says: only the order is wrong.
TEST(VerifyLedger, FindsABlockThatWasCreditedTwiceOrOutOfOrder)
{
    BooksFixture books;
    auto service = books.open();
    live(*service, books);
    payouts::MysqlConnection db{books.mysql()};
    ASSERT_TRUE(db.connect().has_value());
    const auto difference_after = [&](std::uint8_t block, const std::string& kind,
                                      std::uint64_t epoch) {
        EXPECT_TRUE(db.run("START TRANSACTION").has_value());
        EXPECT_TRUE(db.execute("insert into block_credit select block_hash, ?, account_id, weight, "
                               "gross_sat, fee_sat, donation_sat, net_sat, fee_bps, donation_bps "
                               "from block_credit where block_hash = ? and epoch = 1",
                               {epoch, payouts::sql(hash_of(block).bytes)})
                        .has_value());
        auto transfers =
            payouts::read_transfers(db, payouts::event_key(hash_of(block), "accrue", 1));
        EXPECT_TRUE(transfers.has_value());
        const payouts::LedgerEvent event{payouts::event_key(hash_of(block), kind, epoch),
                                         kind,
                                         pool::to_display_hex(hash_of(block)),
                                         "test",
                                         "{}",
                                         pool::UnixMillis{1},
                                         transfers.value_or(std::vector<payouts::Transfer>{})};
        EXPECT_TRUE(payouts::post(db, event).has_value());
        const auto checked = payouts::verify_inside(db);
        EXPECT_TRUE(db.run("ROLLBACK").has_value());
        return checked ? checked->difference : checked.error().detail;
    };
    const std::string out_of_order = "does not follow from the block's events before it";
    EXPECT_NE(difference_after(1, "accrue", 2).find(out_of_order), std::string::npos)
        << "matured, and credited again";
    EXPECT_NE(difference_after(2, "accrue", 3).find(out_of_order), std::string::npos)
        << "credited again before its second credit was reversed";
    EXPECT_NE(difference_after(3, "accrue", 5).find(out_of_order), std::string::npos)
        << "the second credit is called the fifth";
}

TEST(RebuildBalances, MakesThemAgainBitForBit)
{
    BooksFixture books;
    auto service = books.open();
    live(*service, books);
    const std::string text =
        "select md5(group_concat(b.account_id, a.side, a.may_go_negative, b.side, "
        "b.may_go_negative, b.debits_sat, '/', b.credits_sat order by b.account_id)) from "
        "ledger_balance b join ledger_account a on a.id = b.account_id";
    const std::string before = books.scalar(text);
    books.scalar("update ledger_account set may_go_negative = 1, side = 'debit'");
    books.scalar("update ledger_balance set may_go_negative = 1, side = 'credit'");
    books.scalar("update ledger_balance set credits_sat = credits_sat + 9 where account_id > 3");
    books.scalar("delete from ledger_balance where account_id < 3");
    books.scalar("update hour_score set score = score + 1 limit 1");
    const std::string totals =
        "select md5(group_concat(account_id, '/', shares, '/', stale, '/', work, '/', score, '/', "
        "last_slot order by account_id)) from account_total";
    const std::string counted = books.scalar(totals);
    books.scalar("update account_total set work = 1");
    EXPECT_NE(verify(books.mysql()).difference, "");
    const auto rebuilt = payouts::rebuild_books(books.mysql());
    ASSERT_TRUE(rebuilt.has_value()) << rebuilt.error().detail;
    EXPECT_EQ(books.scalar(text), before);
    EXPECT_EQ(books.scalar(totals), counted);
    EXPECT_EQ(verify(books.mysql()).difference, "");
}

payouts::MysqlOptions running(const BooksFixture& books)
{
    payouts::MysqlOptions options = books.mysql();
    options.user = "zubr_run";
    options.password = "zubr_run";
    return options;
}

TEST(RunningUser, IsEnoughForAWholeLifeAndMayNotRewriteHistory)
{
    BooksFixture books;
    const auto dry = payouts::migrate_books(books.mysql(), running(books), true);
    ASSERT_TRUE(dry.has_value()) << dry.error().detail;
    EXPECT_NE(dry->find("CREATE TABLE ledger_event"), std::string::npos);
    EXPECT_EQ(books.scalar("select count(*) from information_schema.tables where table_schema = "
                           "database()"),
              "0")
        << "dry means dry";
    const auto made = payouts::migrate_books(books.mysql(), running(books), false);
    ASSERT_TRUE(made.has_value()) << made.error().detail;

    auto options = books.options();
    options.mysql = running(books);
    options.extranonce_server = 3;  // as every zubrd has
    auto service = payouts::Service::open(options);
    ASSERT_TRUE(service.has_value()) << service.error().detail;
    live(**service, books);
    EXPECT_EQ(verify(running(books)).difference, "");
    EXPECT_EQ(books.number("select count(*) from ledger_event"), 7U);

    payouts::MysqlConnection db{running(books)};
    ASSERT_TRUE(db.connect().has_value());
    for (const char* text :
         {"update ledger_balance set debits_sat = 0",
          "update ledger_event set actor = 'x'",
          "update ledger_transfer set amount_sat = 1",
          "delete from ledger_transfer",
          "delete from ledger_event",
          "update block_credit set net_sat = 1",
          "update slot set score = 1",
          "delete from slot_root",
          "update setting set value = '1'",
          "delete from slot_account",
          "delete from block_found",
          "drop table ledger_event",
          "drop trigger ledger_event_no_update",
          "create table x (id int)",
          "truncate ledger_transfer",
          "update ledger_account set side = 'debit'",
          "update account set payout_address = 'x'",
          "update account set salt = repeat('x', 32)",
          "update slot_account set score = score + 1",
          "update books set sealed_through = 1",
          "update block_found set reward_sat = reward_sat + 1",
          "update block_found set found_slot = found_slot + 1",
          "update block_found set books = 'nothing' where books = 'matured'",
          "update block_found set books = 'nothing', epoch = epoch + 1 where books = 'matured'",
          "update block_found set epoch = epoch + 1",
          "insert into slot_account select slot_id, 77, 0, 1, 0, 0, 1, 0, 1 from slot limit 1",
          "insert into slot_account values (999, 1, 0, 1, 0, 0, 1, 0, 1)",
          "insert into slot_root select slot_id, 77, 1, 1, root from slot limit 1",
          "insert into slot select slot_id - 9, shares, stale, work, score, cum_shares, cum_stale, "
          "cum_score, root, chain, sealed_at_ms from slot limit 1",
          "update producer set mark = mark - 1",
          "update producer set watermark_ms = 0",
          "update producer set name = 'x'",
          "update books set ledger_head = repeat('x', 32)",
          "update books set ledger_head = (select prev_hash from ledger_event limit 1)",
          "insert into ledger_event (idem_key, kind, ref, actor, payload, at_ms, prev_hash, hash) "
          "select 'x', kind, ref, actor, payload, at_ms, prev_hash, repeat('x', 32) "
          "from ledger_event limit 1",
          "insert into ledger_account (code, side, may_go_negative) "
          "values ('m:1:loan', 'credit', 1)",
          "insert into ledger_account (code, side) values ('asset:vault', 'credit')",
          "update lease set epoch = 0"}) {
        const auto done = db.run(text);
        ASSERT_FALSE(done.has_value()) << text;
        EXPECT_EQ(done.error().code, Error::Code::refused) << text << done.error().detail;
    }
}

// What is counted of a minute that is open is not taken away either.
TEST(RunningUser, TakesNothingOutOfAnOpenSlot)
{
    BooksFixture books;
    ASSERT_TRUE(payouts::migrate_books(books.mysql(), running(books), false).has_value());
    auto options = books.options();
    options.mysql = running(books);
    auto service = payouts::Service::open(options);
    ASSERT_TRUE(service.has_value()) << service.error().detail;
    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    stream.share(1, slot, 5);
    stream.ship_rest();
    settle(**service, slot);
    payouts::MysqlConnection db{running(books)};
    ASSERT_TRUE(db.connect().has_value());
    for (const char* text :
         {"update slot_account set shares = shares - 1", "update slot_account set score = 0",
          "update slot_account set account_id = 2", "delete from slot_leaves"}) {
        const auto done = db.run(text);
        ASSERT_FALSE(done.has_value()) << text;
        EXPECT_EQ(done.error().code, Error::Code::refused) << text << done.error().detail;
    }
}

TEST(RunningUser, IsToldToMigrateWhenItMayNot)
{
    BooksFixture books;
    std::string pattern;  // of database names: an underscore would stand for any character
    for (const char c : books.database().name()) pattern += c == '_' ? "\\_" : std::string(1, c);
    books.scalar("grant select on `" + pattern + "`.* to zubr_run@localhost");
    auto options = books.options();
    options.mysql = running(books);
    const auto refused = payouts::Service::open(options);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, Error::Code::refused);
    EXPECT_NE(refused.error().detail.find("zubrd migrate"), std::string::npos)
        << refused.error().detail;
}

TEST(RunningUser, HasRightsForEveryTable)
{
    BooksFixture books;
    ASSERT_NE(books.open(), nullptr);
    EXPECT_EQ(books.number("select count(*) from information_schema.tables where table_schema = "
                           "database()"),
              payouts::running_rights().size());
}

}  // namespace
}  // namespace tests
