#include "rpc/router.h"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace rpc {
namespace {

const Caller boss{"boss", Role::admin};

/// A router with three methods: "add" sums, "greet" greets, "later" answers when told to.
struct Desk {
    Desk()
    {
        Method add;
        add.group = "sums";
        add.name = "add";
        add.reads_only = true;
        add.params = {{.name = "a", .type = ParamType::integer, .min = 0, .max = 100, .doc = "one"},
                      {.name = "b",
                       .type = ParamType::integer,
                       .required = false,
                       .default_value = std::int64_t{7},
                       .doc = "other"}};
        add.doc = "Adds. Carefully.";
        add.result = "the sum";
        add.handler = [](const Caller&, const Arguments& arguments, const Reply& reply) {
            reply(std::to_string(arguments.integer(0) + arguments.integer(1)));
        };
        router.add(add);

        Method greet;
        greet.group = "words";
        greet.name = "greet";
        greet.roles = {Role::operating};
        greet.params = {{.name = "who", .length_max = 8, .doc = "whom"}};
        greet.doc = "Greets.";
        greet.handler = [](const Caller&, const Arguments& arguments, const Reply& reply) {
            reply("\"hello " + arguments.text(0) + "\"");
        };
        router.add(greet);

        Method later;
        later.group = "words";
        later.name = "later";
        later.doc = "Waits.";
        later.handler = [this](const Caller&, const Arguments&, Reply reply) {
            waiting.push_back(std::move(reply));
        };
        router.add(later);
    }

    /// The reply, "" for none.
    std::string ask(const std::string& request, const Caller& caller = boss)
    {
        std::string out = "never answered";
        router.call(request, caller,
                    [&out](std::optional<std::string> reply) { out = reply.value_or(""); });
        return out;
    }

    Router router;
    std::vector<Reply> waiting;
};

std::string error(int code, const std::string& message, const std::string& id = "null")
{
    return R"({"jsonrpc":"2.0","error":{"code":)" + std::to_string(code) + R"(,"message":")" +
           message + R"("},"id":)" + id + "}";
}

TEST(Router, AnswersPositionalAndNamedParameters)
{
    Desk desk;
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"add","params":[2,3]})"),
              R"({"jsonrpc":"2.0","result":5,"id":1})");
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"add","params":{"b":3,"a":2}})"),
              R"({"jsonrpc":"2.0","result":5,"id":1})");
}

TEST(Router, FillsInWhatIsAbsentOrNull)
{
    Desk desk;
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"add","params":[2]})"),
              R"({"jsonrpc":"2.0","result":9,"id":1})");
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"add","params":[2,null]})"),
              R"({"jsonrpc":"2.0","result":9,"id":1})");
}

TEST(Router, TakesNumbersAsTextTheWayCommandLinesSendThem)
{
    Desk desk;
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"add","params":["2","40"]})"),
              R"({"jsonrpc":"2.0","result":42,"id":1})");
}

TEST(Router, GivesTheIdBackAsItCame)
{
    Desk desk;
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":"a\"b","method":"add","params":[1,1]})"),
              R"({"jsonrpc":"2.0","result":2,"id":"a\"b"})");
    EXPECT_EQ(
        desk.ask(R"({"jsonrpc":"2.0","id":18446744073709551615,"method":"add","params":[1,1]})"),
        R"({"jsonrpc":"2.0","result":2,"id":18446744073709551615})");
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":null,"method":"add","params":[1,1]})"),
              R"({"jsonrpc":"2.0","result":2,"id":null})");
}

TEST(Router, SaysWhichParameterIsWrong)
{
    Desk desk;
    const std::string hint = "; usage: add a ( b )";
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"add"})"),
              error(-32602, "a is missing" + hint, "1"));
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"add","params":[101]})"),
              error(-32602, "a must be 0 to 100" + hint, "1"));
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"add","params":[1.5]})"),
              error(-32602, "a must be an integer" + hint, "1"));
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"add","params":["x"]})"),
              error(-32602, "a must be an integer" + hint, "1"));
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"add","params":[1,2,3]})"),
              error(-32602, "at most 2 parameters" + hint, "1"));
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"add","params":{"a":1,"c":1}})"),
              error(-32602, "unknown parameter 'c'" + hint, "1"));
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"greet","params":["123456789"]})"),
              error(-32602, "who is longer than 8 bytes; usage: greet \\\"who\\\"", "1"));
    for (const char* const evil : {"\\u0000", "a\\n", "\\u001b[2J", "\\u007f", "\\u0437"}) {
        const std::string request = R"({"jsonrpc":"2.0","id":1,"method":"greet","params":[")" +
                                    std::string{evil} + R"("]})";
        EXPECT_EQ(desk.ask(request),
                  error(-32602,
                        "who holds more than printable ASCII characters; usage: greet "
                        "\\\"who\\\"",
                        "1"))
            << evil;
    }
}

