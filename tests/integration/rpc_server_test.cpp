#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <netinet/in.h>
#include <sstream>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/json.h"
#include "rpc/cli/call.h"
#include "rpc/cli/command_line.h"
#include "rpc/methods.h"
#include "rpc/server.h"

namespace rpc {
namespace {

using pool::Error;
using std::chrono::milliseconds;

// base64 of "__cookie__:" and 64 times 'a'
const std::string cookie_header =
    "Authorization: Basic X19jb29raWVfXzphYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYW"
    "FhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh\r\n";
const std::string cookie_secret(64, 'a');

// alice, a viewer, with the password "correct horse battery staple": see auth_test.cpp.
const std::string alice_line =
    "alice:0c8e5a3d2b7f41960a1bce92d4f07a35$"
    "19e6e3740caeeb0670d4ae4e4b1b4706def110711ea829d274fae68dc11947f8:viewer";
const std::string alice_header =
    "Authorization: Basic YWxpY2U6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==\r\n";
const std::string alice_wrong_header = "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n";

/// A pool of one block and one miner. The account "slow" is answered when `release` says so.
class FakePool : public PoolView {
public:
    void pool_info(Done<PoolInfo> done) override
    {
        PoolInfo info;
        info.version = "0.1.0";
        info.chain = "regtest";
        info.uptime_s = 42;
        info.height = {812};
        info.shares_accepted = 1000;
        info.blocks_found = 2;
        info.credited = {4'950'000'000};
        info.stratum_port = 3333;
        info.web_port = 8080;
        info.readiness = current();
        done(info);
    }
    void readiness(Done<Readiness> done) override { done(current()); }
    void user(const std::string& name, Done<UserInfo> done) override
    {
        ++asked;
        if (name == "slow") {
            UserInfo slow;
            slow.account = name;
            waiting = [done = std::move(done), slow] { done(slow); };
            return;
        }
        if (name != "miner" && name != "farm") {
            return done(pool::fail(Error::Code::not_found, "no account " + name));
        }
        UserInfo user;
        user.account = name;
        user.available = {4'950'000'000};
        WorkerInfo worker;
        worker.name = "rig";
        worker.user_agent = "<script>alert(1)</script>";
        user.workers.assign(name == "farm" ? 10'000 : 1, worker);
        done(user);
    }
    void create_account(const std::string& name, const std::string& address,
                        Done<AccountInfo> done) override
    {
        if (name == "taken") return done(pool::fail(Error::Code::conflict, "that name is taken"));
        done(AccountInfo{name, address});
    }
    void blocks(std::uint32_t limit, std::optional<pool::Height> before,
                Done<std::vector<BlockInfo>> done) override
    {
        BlockInfo block;
        block.height = {before ? before->value - 1 : 812};
        block.state = "immature";
        done(std::vector<BlockInfo>(limit < 3 ? limit : 1, block));
    }
    void ledger(std::uint32_t, const std::string&, Done<std::vector<LedgerLine>> done) override
    {
        done(pool::fail(Error::Code::unavailable, "MySQL at 10.0.0.5 does not answer"));
    }
    void metrics(Done<std::vector<Metric>> done) override
    {
        done(std::vector<Metric>{{.name = "zubr_template_height",
                                  .help = "Height of the template.",
                                  .type = MetricType::gauge,
                                  .labels = {},
                                  .value = 813}});
    }
    void stop() override { stopped = true; }

    std::atomic<bool> ready{true};
    std::atomic<bool> stopped{false};
    std::atomic<int> asked{0};
    std::function<void()> waiting;  // touched on the loop only

private:
    Readiness current() const
    {
        const bool is = ready;
        return {is, {{"node", true, "ok"}, {"mysql", is, is ? "ok" : "away at 10.0.0.5"}}};
    }
};

/// A server over a FakePool on a loop of its own.
class Running {
public:
    explicit Running(ServerOptions options = {})
    {
        options.admin = pool::Endpoint{"127.0.0.1", 0};
        options.web = pool::Endpoint{"127.0.0.1", 0};
        register_admin_methods(router_, pool);
        auto started = Server::start(loop_, options, router_, auth_, pool);
        pool::check(started.has_value(), "two ports of 127.0.0.1 are free");
        server_ = std::move(*started);
        thread_ = std::thread{[this] { loop_.run(); }};
    }
    ~Running()
    {
        loop_.post([this] { server_.reset(); });
        loop_.stop();
        thread_.join();
    }
    std::uint16_t web() const { return server_->web_port(); }
    std::uint16_t admin() const { return server_->admin_port(); }
    void on_loop(std::function<void()> task) { loop_.post(std::move(task)); }

    FakePool pool;

private:
    pool::Loop loop_;
    Router router_;
    Authenticator auth_{{*parse_rpc_user(alice_line)}, cookie_secret};
    std::unique_ptr<Server> server_;
    std::thread thread_;
};

/// A plain blocking socket; reads give up after ten seconds, which is a failure.
class Client {
public:
    explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        const ::timeval patience{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        ::sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<const ::sockaddr*>(&address), sizeof(address)),
                  0);
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(const std::string& text)
    {
        std::size_t at = 0;
        while (at < text.size()) {
            const ssize_t sent = ::send(fd_, text.data() + at, text.size() - at, MSG_NOSIGNAL);
            if (sent <= 0) return;
            at += static_cast<std::size_t>(sent);
        }
    }
    /// All that comes until the server closes.
    std::string rest()
    {
        std::string out;
        while (read_some(out)) {
        }
        return out;
    }
    /// All that comes until `mark` has come.
    std::string until(const std::string& mark)
    {
        std::string out;
        while (out.find(mark) == std::string::npos && read_some(out)) {
        }
        return out;
    }

private:
    bool read_some(std::string& out)
    {
        std::array<char, 4096> buffer{};
        const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
        EXPECT_TRUE(got >= 0 || errno == ECONNRESET) << "nothing came for ten seconds";
        if (got <= 0) return false;
        out.append(buffer.data(), static_cast<std::size_t>(got));
        return true;
    }
    int fd_;
};

std::string ask(std::uint16_t port, const std::string& head, const std::string& body = "")
{
    Client client{port};
    const std::string length =
        body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
    client.send(head + "Host: pool\r\nConnection: close\r\n" + length + "\r\n" + body);
    return client.rest();
}

std::string get(std::uint16_t port, const std::string& target)
{
    return ask(port, "GET " + target + " HTTP/1.1\r\n");
}

std::string status_of(const std::string& answer) { return answer.substr(9, 3); }

std::string body_of(const std::string& answer)
{
    const std::size_t head_end = answer.find("\r\n\r\n");
    return head_end == std::string::npos ? "" : answer.substr(head_end + 4);
}

bool has(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

std::string rpc(const Running& server, const std::string& auth, const std::string& body)
{
    return ask(server.admin(), "POST / HTTP/1.1\r\n" + auth, body);
}

std::string rpc_call(const std::string& method, const std::string& params = "[]")
{
    return R"({"jsonrpc":"2.0","id":1,"method":")" + method + R"(","params":)" + params + "}";
}

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
    EXPECT_TRUE(has(answer, "\"user_agent\":\"<script>alert(1)</script>\""));
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
        std::atomic<bool> arrived{false};
        std::function<void()> look = [&] {
            if (!server.pool.waiting) return server.on_loop(look);
            arrived = true;
            arrived.notify_one();
        };
        server.on_loop(look);
        arrived.wait(false);
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
    const std::string answer = get(server.web(), "/api/v1/users/farm");
    EXPECT_EQ(status_of(answer), "200");
    EXPECT_GT(answer.size(), 1'500'000U);
    EXPECT_TRUE(answer.ends_with("}]}"));
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
    EXPECT_EQ(status_of(ask(server.admin(), "GET / HTTP/1.1\r\n" + cookie_header)), "405");
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
    EXPECT_TRUE(has(rpc(server, alice_header, rpc_call("getuser", R"(["miner"])")),
                    "\"available_sat\":4950000000"));
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
    EXPECT_GE(took, FailureDelays::first * looked_at);
    EXPECT_EQ(status_of(rpc(server, alice_header, rpc_call("uptime"))), "200");
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

// ---- zubr-cli ----

TEST(ZubrCli, CallsWithTheCookieFileOrAUser)
{
    const Running server;
    std::string path = "/tmp/zubr-cookie-XXXXXX";
    ::close(::mkstemp(path.data()));
    std::ofstream{path} << "__cookie__:" << cookie_secret;
    cli::Server to;
    to.endpoint = {"127.0.0.1", server.admin()};
    to.cookie_file = path;
    const auto by_cookie = cli::call(to, *cli::request_json("uptime", {}));
    ::unlink(path.c_str());
    ASSERT_TRUE(by_cookie);
    EXPECT_EQ(by_cookie->result, "42");

    to.user = "alice";
    to.password = "correct horse battery staple";
    const auto by_user = cli::call(to, *cli::request_json("stop", {}));
    ASSERT_TRUE(by_user);
    EXPECT_TRUE(has(by_user->error, "\"code\":-2"));
    to.password = "wrong";
    const auto by_nobody = cli::call(to, *cli::request_json("uptime", {}));
    ASSERT_FALSE(by_nobody);
    EXPECT_EQ(by_nobody.error().code, Error::Code::refused);
}

struct Ran {
    int code = -1;
    std::string out;  // stdout and stderr
};

Ran run_cli(const std::string& arguments)
{
    const char* const bin = std::getenv("ZUBR_TEST_BIN");
    if (bin == nullptr) {
        ADD_FAILURE() << "ZUBR_TEST_BIN is not set: run this by ./dev test";
        return {};
    }
    Ran ran;
    const std::string command = std::string{bin} + "/zubr-cli " + arguments + " 2>&1";
    FILE* const pipe = ::popen(command.c_str(), "r");
    std::array<char, 4096> buffer{};
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        ran.out.append(buffer.data(), got);
    }
    const int status = ::pclose(pipe);
    ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ran;
}

TEST(ZubrCli, TellsBySuccessFailureAndMisuse)
{
    Running server;
    const std::string to = "-rpcconnect=127.0.0.1:" + std::to_string(server.admin()) +
                           " -rpcuser=__cookie__ -rpcpassword=" + cookie_secret + " ";
    const Ran block = run_cli(to + "listblocks limit=1");
    EXPECT_EQ(block.code, 0) << block.out;
    EXPECT_TRUE(has(block.out, "    \"height\": 812,\n")) << block.out;
    EXPECT_EQ(run_cli(to + "-getinfo").code, 0);
    EXPECT_TRUE(has(run_cli(to + "help getuser").out, "getuser \"account\"\n"));

    const Ran healthy = run_cli(to + "healthcheck");
    EXPECT_EQ(healthy.code, 0);
    EXPECT_EQ(healthy.out, "ready\n");
    server.pool.ready = false;
    const Ran ill = run_cli(to + "healthcheck");
    EXPECT_EQ(ill.code, 1);
    EXPECT_EQ(ill.out, "zubr-cli: mysql: away at 10.0.0.5\n");

    const Ran refused = run_cli(to + "getuser nobody");
    EXPECT_EQ(refused.code, 1);
    EXPECT_EQ(refused.out, "zubr-cli: error -5: no account nobody\n");
    EXPECT_EQ(run_cli(to + "-nonsense uptime").code, 2);
    EXPECT_EQ(run_cli(to).code, 2);
    EXPECT_EQ(run_cli("-conf=/nonexistent uptime").code, 2);
    const Ran away = run_cli("-rpcconnect=127.0.0.1:1 -rpcuser=a -rpcpassword=b uptime");
    EXPECT_EQ(away.code, 1);
    EXPECT_TRUE(has(away.out, "no answer from zubrd at 127.0.0.1:1: ")) << away.out;
}

}  // namespace
}  // namespace rpc
