#include "rpc/audit.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "rpc/methods.h"
#include "rpc/router.h"

namespace rpc {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

pool::SteadyTime at(seconds time) { return pool::SteadyTime{} + time; }

constexpr std::size_t room_enough = 1000;

AuditRecord look(const std::string& params, const std::string& actor = "olga")
{
    AuditRecord record;
    record.kind = "call";
    record.actor = actor;
    record.host = "192.0.2.7";
    record.method = "look";
    record.params = params;
    return record;
}

std::vector<AuditRecord> noted(QuietCalls& calls, AuditRecord record, pool::SteadyTime now,
                               std::size_t room = room_enough)
{
    std::vector<AuditRecord> due;
    calls.note(std::move(record), now, room, due);
    return due;
}

TEST(QuietCalls, GiveARepeatedCallOneRowInTenMinutesAndCountTheRest)
{
    QuietCalls calls;
    EXPECT_EQ(noted(calls, look("a"), at(seconds{61})).size(), 1U);
    EXPECT_EQ(noted(calls, look("b"), at(seconds{61})).size(), 1U);
    for (int i = 62; i < 72; ++i) EXPECT_TRUE(noted(calls, look("a"), at(seconds{i})).empty());
    EXPECT_TRUE(noted(calls, look("a"), at(seconds{60} + minutes{10})).empty());
    const auto rows = noted(calls, look("a"), at(seconds{61} + minutes{10}));
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows.front().repeats, 11U);
    EXPECT_TRUE(noted(calls, look("a"), at(seconds{62} + minutes{10})).empty());
}

TEST(QuietCalls, TellRepeatsOfACallThatDoesNotComeAgainAndForgetIt)
{
    QuietCalls calls;
    for (int i = 0; i < 3; ++i) noted(calls, look("gone"), at(seconds{61}));
    const auto rows = noted(calls, look("other"), at(seconds{70} + minutes{11}));
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].params, "gone");
    EXPECT_EQ(rows[0].repeats, 2U);
    EXPECT_EQ(rows[1].params, "other");
    EXPECT_EQ(calls.size(), 1U);
}

TEST(QuietCalls, SumUpByMethodWhatAUserAsksBeyondSoManyRowsASecond)
{
    QuietCalls calls;
    std::size_t rows = 0;
    for (int i = 0; i < 10'000; ++i) {
        rows += noted(calls, look(std::to_string(i)), at(seconds{61})).size();
    }
    EXPECT_EQ(rows, 21U) << "four seconds' worth at once, and one row for the rest";
    EXPECT_EQ(noted(calls, look("x", "ann"), at(seconds{61})).size(), 1U) << "another user";
    const auto told = noted(calls, look("x", "ann"), at(seconds{61} + minutes{11}));
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].params, "{}");
    EXPECT_EQ(told[0].repeats, 10'000U - 21);
}

TEST(QuietCalls, StayBoundedHoweverManyThereAre)
{
    QuietCalls calls;
    for (int i = 0; i < 20'000; ++i) noted(calls, look("x", std::to_string(i)), at(seconds{61}));
    EXPECT_EQ(calls.size(), 2 * QuietCalls::calls_max);
}

TEST(QuietCalls, KeepNoLongParameters)
{
    QuietCalls calls;
    const std::string longest(QuietCalls::params_max, 'x');
    EXPECT_EQ(noted(calls, look(longest), at(seconds{61})).at(0).params, longest);
    EXPECT_EQ(noted(calls, look(longest + "x"), at(seconds{61})).at(0).params, "{}");
    EXPECT_TRUE(noted(calls, look(longest + "y"), at(seconds{61})).empty());
}

TEST(QuietCalls, CountWhatFindsNoRoomAndTellItOnceThereIsSome)
{
    QuietCalls calls;
    EXPECT_TRUE(noted(calls, look("a"), at(seconds{61}), 0).empty());
    const auto rows = noted(calls, look("a"), at(seconds{62}));
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows.front().repeats, 1U);
}

