#include "pool/app/account_lookup.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pool {
namespace {

/// Whoever reads the books answers when the test says so.
class Lookup : public ::testing::Test {
protected:
    void get(const std::string& name)
    {
        lookup.get(name, [this, name](const Result<payouts::AccountBooks>& books) {
            heard.push_back(name + (books ? " has " + std::to_string(books->available.value)
                                          : ": " + books.error().detail));
        });
    }
    /// Of the oldest question: what there is in `known`.
    void answer(const std::vector<std::pair<std::string, std::int64_t>>& known)
    {
        AccountLookup::Books books;
        for (const auto& [name, available] : known) {
            payouts::AccountBooks each;
            each.name = name;
            each.available = Sats{available};
            books.push_back(each);
        }
        answer_with(std::move(books));
    }
    void answer_with(Result<AccountLookup::Books> answer)
    {
        const auto done = open.front();
        open.erase(open.begin());
        done(std::move(answer));
    }

    using Names = std::vector<std::string>;
    std::vector<Names> asked;
    std::vector<std::function<void(Result<AccountLookup::Books>)>> open;
    std::vector<std::string> heard;
    const AccountLookup::Ask ask = [this](Names names, auto done) {
        asked.push_back(std::move(names));
        open.push_back(std::move(done));
    };
    AccountLookup lookup{3, ask};
};

TEST_F(Lookup, AsksTogetherForWhatCameWhileAQuestionWasOut)
{
    get("ann");
    for (const char* const name : {"bob", "carl", "bob", "dora", "eve"}) get(name);
    EXPECT_EQ(asked, (std::vector<Names>{{"ann"}})) << "one question at a time";
    answer({{"ann", 1}});
    EXPECT_EQ(heard, (Names{"ann has 1"}));
    ASSERT_EQ(asked.size(), 2U);
    EXPECT_EQ(asked[1], (Names{"bob", "carl", "dora"})) << "nobody twice, and no more than fit";
    answer({{"dora", 4}, {"bob", 2}});
    EXPECT_EQ(heard, (Names{"ann has 1", "bob has 2", "carl: no account carl has had a share yet",
                            "bob has 2", "dora has 4"}));
    ASSERT_EQ(asked.size(), 3U);
    EXPECT_EQ(asked[2], (Names{"eve"}));
}

TEST_F(Lookup, GivesNobodyWhatWasReadBeforeHeAsked)
{
    get("ann");
    get("ann");
    answer({{"ann", 1}});
    EXPECT_EQ(heard, (Names{"ann has 1"}));
    answer({{"ann", 2}});
    EXPECT_EQ(heard, (Names{"ann has 1", "ann has 2"}));
    EXPECT_TRUE(open.empty());
}

TEST_F(Lookup, TellsATroubleToAllWhoWaitAndAsksOn)
{
    get("ann");
    get("bob");
    answer_with(fail(Error::Code::unavailable, "MySQL is away"));
    EXPECT_EQ(heard, (Names{"ann: MySQL is away"}));
    answer({{"bob", 2}});
    EXPECT_EQ(heard.back(), "bob has 2");
}

TEST_F(Lookup, LetsOnlySoManyWait)
{
    get("ann");
    for (std::size_t i = 0; i < AccountLookup::waiting_max; ++i) get("x" + std::to_string(i));
    EXPECT_TRUE(heard.empty());
    get("late");
    EXPECT_EQ(heard, (Names{"late: too many questions at once; try again"}));
}

TEST_F(Lookup, MayBeAskedAgainByWhomItTells)
{
    lookup.get("ann", [this](const Result<payouts::AccountBooks>&) { get("bob"); });
    answer({{"ann", 1}});
    answer({{"bob", 2}});
    EXPECT_EQ(heard, (Names{"bob has 2"}));
}

TEST_F(Lookup, TellsNobodyAnythingAfterItsEnd)
{
    std::optional<AccountLookup> another;
    another.emplace(3, ask);
    another->get("ann", [this](const auto&) { heard.push_back("late"); });
    another.reset();
    answer({{"ann", 1}});
    EXPECT_TRUE(heard.empty());
}

}  // namespace
}  // namespace pool
