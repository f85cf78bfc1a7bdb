// Who may do what with payouts: the method table itself.
#include "rpc/payout_methods.h"

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "rpc/payout_views.h"

namespace rpc {
namespace {

class NoPayouts final : public PayoutControl {
public:
    void run(Work, std::function<void(pool::Result<std::string>)> done) override
    {
        ++asked;
        done(std::string{"\"asked\""});
    }
    int asked = 0;
};

class PayoutMethods : public testing::Test {
protected:
    PayoutMethods() { register_payout_methods(router, control); }

    bool may(Role role, const std::string& method, const std::string& params)
    {
        std::string answer;
        router.call(
            R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + "}",
            Caller{role == Role::admin ? "__cookie__" : "somebody", role},
            [&answer](const std::optional<std::string>& text) { answer = text.value_or(""); });
        return answer.find("asked") != std::string::npos;
    }

    std::set<Role> allowed(const std::string& method, const std::string& params)
    {
        std::set<Role> out;
        for (const Role role : {Role::viewer, Role::operating, Role::accountant, Role::approver,
                                Role::auditor, Role::admin}) {
            if (may(role, method, params)) out.insert(role);
        }
        return out;
    }

    NoPayouts control;
    Router router;
};

using Roles = std::set<Role>;

TEST_F(PayoutMethods, LetAccountantsCreateAndApproversApproveAndNoAdminDoEither)
{
    EXPECT_EQ(allowed("createpayout", "[]"), Roles{Role::accountant});
    EXPECT_EQ(allowed("createpayout", "[true]"), Roles{Role::accountant});
    EXPECT_EQ(allowed("approvepayout", R"([1,"00"])"), Roles{Role::approver});
    EXPECT_EQ(allowed("bookcoins", R"(["out",1,"farm","why"])"), Roles{Role::accountant});
    EXPECT_EQ(allowed("approvecoins", "[1]"), Roles{Role::approver});
    const Roles both{Role::accountant, Role::approver};
    EXPECT_EQ(allowed("exportpsbt", "[1]"), both);
    EXPECT_EQ(allowed("importpsbt", R"([1,"x"])"), both);
    EXPECT_EQ(allowed("bumppayout", "[1,5]"), both);
    EXPECT_EQ(allowed("cancelpayout", "[1]"), both);
    EXPECT_EQ(allowed("releasepayouts", "[]"), both);
}

TEST_F(PayoutMethods, LetWhoeverIsAwakeStopThem)
{
    EXPECT_EQ(allowed("stoppayouts", "[]"), (Roles{Role::operating, Role::accountant,
                                                   Role::approver, Role::auditor, Role::admin}));
}

TEST_F(PayoutMethods, ShowThemToThoseWhoReadTheBooks)
{
    const Roles readers{Role::operating, Role::accountant, Role::approver, Role::auditor,
                        Role::admin};
    EXPECT_EQ(allowed("listpayouts", "[]"), readers);
    EXPECT_EQ(allowed("getpayoutinfo", "[]"), readers);
    EXPECT_EQ(allowed("previewpayout", "[]"), readers);
    EXPECT_EQ(allowed("getpayout", "[1]"), readers);
    EXPECT_EQ(allowed("comparebooks", "[]"), readers);
    EXPECT_EQ(allowed("listcoins", "[]"), readers);
}

TEST_F(PayoutMethods, HaveTheNamesOfOtherPoolsWithTheSameRights)
{
    EXPECT_EQ(allowed("runpayout", R"([1,"00"])"), Roles{Role::approver});
    EXPECT_EQ(allowed("holdpayouts", "[]"), allowed("stoppayouts", "[]"));
    EXPECT_NE(router.help("runpayout")->find("Another name of approvepayout."), std::string::npos);
}

TEST(PayoutOverview, SumsUpWhatIsUnderWay)
{
    payouts::PayoutBatch sent;
    sent.id = 3;
    sent.state = payouts::BatchState::broadcast;
    sent.total = pool::Sats{70};
    payouts::PayoutBatch draft = sent;
    draft.state = payouts::BatchState::draft;
    payouts::PayoutBatch done = sent;
    done.state = payouts::BatchState::confirmed;
    payouts::FundsCheck funds;
    funds.difference = pool::Sats{-5};
    const std::string text =
        overview_json({true, payouts::HoldCause::person, "ann", "why"}, {sent, draft, done}, funds);
    EXPECT_EQ(text.find(R"({"hold":{"stopped":true,"by":"ann","reason":"why",)"), 0U) << text;
    EXPECT_NE(text.find(R"("open":2,"open_sat":140,"newest":{"payout":3,)"), std::string::npos);
    EXPECT_NE(text.find(R"("funds":{"difference_sat":-5,)"), std::string::npos) << text;
    EXPECT_NE(overview_json({}, {}, {}).find(R"("newest":null)"), std::string::npos);
}

TEST_F(PayoutMethods, RefuseWhatIsNoNumberOfAPayoutBeforeAnybodyIsAsked)
{
    EXPECT_FALSE(may(Role::approver, "getpayout", "[0]"));
    EXPECT_FALSE(may(Role::approver, "getpayout", R"(["x"])"));
    EXPECT_FALSE(may(Role::approver, "bumppayout", "[1,0]"));
    EXPECT_EQ(control.asked, 0);
}

}  // namespace
}  // namespace rpc