TEST(QuietCalls, TellWhatFoundNoRoomAtTheNextSweepThoughItDoesNotComeAgain)
{
    QuietCalls calls;
    EXPECT_TRUE(noted(calls, look("a"), at(seconds{61}), 0).empty());
    const auto rows = noted(calls, look("b"), at(seconds{121}));
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].params, "a");
    EXPECT_EQ(rows[0].repeats, 1U);
}

/// Keeps the rows; answers when told to.
class Paper : public AuditLog {
public:
    void write(AuditRecord record, Done<std::uint64_t> done) override
    {
        rows.push_back(std::move(record));
        if (broken) return done(pool::fail(pool::Error::Code::unavailable, "MySQL is away"));
        if (held) {
            waiting = std::move(done);
        } else {
            done(rows.size());
        }
    }
    void list(std::uint32_t, std::uint64_t, const std::string&,
              Done<std::vector<AuditRecord>> done) override
    {
        done(rows);
    }
    void verify(Done<AuditVerdict> done) override { done(AuditVerdict{}); }

    std::vector<AuditRecord> rows;
    Done<std::uint64_t> waiting;
    bool broken = false;
    bool held = false;
};

struct Office {
    Office()
    {
        Method change;
        change.name = "change";
        change.roles = {Role::operating};
        change.params = {{.name = "what", .doc = ""},
                         {.name = "password", .required = false, .secret = true, .doc = ""}};
        change.handler = [this](const Caller&, const Arguments& arguments, const Reply& reply) {
            changed.push_back(arguments.text(0));
            if (arguments.text(0) == "wrong") {
                return reply(tl::unexpected{RpcError{ErrorCode::not_found, "no such \"thing\""}});
            }
            reply("true");
        };
        router.add(change);
        Method look;
        look.name = "look";
        look.reads_only = true;
        look.handler = [](const Caller&, const Arguments&, const Reply& reply) { reply("7"); };
        router.add(look);
        router.audit_by(auditor);
    }

    std::string ask(const std::string& request, Role role = Role::operating)
    {
        // The reply may come long after this has returned.
        const auto out = std::make_shared<std::string>();
        router.call(request, {"olga", role, "192.0.2.7"},
                    [out](std::optional<std::string> reply) { *out = reply.value_or(""); });
        return *out;
    }

    Paper paper;
    Auditor auditor{paper};
    Router router;
    std::vector<std::string> changed;
};

std::string change_call(const std::string& params)
{
    return R"({"jsonrpc":"2.0","id":1,"method":"change","params":)" + params + "}";
}

TEST(Auditor, WritesACallDownBeforeItsEffectAndWhatCameOfItAfter)
{
    Office office;
    office.paper.held = true;
    office.ask(change_call(R"(["fee"])"));
    ASSERT_EQ(office.paper.rows.size(), 1U);
    EXPECT_TRUE(office.changed.empty()) << "the row is not on disk yet";
    office.paper.held = false;
    office.paper.waiting(41);
    EXPECT_EQ(office.changed, std::vector<std::string>{"fee"});
    ASSERT_EQ(office.paper.rows.size(), 2U);
    const AuditRecord& call = office.paper.rows[0];
    EXPECT_EQ(call.kind, "call");
    EXPECT_EQ(call.actor, "olga");
    EXPECT_EQ(call.role, "operator");
    EXPECT_EQ(call.host, "192.0.2.7");
    EXPECT_EQ(call.method, "change");
    EXPECT_EQ(call.params, R"({"what":"fee"})");
    EXPECT_EQ(office.paper.rows[1].kind, "done");
    EXPECT_EQ(office.paper.rows[1].about, 41U);
}

TEST(Auditor, KeepsSecretsOutAndTellsWhyACallFailed)
{
    Office office;
    office.ask(change_call(R"({"what":"wrong","password":"hunter2"})"));
    ASSERT_EQ(office.paper.rows.size(), 2U);
    EXPECT_EQ(office.paper.rows[0].params, R"({"what":"wrong","password":"***"})");
    EXPECT_EQ(office.paper.rows[1].kind, "failed");
    EXPECT_EQ(office.paper.rows[1].params, R"("no such \"thing\"")");
}

