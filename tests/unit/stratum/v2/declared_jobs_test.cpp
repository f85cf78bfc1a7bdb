#include "stratum/v2/declared_jobs.h"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/stratum/talk.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here
using pool::Error;
using pool::UnixTime;

constexpr UnixTime start{1'700'000'000};

MiningToken token(std::uint64_t serial, const std::string& account = "user")
{
    MiningToken made;
    made.issued = start;
    made.serial = serial;
    made.account = account_mark(account);
    return made;
}

TEST(UsedTokens, TakeATokenOnceWhicheverLoopItComesTo)
{
    UsedTokens used;
    EXPECT_FALSE(used.contains(1));
    EXPECT_EQ(used.use(token(1), start), UsedTokens::Use::first);
    EXPECT_TRUE(used.contains(1));
    EXPECT_EQ(used.use(token(1), start), UsedTokens::Use::again);
    EXPECT_EQ(used.use(token(1, "other"), start), UsedTokens::Use::again);
}

TEST(UsedTokens, RememberATokenForAsLongAsItCouldComeAgain)
{
    UsedTokens used;
    used.use(token(1), start);
    used.use(token(2), {start.seconds + 3720});
    EXPECT_TRUE(used.contains(1));
    used.use(token(3), {start.seconds + 3721});
    EXPECT_FALSE(used.contains(1));
    EXPECT_TRUE(used.contains(2));
    EXPECT_TRUE(token(1).expired({start.seconds + 3721}));
}

TEST(UsedTokens, LeaveRoomForOthersHoweverManyOneAccountUses)
{
    UsedTokens used;
    std::uint64_t serial = 0;
    for (std::size_t i = 0; i < UsedTokens::of_account_max; ++i) {
        ASSERT_EQ(used.use(token(++serial), start), UsedTokens::Use::first);
    }
    EXPECT_EQ(used.use(token(++serial), start), UsedTokens::Use::too_many);
    EXPECT_FALSE(used.contains(serial));
    EXPECT_EQ(used.use(token(serial, "other"), start), UsedTokens::Use::first);
    EXPECT_EQ(used.use(token(++serial), {start.seconds + 4000}), UsedTokens::Use::first);
}

// Two loops of one server, each with its own table of jobs.
class DeclaredJobsOfTwoLoops : public testing::Test {
protected:
    DeclaredJobsOfTwoLoops()
    {
        now.steady = {};
        now.wall = pool::UnixMillis{std::uint64_t{start.seconds} * 1000};
        own = Talk{}.make_job(1);
        for (pool::JobTable* table : {&first_table, &second_table}) table->add(own, now.steady);
    }
    pool::Job job() const
    {
        pool::Job made = *own;
        made.declared = true;
        return made;
    }
    std::shared_ptr<UsedTokens> used = std::make_shared<UsedTokens>();
    pool::JobTable first_table;
    pool::JobTable second_table;
    DeclaredJobs first{first_table, used, 1};
    DeclaredJobs second{second_table, used, 2};
    std::shared_ptr<pool::Job> own;
    pool::Now now;
};

TEST_F(DeclaredJobsOfTwoLoops, TakeAJobForATokenOnOneOfThemOnly)
{
    ASSERT_TRUE(first.take_in(job(), token(7), now).has_value());
    const auto again = second.take_in(job(), token(7), now);
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().code, Error::Code::conflict);
    EXPECT_EQ(second_table.declared(), 0U);
}

TEST_F(DeclaredJobsOfTwoLoops, LeaveRoomForOthersHoweverManyOneAccountDeclares)
{
    std::vector<pool::JobId> ids;
    std::uint64_t serial = 0;
    for (std::size_t i = 0; i < DeclaredJobs::of_account_max; ++i) {
        const auto id = first.take_in(job(), token(++serial), now);
        ASSERT_TRUE(id.has_value()) << i;
        ids.push_back(*id);
    }
    const auto greedy = first.take_in(job(), token(++serial), now);
    ASSERT_FALSE(greedy.has_value());
    EXPECT_EQ(greedy.error().code, Error::Code::unavailable);
    EXPECT_FALSE(used->contains(serial)) << "what came to nothing has used up nothing";
    EXPECT_TRUE(first.take_in(job(), token(++serial, "other"), now).has_value());

    first.retire(ids.front());
    EXPECT_TRUE(first.take_in(job(), token(++serial), now).has_value());
    EXPECT_FALSE(first.take_in(job(), token(++serial), now).has_value());
}

TEST_F(DeclaredJobsOfTwoLoops, TakeAJobInPlaceOfAnotherWhichARefusedOneCostsNothing)
{
    std::uint64_t serial = 0;
    std::vector<pool::JobId> ids;
    for (std::size_t i = 0; i < DeclaredJobs::of_account_max; ++i) {
        ids.push_back(first.take_in(job(), token(++serial), now).value_or(pool::JobId{}));
    }
    EXPECT_FALSE(first.take_in(job(), token(1), now, ids.front()).has_value()) << "a used token";
    EXPECT_TRUE(first.take_retired().empty());
    EXPECT_TRUE(first.take_in(job(), token(++serial), now, ids.front()).has_value());
    EXPECT_EQ(first.take_retired(), std::vector<pool::JobId>{ids.front()});
    EXPECT_FALSE(first.take_in(job(), token(++serial), now).has_value());
}

// The seed is behind other secrets of the loop, and serials are for everybody to read.
TEST_F(DeclaredJobsOfTwoLoops, ShowNothingOfTheirSeed)
{
    const auto key = std::make_shared<const TokenKey>(SecretKey{});
    first.set_key(key);
    const auto issued = first.issue("user", {}, start);
    const auto opened = key->open(issued.token);
    ASSERT_TRUE(opened.has_value());
    EXPECT_GT(opened->serial, 1'000'000U) << "the seed was 1";
}

}  // namespace
}  // namespace tests