TEST(Arguments, TakeProseInAnyScriptButNoControlCharacters)
{
    const std::vector<Param> params{{.name = "reason", .prose = true, .doc = "why"}};
    pool::JsonDocument document;
    const auto good = Arguments::read(params, *document.parse(R"(["рэвізія"])", {}));
    ASSERT_TRUE(good.has_value());
    EXPECT_EQ(good->text(0), "рэвізія");
    const auto evil = Arguments::read(params, *document.parse(R"(["a\u001b[2J"])", {}));
    ASSERT_FALSE(evil.has_value());
    EXPECT_EQ(evil.error().message, "reason holds control characters");
}

TEST(Router, TellsTheErrorsOfTheProtocolApart)
{
    Desk desk;
    EXPECT_EQ(desk.ask("{\"jsonrpc\":").substr(0, 45),
              R"({"jsonrpc":"2.0","error":{"code":-32700,"mess)");
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","method":1,"params":"bar"})"),
              error(-32600, "method must be a text"));
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"1.0","id":1,"method":"add"})"),
              error(-32600, "jsonrpc must be \\\"2.0\\\"", "1"));
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":[1],"method":"add"})"),
              error(-32600, "id must be a text, a number or null"));
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"add","params":5})"),
              error(-32600, "params must be an array or an object; usage: add a ( b )", "1"));
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"subtract"})"),
              error(-32601, "no method 'subtract'; 'help' lists them", "1"));
    EXPECT_EQ(desk.ask("5"), error(-32600, "a request is an object"));
    EXPECT_EQ(desk.router.counts().errors, 7U);
}

TEST(Router, HoldsDeepAndLargeRequestsBack)
{
    Desk desk;
    EXPECT_EQ(desk.ask(std::string(100'000, '[')).find("\"result\""), std::string::npos);
    const std::string deep = std::string(60, '[') + std::string(60, ']');
    EXPECT_NE(desk.ask(deep).find("\"error\""), std::string::npos);
    EXPECT_NE(desk.ask("\"" + std::string(Router::request_bytes_max, 'x') + "\"").find("-32600"),
              std::string::npos);
}

TEST(Router, StaysSilentOnNotifications)
{
    Desk desk;
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","method":"add","params":[1,2]})"), "");
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","method":"nonsense"})"), "");
    EXPECT_EQ(desk.ask(R"([{"jsonrpc":"2.0","method":"add","params":[1,2]}])"), "");
}

// The mixed batch of the specification's examples, section 7, in our words.
TEST(Router, AnswersABatchInOrderWithoutItsNotifications)
{
    Desk desk;
    EXPECT_EQ(desk.ask(R"([{"jsonrpc":"2.0","id":"1","method":"add","params":[1,2]},
                           {"jsonrpc":"2.0","method":"add","params":[7]},
                           1,
                           {"foo":"boo"},
                           {"jsonrpc":"2.0","id":9,"method":"add","params":[0,0]}])"),
              "["
              R"({"jsonrpc":"2.0","result":3,"id":"1"},)" +
                  error(-32600, "a request is an object") + "," +
                  error(-32600, "jsonrpc must be \\\"2.0\\\"") + "," +
                  R"({"jsonrpc":"2.0","result":0,"id":9}])");
}

TEST(Router, RefusesAnEmptyBatchAndOneOfFiftyOne)
{
    Desk desk;
    const std::string call = R"({"jsonrpc":"2.0","id":1,"method":"add","params":[1,1]})";
    std::string fifty = "[" + call;
    for (int i = 1; i < 50; ++i) fifty += "," + call;
    const std::string refusal = error(-32600, "a batch holds 1 to 50 requests");
    EXPECT_EQ(desk.ask("[]"), refusal);
    EXPECT_EQ(desk.ask(fifty + "," + call + "]"), refusal);
    EXPECT_EQ(desk.ask(fifty + "]").substr(0, 38),
              "["
              R"({"jsonrpc":"2.0","result":2,"id":1},)"
              "{");
}

TEST(Router, BeginsNoCallOfABatchWhoseRepliesAreThirtyTwoMebibytes)
{
    constexpr std::size_t long_bytes = std::size_t{12} << 20;
    Desk desk;
    int runs = 0;
    Method tale;
    tale.group = "words";
    tale.name = "tale";
    tale.doc = "Tells at length.";
    tale.handler = [&runs](const Caller&, const Arguments&, const Reply& reply) {
        ++runs;
        reply('"' + std::string(long_bytes, 'x') + '"');
    };
    desk.router.add(tale);
    const std::string call = R"({"jsonrpc":"2.0","id":7,"method":"tale"})";
    const std::string notification = R"({"jsonrpc":"2.0","method":"tale"})";
    const std::string reply = desk.ask("[" + call + "," + call + "," + call + "," + notification +
                                       "," + call + "," + call + "]");
    EXPECT_EQ(runs, 3) << "24 MiB leave place for one more";
    const std::string refusal =
        error(-32600, "the replies of this batch are 32 MiB already; call tale by itself", "7");
    EXPECT_TRUE(reply.ends_with("," + refusal + "," + refusal + "]"))
        << reply.substr(reply.size() - 200);
    EXPECT_LT(reply.size(), Router::replies_bytes_max + long_bytes);
    EXPECT_TRUE(desk.ask(call).starts_with(R"({"jsonrpc":"2.0","result":"xx)"));
    EXPECT_EQ(runs, 4) << "the next request begins anew";
}

TEST(Router, RunsABatchOneCallAfterTheOther)
{
    Desk desk;
    std::optional<std::string> out;
    desk.router.call(R"([{"jsonrpc":"2.0","id":1,"method":"later"},
                         {"jsonrpc":"2.0","id":2,"method":"later"}])",
                     boss, [&out](std::optional<std::string> reply) { out = std::move(reply); });
    ASSERT_EQ(desk.waiting.size(), 1U);
    EXPECT_EQ(desk.router.counts().active, 1U);
    const Reply first = desk.waiting[0];
    first("1");
    ASSERT_EQ(desk.waiting.size(), 2U);
    EXPECT_FALSE(out);
    const Reply second = desk.waiting[1];
    second(tl::unexpected{RpcError{ErrorCode::not_found, "gone"}});
    EXPECT_EQ(out,
              "["
              R"({"jsonrpc":"2.0","result":1,"id":1},)" +
                  error(-5, "gone", "2") + "]");
    EXPECT_EQ(desk.router.counts().active, 0U);
}

