// Which payout scripts have accounts, so that a loop knows after a restart who is no newcomer.
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "payouts/service.h"
#include "pool/bitcoin/address.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

TEST(KnownScripts, AreThoseOfAllAccountsByAddressOrOfTheNewest)
{
    BooksFixture books;
    const auto service = books.open();
    ASSERT_NE(service, nullptr);
    const auto payout =
        pool::parse_address(test_address("regtest", 7), pool::Chain::regtest).value();
    ASSERT_TRUE(service->create_account("by-name", payout).has_value());
    // More than are asked for at once, and holes between them.
    books.scalar(
        "insert into account (id, name, script, payout_address, salt) "
        "select seq * 2, concat('x', seq), unhex(lpad(hex(seq), 8, '0')), '', random_bytes(32) "
        "from seq_10_to_45009");
    const auto script = [](std::uint32_t seq) {
        pool::Bytes bytes;
        for (int shift = 24; shift >= 0; shift -= 8) {
            bytes.push_back(static_cast<std::uint8_t>(seq >> shift));
        }
        return bytes;
    };
    const auto all = service->known_scripts();
    ASSERT_TRUE(all.has_value()) << all.error().detail;
    EXPECT_EQ(std::to_string(all->size()),
              books.scalar("select count(*) from account where script is not null"));
    for (const std::uint32_t seq : {10U, 11U, 20'000U, 25'009U, 25'010U, 45'009U}) {
        EXPECT_TRUE(all->holds(script(seq))) << seq;
    }
    EXPECT_FALSE(all->holds(script(9)));
    EXPECT_FALSE(all->holds(payout.script)) << "that account is known by its name";
    const auto newest = service->known_scripts(30'000);
    ASSERT_TRUE(newest.has_value()) << newest.error().detail;
    EXPECT_EQ(newest->size(), 30'000U);
    EXPECT_TRUE(newest->holds(script(15'010)));
    EXPECT_FALSE(newest->holds(script(15'009)));
}

}  // namespace
}  // namespace tests
