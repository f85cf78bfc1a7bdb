// Ten thousand at once who only listen, of many addresses: what they get, what they cost, and what
// others feel of it.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "rpc/server_site.h"
#include "tests/integration/rpc_running.h"

namespace rpc::testing {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t crowd = 10'000;

void open_as_many_files_as_may_be()
{
    ::rlimit files{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    ASSERT_GT(files.rlim_max, crowd + 2000) << "of each connection this process has both ends";
    files.rlim_cur = files.rlim_max;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
}

/// What this process holds in memory, in MiB.
double resident()
{
    std::ifstream status{"/proc/self/status"};
    for (std::string word; status >> word;) {
        if (word != "VmRSS:") continue;
        double kib = 0;
        status >> kib;
        return kib / 1024;
    }
    return 0;
}

/// How long each of so many answers takes on one connection, the fastest first.
std::vector<milliseconds> answer_times(Client& client, int count)
{
    std::vector<milliseconds> times;
    for (int i = 0; i < count; ++i) {
        const auto began = steady_clock::now();
        client.send("GET /api/v1/network HTTP/1.1\r\nHost: pool\r\n\r\n");
        EXPECT_TRUE(has(client.until("}"), "200 OK"));
        times.push_back(duration_cast<milliseconds>(steady_clock::now() - began));
    }
    std::sort(times.begin(), times.end());
    return times;
}

std::size_t figure(const std::string& metrics, const std::string& series)
{
    const std::size_t at = metrics.find("\n" + series + " ");
    return at == std::string::npos ? 0 : std::stoul(metrics.substr(at + series.size() + 2));
}

// Two hundred networks, fifty addresses of each: none has more than its own bound.
TEST(RpcCrowd, OfTenThousandIdleListenersIsBoundedInConnectionsMemoryAndWhatOthersFeel)
{
    open_as_many_files_as_may_be();
    ServerOptions options;
    options.spare_loopback = false;
    options.connections_per_address = 64;
    options.connections_per_prefix = 256;
    options.event_every = milliseconds{50};
    options.idle_max = std::chrono::minutes{10};
    const Running server{options};
    Client other{server.web()};
    answer_times(other, 1);  // it is there before them
    const double before = resident();
    std::vector<std::unique_ptr<Client>> idle;
    for (std::uint32_t i = 0; i < crowd; ++i) {
        const std::uint32_t from = 256 * (1 + i % 200) + 1 + i / 200;
        idle.push_back(std::make_unique<Client>(server.web(), from));
        idle.back()->send("GET /api/v1/events HTTP/1.1\r\nHost: pool\r\n\r\n");
    }
    Client last{server.web(), 256 * 250};
    EXPECT_EQ(last.rest(), "") << "all before it have come by now";
    const std::vector<milliseconds> times = answer_times(other, 500);
    other.send("GET /metrics HTTP/1.1\r\nHost: pool\r\nConnection: close\r\n\r\n");
    const std::string metrics = other.rest();
    const std::size_t taken = options.connections_max - options.connections_kept;
    EXPECT_EQ(figure(metrics, "zubr_http_connections{listener=\"web\"}"), taken);
    EXPECT_EQ(figure(metrics, "zubr_http_event_listeners{listener=\"web\"}"), Site::streams_max);
    EXPECT_EQ(
        figure(metrics, "zubr_http_connections_refused_total{listener=\"web\",reason=\"full\"}"),
        crowd + 2 - taken);
    const double grown = resident() - before;
    std::cout << "10,000 idle listeners: " << grown << " MiB, answers of another p50 "
              << times[times.size() / 2].count() << " ms, p99 "
              << times[times.size() * 99 / 100].count() << " ms, most " << times.back().count()
              << " ms\n";
    EXPECT_LT(grown, 64) << "both ends of their connections, in this process";
    EXPECT_LT(times[times.size() * 99 / 100], milliseconds{250}) << "a busy machine's answer";
}

// A wrong password's answer is held back, and nobody has to know one to send calls meanwhile.
TEST(RpcCrowd, OfCallsThatWaitIsBoundedInBytesToo)
{
    Running server;
    const auto call = [](const std::string& params) {
        const std::string body = rpc_call("getuser", params);
        return "POST / HTTP/1.1\r\nHost: p\r\n" + cookie_header +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    };
    Client client{server.admin()};
    client.send(call("[\"slow\"]"));
    server.wait_for_question();
    for (int i = 0; i < 8; ++i) client.send(call("[]" + std::string(200'000, ' ')));
    int turns = 200;  // in each of which the loop reads some of it
    std::function<void()> look = [&] {
        if (--turns > 0) return server.on_loop(look);
        std::exchange(server.pool.waiting, nullptr)();
    };
    server.on_loop(look);
    const std::string answers = client.rest();
    EXPECT_TRUE(has(answers, "\"account\":\"slow\"")) << answers.substr(0, 200);
    EXPECT_TRUE(has(answers, "pipeline_full")) << answers.substr(0, 200);
}

// As slow as can be on the port for admins, too: none of it is a request, and all of it has an end.
TEST(RpcCrowd, OfHalfRequestsOnTheAdminsPortEndsAndKeepsNobodyOut)
{
    ServerOptions options;
    options.spare_loopback = false;
    options.connections_max = 80;
    options.idle_max = milliseconds{300};
    const Running server{options};
    std::vector<std::unique_ptr<Client>> slow;
    for (std::uint32_t i = 0; i < 64; ++i) {
        slow.push_back(std::make_unique<Client>(server.admin(), 256 * (1 + i)));
        slow.back()->send(i % 2 == 0 ? "POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 100\r\n\r\n{"
                                     : "POST / HTTP/1.1\r\nHo");
    }
    for (const auto& each : slow) EXPECT_EQ(each->rest(), "") << "closed, without a word";
    EXPECT_EQ(status_of(rpc(server, cookie_header, rpc_call("uptime"))), "200");
}

// A byte now and then is no request either: the time counts from the last answer, or from the
// connection.
TEST(RpcCrowd, OfWhoDripsARequestIsGoneAsSoonAsWhoSaysNothing)
{
    ServerOptions options;
    options.idle_max = milliseconds{400};
    const Running server{options};
    for (const std::uint16_t port : {server.web(), server.admin()}) {
        Client drip{port};
        const auto began = steady_clock::now();
        std::string request = "GET /healthz HTTP/1.1\r\nHost: p\r\nX-Slow: ";
        drip.send(request);
        std::size_t sent = 0;
        while (!drip.closed_within(milliseconds{20}) && sent < 1000) {
            drip.send("x");
            ++sent;
        }
        EXPECT_LT(sent, 1000U);
        EXPECT_LT(steady_clock::now() - began, std::chrono::seconds{10});
    }
}

}  // namespace
}  // namespace rpc::testing
