#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/json.h"
#include "rpc/server.h"
#include "tests/integration/rpc_running.h"

namespace rpc::testing {
namespace {

using std::chrono::milliseconds;

// ---- the web listener ----

TEST(RpcWeb, ServesThePageWithItsGuards)
{
    const Running server;
    const std::string page = get(server.web(), "/");
    EXPECT_EQ(status_of(page), "200");
    EXPECT_TRUE(has(page, "Content-Type: text/html; charset=utf-8\r\n"));
    EXPECT_TRUE(has(page, "Content-Security-Policy: default-src 'self';"));
    EXPECT_TRUE(has(page, "X-Content-Type-Options: nosniff\r\n"));
    EXPECT_TRUE(has(page, "Referrer-Policy: no-referrer\r\n"));
    EXPECT_TRUE(has(page, "<title>Zubr</title>"));
    EXPECT_TRUE(has(get(server.web(), "/app.js"), "Content-Type: text/javascript"));
    EXPECT_TRUE(has(get(server.web(), "/style.css"), "Content-Type: text/css"));
}

TEST(RpcWeb, TellsHealthAndReadinessWithoutInsideAddresses)
{
    Running server;
    EXPECT_EQ(status_of(get(server.web(), "/healthz")), "200");
    const std::string ready = get(server.web(), "/readyz");
    EXPECT_EQ(status_of(ready), "200");
    EXPECT_EQ(
        body_of(ready),
        "{\"ready\":true,\"dependencies\":{\"node\":{\"ok\":true},\"mysql\":{\"ok\":true}}}\n");
    server.pool.ready = false;
    const std::string not_ready = get(server.web(), "/readyz");
    EXPECT_EQ(status_of(not_ready), "503");
    EXPECT_TRUE(has(not_ready, "\"mysql\":{\"ok\":false}"));
    EXPECT_FALSE(has(not_ready, "10.0.0.5"));
    EXPECT_EQ(status_of(get(server.web(), "/healthz")), "200");
}

TEST(RpcWeb, AnswersTheApiToEverybodysPages)
{
    const Running server;
    const std::string answer = get(server.web(), "/api/v1/pool");
    EXPECT_EQ(status_of(answer), "200");
    EXPECT_TRUE(has(answer, "Access-Control-Allow-Origin: *\r\n"));
    EXPECT_TRUE(has(answer, "Cache-Control: public, max-age=5\r\n"));
    pool::JsonDocument document;
    const auto json = document.parse(body_of(answer), {});
    ASSERT_TRUE(json);
    EXPECT_EQ(json->find("height").uint64(), 812U);
    EXPECT_EQ(json->find("credited_sat").int64(), 4'950'000'000);
    EXPECT_EQ(json->find("stratum_port").uint64(), 3333U);

    const std::string blocks = get(server.web(), "/api/v1/blocks?limit=2&before=700");
    EXPECT_TRUE(has(blocks, "[{\"height\":699,"));
    for (const char* const query : {"?limit=0", "?limit=101", "?limit=x", "?limit=", "?before=-1",
                                    "?before=0", "?before=99999999999"}) {
        EXPECT_EQ(status_of(get(server.web(), std::string{"/api/v1/blocks"} + query)), "400")
            << query;
    }
}

TEST(RpcWeb, ShowsAnAccountAndLeavesHostileTextToTheJsonType)
{
    const Running server;
    const std::string answer = get(server.web(), "/api/v1/users/miner");
    EXPECT_EQ(status_of(answer), "200");
    EXPECT_TRUE(has(answer, "Content-Type: application/json\r\n"));
    EXPECT_TRUE(has(answer, "X-Content-Type-Options: nosniff\r\n"));
    EXPECT_TRUE(has(answer, "\"available_sat\":4950000000,"));
    const std::string workers = get(server.web(), "/api/v1/users/miner/workers");
    EXPECT_TRUE(has(workers, "Content-Type: application/json\r\n"));
    EXPECT_TRUE(has(workers, "\"user_agent\":\"<script>alert(1)</script>\""));
}

TEST(RpcWeb, NeverRepeatsNorLooksUpAHostileAccountName)
{
    Running server;
    for (const char* const name :
         {"%3Cscript%3Ealert(1)%3C/script%3E", "';drop%20table%20account;--", "a%0d%0aX-Evil:%201",
          "..%2f..%2fetc%2fpasswd", "a/b", "", "%00", "%F0%9F%92%A3"}) {
        const std::string answer = get(server.web(), std::string{"/api/v1/users/"} + name);
        EXPECT_TRUE(status_of(answer) == "404" || status_of(answer) == "400") << answer;
        EXPECT_TRUE(has(answer, "Content-Type: application/json\r\n")) << name;
        for (const char* const part : {"script", "drop", "X-Evil", "passwd"}) {
            EXPECT_FALSE(has(answer, part)) << answer;
        }
    }
    EXPECT_EQ(status_of(get(server.web(), "/api/v1/users/" + std::string(129, 'a'))), "404");
    EXPECT_EQ(server.pool.asked, 0);
    EXPECT_EQ(status_of(get(server.web(), "/api/v1/users/nobody")), "404");
    EXPECT_EQ(server.pool.asked, 1);
}

TEST(RpcWeb, RefusesOtherPathsAndMethodsInJson)
{
    const Running server;
    for (const char* const path : {"/nothing", "/api/v1/nothing", "/api/", "//", "/index.html/x"}) {
        const std::string answer = get(server.web(), path);
        EXPECT_EQ(status_of(answer), "404") << path;
        EXPECT_TRUE(has(body_of(answer), "{\"error\":{\"code\":\"not_found\"")) << path;
    }
    const std::string post = ask(server.web(), "POST /api/v1/pool HTTP/1.1\r\n", "{}");
    EXPECT_EQ(status_of(post), "405");
    EXPECT_TRUE(has(post, "Allow: GET, HEAD\r\n"));
    EXPECT_EQ(status_of(ask(server.web(), "DELETE / HTTP/1.1\r\n")), "405");
}

TEST(RpcWeb, AnswersHeadWithTheLengthAndWithoutTheBody)
{
    const Running server;
    const std::string whole = get(server.web(), "/api/v1/pool");
    const std::string head = ask(server.web(), "HEAD /api/v1/pool HTTP/1.1\r\n");
    EXPECT_EQ(status_of(head), "200");
    EXPECT_EQ(body_of(head), "");
    EXPECT_TRUE(has(head, "Content-Length: " + std::to_string(body_of(whole).size()) + "\r\n"));
}

TEST(RpcWeb, AnswersPipelinedRequestsInOrderThoughTheFirstIsSlow)
{
    Running server;
    Client client{server.web()};
    client.send(
        "GET /api/v1/users/slow HTTP/1.1\r\nHost: p\r\n\r\n"
        "GET /healthz HTTP/1.1\r\nHost: p\r\n\r\n"
        "GET /nothing HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n");
    // Asked on the loop: by then the first request has come, or this is asked again.
    std::function<void()> release = [&] {
        if (!server.pool.waiting) return server.on_loop(release);
        std::exchange(server.pool.waiting, nullptr)();
    };
    server.on_loop(release);
    const std::string answers = client.rest();
    const std::size_t slow = answers.find("\"account\":\"slow\"");
    const std::size_t health = answers.find("{\"status\":\"ok\"}");
    const std::size_t nothing = answers.find("HTTP/1.1 404");
    EXPECT_LT(slow, health);
    EXPECT_LT(health, nothing);
    EXPECT_NE(nothing, std::string::npos);
}

TEST(RpcWeb, SurvivesAnAnswerToWhomeverHasLeft)
{
    Running server;
    {
        Client client{server.web()};
        client.send("GET /api/v1/users/slow HTTP/1.1\r\nHost: p\r\n\r\n");
        server.wait_for_question();
    }
    EXPECT_EQ(status_of(get(server.web(), "/healthz")), "200");
    server.on_loop([&] { std::exchange(server.pool.waiting, nullptr)(); });
    EXPECT_EQ(status_of(get(server.web(), "/healthz")), "200");
}

TEST(RpcWeb, ClosesOnGarbageAndOnTooMuch)
{
    const Running server;
    Client garbage{server.web()};
    garbage.send("\x16\x03\x01 not http\r\n\r\n");
    EXPECT_EQ(status_of(garbage.rest()), "400");
    Client head{server.web()};
    head.send("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");
    EXPECT_EQ(status_of(head.rest()), "413");
    Client reader{server.web()};  // nothing here reads what comes with a request
    reader.send("GET /healthz HTTP/1.1\r\nHost: p\r\nContent-Length: 5000\r\n\r\n" +
                std::string(5000, 'x'));
    EXPECT_EQ(status_of(reader.rest()), "413");
    const std::string call = rpc_call("uptime", "[]" + std::string(5000, ' '));
    EXPECT_EQ(status_of(rpc(server, cookie_header, call)), "200") << "an admin's call may be long";
    Client smuggler{server.web()};
    smuggler.send(
        "GET / HTTP/1.1\r\nHost: p\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        "0\r\n\r\nGET /api/v1/pool HTTP/1.1\r\n\r\n");
    EXPECT_EQ(status_of(smuggler.rest()), "400");
}

TEST(RpcWeb, BoundsThePipeline)
{
    Running server;
    Client client{server.web()};
    std::string flood = "GET /api/v1/users/slow HTTP/1.1\r\nHost: p\r\n\r\n";
    for (int i = 0; i < 200; ++i) flood += "GET /healthz HTTP/1.1\r\nHost: p\r\n\r\n";
    client.send(flood);
    std::function<void()> release = [&] {
        if (!server.pool.waiting) return server.on_loop(release);
        std::exchange(server.pool.waiting, nullptr)();
    };
    server.on_loop(release);
    const std::string answers = client.rest();
    EXPECT_TRUE(has(answers, "HTTP/1.1 503"));
    EXPECT_TRUE(has(answers, "pipeline_full"));
}

TEST(RpcWeb, SendsAnAnswerOfMegabytesToAReaderWhoTakesItsTime)
{
    const Running server;
    const std::string answer = get(server.web(), "/api/client/farm");
    EXPECT_EQ(status_of(answer), "200");
    EXPECT_GT(answer.size(), 1'000'000U);
    EXPECT_TRUE(answer.ends_with("}]}"));
}

/// Of a listener: 64 who ask for megabytes and do not read, and one who reads.
void expect_bound_on_unread(const std::string& listener)
{
    constexpr std::size_t bound = std::size_t{8} << 20;
    const Running server{ServerOptions{.admin = {}, .web = {}, .unread_all_max = bound}};
    const std::uint16_t port = listener == "admin" ? server.admin() : server.web();
    const std::string head = "GET /api/client/farm HTTP/1.1\r\n" + cookie_header;
    std::vector<std::unique_ptr<Client>> silent;
    for (int i = 0; i < 64; ++i) {
        silent.push_back(std::make_unique<Client>(port, 1, 536));
        silent.back()->send(head + "Host: p\r\n\r\n");
        EXPECT_EQ(status_of(silent.back()->until("HTTP/1.1 200")), "200");  // and no more
    }
    EXPECT_EQ(status_of(get(server.web(), "/healthz")), "200");
    const std::string metrics = get(server.web(), "/metrics");
    const auto value = [&](const std::string& name) {
        const std::string line = "\n" + name + "{listener=\"" + listener + "\"} ";
        return std::stod(metrics.substr(metrics.find(line) + line.size()));
    };
    EXPECT_GT(value("zubr_http_unread_bytes"), 0U);
    EXPECT_LE(value("zubr_http_unread_bytes"), static_cast<double>(bound));
    EXPECT_GT(value("zubr_http_unread_dropped_total"), 0U);
    EXPECT_TRUE(ask(port, head).ends_with("}]}"));
}

TEST(RpcWeb, HoldsSoMuchForAllWhoDoNotReadAndAnswersTheOthers) { expect_bound_on_unread("web"); }

TEST(RpcAdmin, HoldsSoMuchForAllWhoDoNotReadAndAnswersTheOthers)
{
    expect_bound_on_unread("admin");
}

TEST(RpcWeb, ClosesWhoeverIsIdleOrSendsHalfARequest)
{
    const Running server{ServerOptions{.admin = {}, .web = {}, .idle_max = milliseconds{60}}};
    Client idle{server.web()};
    Client half{server.web()};
    half.send("GET / HTTP/1.1\r\nHost");
    EXPECT_EQ(idle.rest(), "");
    EXPECT_EQ(half.rest(), "");
}

TEST(RpcWeb, TakesSoManyConnectionsAndNoMore)
{
    const Running server{ServerOptions{.admin = {}, .web = {}, .connections_max = 2}};
    const std::string request = "GET /healthz HTTP/1.1\r\nHost: p\r\n\r\n";
    Client first{server.web()};
    first.send(request);
    EXPECT_EQ(status_of(first.until("ok\"}\n")), "200");
    Client second{server.web()};
    second.send(request);
    EXPECT_EQ(status_of(second.until("ok\"}\n")), "200");
    Client third{server.web()};
    EXPECT_EQ(third.rest(), "");
    first.send(request);
    EXPECT_EQ(status_of(first.until("ok\"}\n")), "200");
}

TEST(RpcWeb, ExposesMetricsThatParse)
{
    const Running server;
    const std::string answer = get(server.web(), "/metrics");
    EXPECT_TRUE(has(answer, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    EXPECT_TRUE(has(answer, "# TYPE zubr_template_height gauge\nzubr_template_height 813\n"));
    EXPECT_TRUE(has(answer, "zubr_http_connections{listener=\"web\"} 1\n"));
    std::istringstream lines{body_of(answer)};
    int series = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("# HELP ") || line.starts_with("# TYPE ")) continue;
        const std::size_t space = line.rfind(' ');
        ASSERT_NE(space, std::string::npos) << line;
        char* end = nullptr;
        std::strtod(line.c_str() + space + 1, &end);
        EXPECT_EQ(*end, '\0') << line;
        EXPECT_EQ(line.substr(0, 5), "zubr_") << line;
        ++series;
    }
    EXPECT_GE(series, 5);
}

// ---- the admin listener ----

TEST(RpcAdmin, AsksWhoYouAre)
{
    const Running server;
    const std::string answer = rpc(server, "", rpc_call("getpoolinfo"));
    EXPECT_EQ(status_of(answer), "401");
    EXPECT_TRUE(has(answer, "WWW-Authenticate: Basic realm=\"zubr\"\r\n"));
    EXPECT_FALSE(has(answer, "regtest"));
    EXPECT_EQ(status_of(ask(server.admin(), "PUT / HTTP/1.1\r\n" + cookie_header)), "405");
    EXPECT_EQ(status_of(ask(server.admin(), "POST /x HTTP/1.1\r\n" + cookie_header, "{}")), "404");
}

TEST(RpcAdmin, AnswersTheCookie)
{
    const Running server;
    const std::string answer = rpc(server, cookie_header, rpc_call("getpoolinfo"));
    EXPECT_EQ(status_of(answer), "200");
    pool::JsonDocument document;
    const auto json = document.parse(body_of(answer), {});
    ASSERT_TRUE(json);
    const pool::JsonValue info = json->find("result");
    EXPECT_EQ(info.find("chain").string(), "regtest");
    EXPECT_EQ(info.find("height").uint64(), 812U);
    EXPECT_EQ(info.find("shares_accepted").uint64(), 1000U);
    EXPECT_EQ(info.find("blocks_found").uint64(), 2U);
    EXPECT_EQ(info.find("blocks_mature").uint64(), 0U);
    EXPECT_EQ(info.find("credited_sat").int64(), 4'950'000'000);
    EXPECT_EQ(info.find("stratum_port").uint64(), 3333U);
    EXPECT_EQ(info.find("web_port").uint64(), 8080U);
    EXPECT_EQ(info.find("ready").boolean(), true);
    EXPECT_EQ(info.find("state_mysql").string(), "ok");
    EXPECT_EQ(body_of(rpc(server, cookie_header, rpc_call("uptime"))),
              "{\"jsonrpc\":\"2.0\",\"result\":42,\"id\":1}\n");
}

TEST(RpcAdmin, HoldsUsersToTheirRoles)
{
    Running server;
    EXPECT_TRUE(
        has(rpc(server, alice_header, rpc_call("getuser", R"(["miner"])")), "\"worker_count\":1"));
    const std::string refused = rpc(server, alice_header, rpc_call("stop"));
    EXPECT_EQ(status_of(refused), "200");
    EXPECT_TRUE(has(refused, "\"code\":-2,\"message\":\"the role viewer may not call stop\""));
    EXPECT_FALSE(server.pool.stopped);
    EXPECT_TRUE(has(rpc(server, alice_header, rpc_call("getledger")), "\"code\":-2,"));
    EXPECT_TRUE(has(rpc(server, alice_header, rpc_call("getrpcinfo")),
                    "{\"user\":\"alice\",\"role\":\"viewer\""));
}

TEST(RpcAdmin, PassesErrorsOnWithTheirCodes)
{
    const Running server;
    EXPECT_TRUE(has(rpc(server, cookie_header, rpc_call("getuser", R"(["nobody"])")),
                    "{\"code\":-5,\"message\":\"no account nobody\"}"));
    EXPECT_TRUE(has(rpc(server, cookie_header, rpc_call("createaccount", R"(["taken","x"])")),
                    "{\"code\":-27,\"message\":\"that name is taken\"}"));
    EXPECT_TRUE(has(rpc(server, cookie_header, rpc_call("getledger")),
                    "{\"code\":-28,\"message\":\"MySQL at 10.0.0.5 does not answer\"}"));
    EXPECT_TRUE(has(rpc(server, cookie_header, rpc_call("listblocks", "[1001]")),
                    "{\"code\":-32602,\"message\":\"limit must be 1 to 1000;"));
    EXPECT_TRUE(
        has(rpc(server, cookie_header, rpc_call("listblocks", "[2,10]")), "[{\"height\":9,"));
    EXPECT_TRUE(has(rpc(server, cookie_header, "{"), "\"code\":-32700,"));
    EXPECT_TRUE(has(rpc(server, cookie_header, ""), "\"code\":-32700,"));
}

TEST(RpcAdmin, WaitsForAnAnswerLongerThanForARequest)
{
    Running server{ServerOptions{.admin = {}, .web = {}, .idle_max = milliseconds{60}}};
    const std::string call = rpc_call("getuser", R"(["slow"])");
    Client slow{server.admin()};
    slow.send("POST / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n" + cookie_header +
              "Content-Length: " + std::to_string(call.size()) + "\r\n\r\n" + call);
    server.wait_for_question();
    // Came later and is gone: so the sweep has seen the other at least once.
    Client idle{server.admin()};
    EXPECT_EQ(idle.rest(), "");
    server.on_loop([&] { std::exchange(server.pool.waiting, nullptr)(); });
    EXPECT_EQ(status_of(slow.rest()), "200");
}

// Names of private accounts stand there, and a series of each worker would fill Prometheus.
TEST(RpcAdmin, ShowsFiguresOfSoManyWorkersToUsersOnly)
{
    ServerOptions options;
    options.worker_metrics = 2;
    const Running server{options};
    const std::string path = "GET /metrics/workers HTTP/1.1\r\n";
    EXPECT_EQ(status_of(ask(server.admin(), path)), "401");
    const std::string shown = ask(server.admin(), path + alice_header);
    EXPECT_EQ(status_of(shown), "200");
    EXPECT_TRUE(has(shown, "Content-Type: text/plain; version=0.0.4"));
    const std::string series = "\nzubr_worker_difficulty{account=\"miner\",worker=\"rig\"} 1\n";
    EXPECT_TRUE(has(shown, series + series.substr(1))) << shown;
    EXPECT_FALSE(has(shown, series + series.substr(1) + series.substr(1))) << "one too many";
    EXPECT_EQ(status_of(get(server.web(), "/metrics/workers")), "404");

    const Running without;
    EXPECT_EQ(status_of(ask(without.admin(), path + alice_header)), "404");
}

TEST(RpcAdmin, AnswersNotificationsWithNothing)
{
    const Running server;
    const std::string answer = rpc(server, cookie_header, R"({"jsonrpc":"2.0","method":"uptime"})");
    EXPECT_EQ(status_of(answer), "204");
    EXPECT_EQ(body_of(answer), "");
}

TEST(RpcAdmin, AnswersBeforeItStops)
{
    Running server;
    EXPECT_TRUE(has(rpc(server, cookie_header, rpc_call("stop")), "\"result\":\"Zubr stopping\""));
    EXPECT_TRUE(server.pool.stopped);
}

TEST(RpcAdmin, SlowsDownWhoGuessesAndNobodyElse)
{
    const Running server;
    const auto began = std::chrono::steady_clock::now();
    std::vector<std::unique_ptr<Client>> guesses;
    for (int i = 0; i < 10; ++i) {
        guesses.push_back(std::make_unique<Client>(server.admin()));
        guesses.back()->send("POST / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n" +
                             alice_wrong_header + "Content-Length: 2\r\n\r\n{}");
    }
    EXPECT_EQ(status_of(rpc(server, cookie_header, rpc_call("uptime"))), "200");

    int looked_at = 0;
    for (const auto& guess : guesses) {
        const std::string answer = guess->rest();
        const std::string status = status_of(answer);
        EXPECT_TRUE(status == "401" || status == "429") << answer;
        EXPECT_EQ(status == "429", has(answer, "Retry-After: 2\r\n"));
        if (status == "401") ++looked_at;
    }
    EXPECT_GE(looked_at, 1);
    const auto took = std::chrono::steady_clock::now() - began;
    constexpr std::chrono::milliseconds grain{1};  // of the loop's timers
    EXPECT_GE(took, (FailureDelays::first - grain) * looked_at);
    EXPECT_EQ(status_of(rpc(server, alice_header, rpc_call("uptime"))), "200");
}

TEST(RpcAdmin, LetsAUserInWhileOthersOfTheSameAddressGuessAtAnother)
{
    const Running server;
    Client guess{server.admin()};
    guess.send("POST / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n" + malory_header +
               "Content-Length: 2\r\n\r\n{}");
    EXPECT_EQ(status_of(rpc(server, alice_header, rpc_call("uptime"))), "200");
    EXPECT_EQ(status_of(guess.rest()), "401");
}

TEST(RpcServer, SaysWhichAddressIsTaken)
{
    const Running server;
    pool::Loop loop;
    Router router;
    const Authenticator auth{{}, ""};
    FakePool pool;
    ServerOptions options;
    options.web = pool::Endpoint{"127.0.0.1", server.web()};
    const auto second = Server::start(loop, options, router, auth, pool);
    ASSERT_FALSE(second);
    EXPECT_TRUE(has(second.error().detail, "127.0.0.1:" + std::to_string(server.web())));
}

}  // namespace
}  // namespace rpc::testing
