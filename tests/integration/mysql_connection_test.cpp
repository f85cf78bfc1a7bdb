// What a connection to MySQL makes of its server's words.
#include "payouts/mysql_connection.h"

#include <gtest/gtest.h>

#include "tests/support/stores_fixture.h"

namespace tests {
namespace {

// A primary that was demoted answers on: only a new session finds who stands at its address now.
TEST(MysqlConnection, LeavesAServerThatTakesNoWritesAndTriesItsAddressAgain)
{
    const MysqlFixture mysql;
    payouts::MysqlOptions options;
    options.socket = mysql.socket();
    payouts::MysqlConnection db{options};
    ASSERT_TRUE(db.connect().has_value());
    // This server has no rights to grant, and says so by the number that read_only has: 1290.
    const auto done = db.run("grant select on *.* to x@localhost");
    ASSERT_FALSE(done.has_value());
    ASSERT_EQ(db.last_error(), 1290U);
    EXPECT_EQ(done.error().code, pool::Error::Code::unavailable);
    EXPECT_FALSE(db.connected());
    ASSERT_TRUE(db.connect().has_value());
    EXPECT_TRUE(db.query("select 1").has_value());
}

// An empty vector has no address; the client library takes that for NULL.
TEST(MysqlConnection, TellsEmptyBytesFromNull)
{
    const MysqlFixture mysql;
    payouts::MysqlOptions options;
    options.socket = mysql.socket();
    payouts::MysqlConnection db{options};
    ASSERT_TRUE(db.connect().has_value());
    for (const payouts::SqlValue& empty :
         {payouts::SqlValue{pool::Bytes{}}, payouts::SqlValue{std::string{}}}) {
        const auto told = db.query("select ? is null, length(?)", {empty, empty});
        ASSERT_TRUE(told.has_value()) << told.error().detail;
        ASSERT_EQ(told->front().text(0), "0");
        EXPECT_EQ(told->front().u64(1), 0U);
    }
}

}  // namespace
}  // namespace tests
