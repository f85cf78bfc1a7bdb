// Triggers act with the rights of the MySQL user who made them; somebody drops that user.
#include <memory>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "payouts/migrations.h"
#include "payouts/mysql_adjustments.h"
#include "payouts/mysql_connection.h"
#include "tests/support/books_fixture.h"

namespace tests {
namespace {

/// A user who migrates these books, as the server's root makes and drops it.
class Migrating {
public:
    explicit Migrating(const BooksFixture& books)
        : name_("zubr_gone_" + std::to_string(::getpid())), options_(books.mysql())
    {
        payouts::MysqlOptions root = options_;
        root.user = "root";
        root.password.clear();
        root_ = std::make_unique<payouts::MysqlConnection>(root);
        make();
        options_.user = name_;
        options_.password = "x";
    }
    ~Migrating() { drop(); }
    Migrating(const Migrating&) = delete;
    Migrating& operator=(const Migrating&) = delete;

    void make()
    {
        say("create user if not exists " + name_ + "@localhost identified by 'x'");
        say("grant all on `" + options_.database + "`.* to " + name_ + "@localhost");
    }
    void drop() { say("drop user if exists " + name_ + "@localhost"); }
    const payouts::MysqlOptions& options() const { return options_; }

private:
    void say(const std::string& statement)
    {
        const auto connected = root_->connect();
        ASSERT_TRUE(connected.has_value()) << connected.error().detail;
        const auto done = root_->run(statement);
        ASSERT_TRUE(done.has_value()) << statement << ": " << done.error().detail;
    }

    std::string name_;
    payouts::MysqlOptions options_;
    std::unique_ptr<payouts::MysqlConnection> root_;
};

TEST(Definer, ThatWasDroppedIsToldByNameAndNothingIsPostedUntilItIsBack)
{
    const BooksFixture books;
    Migrating migrating{books};
    const auto migrations = payouts::parse_migrations(payouts::schema_sql());
    ASSERT_TRUE(migrations.has_value());
    {
        payouts::MysqlConnection its{migrating.options()};
        const auto done = payouts::migrate(its, *migrations);
        ASSERT_TRUE(done.has_value()) << done.error().detail;
    }
    payouts::MysqlConnection db{books.mysql()};
    ASSERT_TRUE(db.connect().has_value());
    const pool::UnixMillis now = now_in(1000).wall;
    const auto asked =
        payouts::ask_coins(db, {true, "pool:reserve", pool::Sats{1000}, "found"}, "ann", now);
    ASSERT_TRUE(asked.has_value()) << asked.error().detail;
    migrating.drop();
    const auto lost = payouts::approve_coins(db, asked->id, "bob", now);
    ASSERT_FALSE(lost.has_value());
    EXPECT_EQ(lost.error().code, pool::Error::Code::unavailable) << lost.error().detail;
    EXPECT_NE(lost.error().detail.find(migrating.options().user), std::string::npos)
        << lost.error().detail;
    EXPECT_NE(lost.error().detail.find("create it again"), std::string::npos)
        << lost.error().detail;
    EXPECT_EQ(books.scalar("select count(*) from ledger_event"), "0");
    migrating.make();
    const auto booked = payouts::approve_coins(db, asked->id, "bob", now);
    EXPECT_TRUE(booked.has_value()) << booked.error().detail;
}

}  // namespace
}  // namespace tests
