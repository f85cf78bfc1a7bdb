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

TEST(ReadRepeats, GivesARepeatedCallOneRowInTenMinutesAndCountsTheRest)
{
    ReadRepeats repeats;
    EXPECT_EQ(repeats.note("a", at(seconds{1})), 0U);
    EXPECT_EQ(repeats.note("b", at(seconds{1})), 0U);
    for (int i = 2; i < 12; ++i) EXPECT_FALSE(repeats.note("a", at(seconds{i})).has_value());
    EXPECT_EQ(repeats.note("a", at(seconds{1} + minutes{10})), 10U);
    EXPECT_FALSE(repeats.note("a", at(seconds{2} + minutes{10})).has_value());
}

TEST(ReadRepeats, WritesEachCallOnceItsMemoryIsFull)
{
    ReadRepeats repeats;
    for (std::size_t i = 0; i < ReadRepeats::calls_max; ++i) {
        EXPECT_EQ(repeats.note(std::to_string(i), at(seconds{1})), 0U);
    }
    EXPECT_EQ(repeats.note("more", at(seconds{2})), 0U);
    EXPECT_EQ(repeats.note("more", at(seconds{2})), 0U);
    EXPECT_EQ(repeats.note("more", at(seconds{2} + minutes{10})), 0U) << "room was made";
    EXPECT_FALSE(repeats.note("more", at(seconds{3} + minutes{10})).has_value());
    EXPECT_EQ(repeats.size(), 1U);
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