TEST(Auditor, RefusesToChangeAnythingThatCannotBeWrittenDownButGoesOnReading)
{
    Office office;
    office.paper.broken = true;
    EXPECT_EQ(office.ask(change_call(R"(["fee"])")),
              R"({"jsonrpc":"2.0","error":{"code":-28,"message":"nothing was done, for the audit )"
              R"(cannot be written: MySQL is away"},"id":1})");
    EXPECT_TRUE(office.changed.empty());
    EXPECT_EQ(office.ask(R"({"jsonrpc":"2.0","id":1,"method":"look"})"),
              R"({"jsonrpc":"2.0","result":7,"id":1})");
}

TEST(Auditor, NotesWhoTriedWhatTheirRoleMayNot)
{
    Office office;
    const std::string answer = office.ask(change_call(R"(["fee"])"), Role::viewer);
    EXPECT_NE(answer.find("\"code\":-2"), std::string::npos) << answer;
    EXPECT_TRUE(office.changed.empty());
    ASSERT_EQ(office.paper.rows.size(), 1U);
    EXPECT_EQ(office.paper.rows[0].kind, "refused");
    EXPECT_EQ(office.router.counts().active, 0U);
}

/// Never answers.
class Mute : public Paper {
public:
    void write(AuditRecord record, Done<std::uint64_t> done) override
    {
        rows.push_back(std::move(record));
        waits.push_back(std::move(done));
    }
    std::vector<Done<std::uint64_t>> waits;
};

TEST(Auditor, LeavesRoomInTheLogForWhatChangesSomethingHoweverMuchIsReadAndRefused)
{
    Mute paper;
    Auditor auditor{paper};
    Method change;
    change.name = "change";
    change.roles = {Role::operating};
    change.params = {{.name = "what", .doc = ""}};
    change.handler = [](const Caller&, const Arguments&, const Reply& reply) { reply("true"); };
    Router router;
    router.add(change);
    router.audit_by(auditor);
    for (int user = 0; user < 100; ++user) {
        for (int i = 0; i < 100; ++i) {
            router.call(change_call("[\"" + std::to_string(i) + "\"]"),
                        {"viewer" + std::to_string(user), Role::viewer, "192.0.2.7"},
                        [](const std::optional<std::string>&) {});
        }
    }
    EXPECT_EQ(paper.rows.size(), Auditor::quiet_waiting_max);
    router.call(change_call(R"(["fee"])"), {"olga", Role::operating, "192.0.2.7"},
                [](const std::optional<std::string>&) {});
    ASSERT_EQ(paper.rows.size(), Auditor::quiet_waiting_max + 1);
    EXPECT_EQ(paper.rows.back().kind, "call");
    // Once rows are on disk, or could not be written, there is room for as many again.
    std::uint64_t row = 0;
    for (const auto& each : std::exchange(paper.waits, {})) {
        if (++row % 2 == 0) {
            each(row);
        } else {
            each(pool::fail(pool::Error::Code::unavailable, "MySQL is away"));
        }
    }
    const std::size_t before = paper.rows.size();
    for (int user = 0; user < 1000; ++user) {
        router.call(change_call(R"(["fee"])"),
                    {"late" + std::to_string(user), Role::viewer, "192.0.2.7"},
                    [](const std::optional<std::string>&) {});
    }
    EXPECT_EQ(paper.rows.size(), before + Auditor::quiet_waiting_max);
}

TEST(Auditor, LetsEachCallOfABatchWaitForItsOwnRow)
{
    Office office;
    office.paper.held = true;
    office.ask("[" + change_call(R"(["one"])") + "," + change_call(R"(["two"])") + "]");
    EXPECT_EQ(office.paper.rows.size(), 1U);
    const auto first = std::exchange(office.paper.waiting, nullptr);
    first(1);
    EXPECT_EQ(office.changed, std::vector<std::string>{"one"});
    EXPECT_EQ(office.paper.rows.back().params, R"({"what":"two"})");
}

}  // namespace
}  // namespace rpc
