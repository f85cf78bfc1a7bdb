// Farms' sites in real MySQL: sums by site, money by account.
#include <string>

#include <gtest/gtest.h>

#include "payouts/account_book.h"
#include "payouts/mysql_connection.h"
#include "payouts/mysql_verify.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

using payouts::Occasion;
using pool::Error;
using pool::UnixMillis;

constexpr std::uint64_t slot = 1000;

TEST(Sites, ShareOutSumsFromTheirSlotOnAndNothingElse)
{
    BooksFixture books;
    const auto service = books.open();
    payouts::AccountBookOptions options;
    options.mysql = books.mysql();
    const auto book = std::move(*payouts::AccountBook::open(options));
    const std::string farm = test_address("regtest", 1);
    const Occasion on{"olga", UnixMillis{slot * pool::slot_ms}, pool::Height{1}};

    auto stream = books.producer("a-0");
    stream.start(slot);
    stream.account(1, 1, slot);
    stream.worker(1, 1, "north-7", slot);
    stream.worker(2, 1, "south-7", slot);
    stream.worker(3, 1, "alone", slot);
    for (unsigned worker = 1; worker <= 3; ++worker) {
        stream.share(1, slot, 2, pool::RecordKind::share, worker);
    }
    stream.ship_rest();
    settle(*service, slot + 1);
    EXPECT_EQ(book->set_site(farm, "north", "brest", std::nullopt, on), slot + 1);
    EXPECT_EQ(book->set_site(farm, "south", "gomel", UnixMillis{(slot + 2) * pool::slot_ms}, on),
              slot + 2);
    EXPECT_EQ(book->set_site(farm, "", "x", std::nullopt, on).error().code, Error::Code::invalid);
    EXPECT_EQ(book->set_site(farm, "n", "X", std::nullopt, on).error().code, Error::Code::invalid);
    EXPECT_EQ(book->set_site(farm, "n", "x", UnixMillis{slot * pool::slot_ms}, on).error().code,
              Error::Code::invalid);
    for (std::uint64_t at = slot + 1; at <= slot + 2; ++at) {
        for (unsigned worker = 1; worker <= 3; ++worker) {
            stream.share(1, at, 2 * worker, pool::RecordKind::share, worker);
        }
    }
    stream.mark(slot + 20);
    stream.ship_rest();
    settle(*service, slot + 20);

    const auto sheet =
        book->sites(farm, std::chrono::hours{1},
                    {"olga", UnixMillis{(slot + 20) * pool::slot_ms}, pool::Height{1}});
    ASSERT_TRUE(sheet.has_value());
    ASSERT_EQ(sheet->sums.size(), 3U);
    EXPECT_EQ(sheet->sums[0].site, "main");
    EXPECT_EQ(sheet->sums[0].shares, 3U + 2 + 1);  // all; south and alone; alone
    EXPECT_EQ(sheet->sums[1].site, "brest");
    EXPECT_EQ(sheet->sums[1].shares, 2U);
    EXPECT_TRUE(sheet->sums[1].work == 4);
    EXPECT_EQ(sheet->sums[2].site, "gomel");
    EXPECT_TRUE(sheet->sums[2].work == 4);
    EXPECT_EQ(sheet->rules.size(), 2U);

    // The slot's own sums, its tree and the window are the account's, whatever its sites.
    payouts::MysqlConnection db{books.mysql()};
    EXPECT_EQ(payouts::verify_ledger(db)->difference, "");
    EXPECT_EQ(books.number("select cum_shares from slot order by slot_id desc limit 1"), 9U);
    EXPECT_EQ(books.number("select shares from account_total"), 9U);
}

}  // namespace
}  // namespace tests