TEST(Router, LetsAllElseHaveItsTurnBetweenTheCallsOfABatch)
{
    Desk desk;
    std::vector<std::function<void()>> later;
    desk.router.take_turns_by(
        [&](std::function<void()> rest) { later.push_back(std::move(rest)); });
    int runs = 0;
    Method count;
    count.group = "numbers";
    count.name = "count";
    count.doc = "Counts.";
    count.handler = [&runs](const Caller&, const Arguments&, const Reply& reply) {
        reply(std::to_string(++runs));
    };
    desk.router.add(count);
    const std::string call = R"({"jsonrpc":"2.0","id":1,"method":"count"})";
    std::optional<std::string> told;
    const auto hear = [&told](const std::optional<std::string>& reply) { told = reply; };
    desk.router.call("[" + call + "," + call + "," + call + "]", boss, hear);
    for (const int ran : {1, 2}) {
        EXPECT_EQ(runs, ran);
        EXPECT_FALSE(told.has_value());
        ASSERT_EQ(later.size(), 1U);
        std::exchange(later, {}).front()();
    }
    EXPECT_EQ(runs, 3);
    EXPECT_TRUE(later.empty());
    EXPECT_EQ(told, R"([{"jsonrpc":"2.0","result":1,"id":1},{"jsonrpc":"2.0","result":2,"id":1},)"
                    R"({"jsonrpc":"2.0","result":3,"id":1}])");
    desk.router.call(call, boss, hear);
    EXPECT_TRUE(later.empty()) << "a call by itself waits for nobody";
}

TEST(Router, LetsARoleCallWhatTheTableSays)
{
    Desk desk;
    const std::string greet = R"({"jsonrpc":"2.0","id":1,"method":"greet","params":["you"]})";
    const std::string hello = R"({"jsonrpc":"2.0","result":"hello you","id":1})";
    EXPECT_EQ(desk.ask(greet, {"v", Role::viewer}),
              error(-2, "the role viewer may not call greet", "1"));
    EXPECT_EQ(desk.ask(greet, {"a", Role::auditor}),
              error(-2, "the role auditor may not call greet", "1"));
    EXPECT_EQ(desk.ask(greet, {"o", Role::operating}), hello);
    EXPECT_EQ(desk.ask(greet, {"b", Role::admin}), hello);
}

TEST(Router, MakesHelpFromTheTable)
{
    Desk desk;
    EXPECT_EQ(desk.router.help(),
              "== sums ==\nadd a ( b )\n    Adds\n\n"
              "== words ==\ngreet \"who\"\n    Greets\nlater\n    Waits\n\n"
              "'help METHOD' says more.\n");
    EXPECT_EQ(desk.router.help("add"),
              "add a ( b )\n\nAdds. Carefully.\n\nParameters, by position or by name:\n"
              "1. a (integer, required, 0 to 100)  one\n"
              "2. b (integer, optional, default 7)  other\n"
              "\nResult: the sum\nRoles: everyone\n");
    EXPECT_EQ(desk.router.help("subtract"), std::nullopt);
}

TEST(Router, SaysWhichMethodMayBeMeant)
{
    Desk desk;
    EXPECT_EQ(desk.router.unknown("greeet"),
              "no method 'greeet'; did you mean greet? 'help' lists them");
    EXPECT_EQ(desk.router.unknown("grt"), "no method 'grt'; 'help' lists them");
    EXPECT_EQ(desk.router.unknown(""), "no method ''; 'help' lists them");
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"ad"})"),
              error(-32601, "no method 'ad'; did you mean add? 'help' lists them", "1"));
}

TEST(Router, EscapesWhatItRepeatsOfARequest)
{
    Desk desk;
    EXPECT_EQ(desk.ask(R"({"jsonrpc":"2.0","id":1,"method":"\"}\u0000\n<b>"})"),
              error(-32601, R"(no method '\"}\u0000\n<b>'; 'help' lists them)", "1"));
}

}  // namespace
}  // namespace rpc
