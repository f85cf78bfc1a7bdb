// What the people's side serves: a real zubrd with its stores and 10,000 workers, asked over
// keep-alive connections on its one rpc loop; alone, and while 15,000 shares a second come in.
// Beside each row the same bytes by a server that does nothing else: what the machine makes of the
// load. Started by ./dev bench api [SECONDS].
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include "tests/bench/http_load.h"
#include "tests/bench/null_http.h"
#include "tests/support/json_rpc.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

namespace {

using std::chrono::seconds;

constexpr int workers = 10'000;
constexpr double shares_per_second = 15'000;
constexpr double asked_per_second = 30'000;  // and the bar for it: p99 of 5 ms
constexpr int asking = 32;

double ms(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e6; }

/// Of all threads, as the scheduler counts it.
double cpu_microseconds(int pid)
{
    double sum = 0;
    for (const auto& thread :
         std::filesystem::directory_iterator{"/proc/" + std::to_string(pid) + "/task"}) {
        double nanoseconds = 0;
        std::ifstream{thread.path() / "schedstat"} >> nanoseconds;
        sum += nanoseconds / 1e3;
    }
    return sum;
}

/// Shares beside a row: their latencies stand in the same line.
struct Shares {
    tests::PoolFixture& pool;
    std::string user;
    bool flowing = false;
};

std::unique_ptr<tests::Process> load_shares(tests::PoolFixture& pool, const std::string& user,
                                            int connections, double rate, double duration)
{
    static int number = 0;
    return pool.miner(user,
                      {"--load", "--connections", std::to_string(connections), "--rate",
                       std::to_string(rate), "--duration", std::to_string(duration)},
                      "load-" + std::to_string(++number) + ".json");
}

double of(const std::string& json, const char* key)
{
    return tests::number_in(json, key).value_or(-1);
}

void say_shares(const std::string& json)
{
    std::printf(" %6.0f | %8.2f | %8.2f |\n", of(json, "shares_per_second"),
                of(json, "p50_us") / 1e3, of(json, "p99_us") / 1e3);
    std::fflush(stdout);
}

constexpr seconds settling{2};  // before and after a row, the shares flow alone

/// server: whose processor time is counted.
void say(const std::string& what, const tests::HttpLoad& load, const Shares& shares, int server)
{
    std::unique_ptr<tests::Process> beside;
    if (shares.flowing) {
        beside = load_shares(shares.pool, shares.user, 100, shares_per_second, load.seconds + 2);
        std::this_thread::sleep_for(settling / 2);
    }
    const double before = cpu_microseconds(server);
    const tests::HttpLoadReport report = tests::run_http_load(load);
    const double used = cpu_microseconds(server) - before;
    std::printf("| %-42s | %9.0f | %6.1f | %8.2f | %8.2f | %8.2f | %7llu | %llu |", what.c_str(),
                static_cast<double>(report.good) / report.seconds,
                used / static_cast<double>(std::max<std::uint64_t>(report.good, 1)),
                ms(report.times.nanoseconds_at(0.5)), ms(report.times.nanoseconds_at(0.99)),
                ms(report.times.nanoseconds_at(0.999)),
                static_cast<unsigned long long>(report.body_bytes),
                static_cast<unsigned long long>(report.other));
    if (beside == nullptr) {
        std::printf(" | | |\n");
        std::fflush(stdout);
        return;
    }
    beside->wait(seconds{60});
    say_shares(beside->output());
}

void head(const std::string& what)
{
    std::printf(
        "\n| %-42s | answers/s | CPU us |   p50 ms |      p99 |    p99.9 |   bytes | not 200 "
        "| shares | p50 ms | p99 |\n",
        what.c_str());
}

/// Head and body of an answer that zubrd gives now, for a server that gives no other.
std::string whole_answer(const std::string& url)
{
    const std::string body = tests::http_get(url).body;
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// Each row twice: a server that only writes the same bytes shows what the machine makes of it.
void ask(const Shares& shares, const std::string& address, double duration)
{
    const int zubrd = shares.pool.process().pid();
    const std::string& url = shares.pool.web_url();
    const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    for (const std::string& path : {std::string{"/api/v1/pool"}, "/api/v1/users/" + address}) {
        const std::string name = path.substr(0, 13);
        const tests::NullHttp null{whole_answer(url + path)};
        tests::HttpLoad load{
            .port = port, .path = path, .connections = asking, .seconds = duration};
        tests::HttpLoad least = load;
        least.port = null.port();
        load.rate = least.rate = asked_per_second;
        say(name + ", 30,000/s", load, shares, zubrd);
        say("the same body by a null server, 30,000/s", least, shares, null.pid());
        load.rate = least.rate = 0;
        say(name + ", as fast as it goes", load, shares, zubrd);
        say("the null server, as fast as it goes", least, shares, null.pid());
    }
    // For other pools' dashboards: a page each, which asks anew every few seconds.
    for (const char* const path : {"/pool/pool.status", "/api/info"}) {
        say(std::string{path} + ", as fast as it goes",
            {.port = port, .path = path, .connections = asking, .seconds = duration}, shares,
            zubrd);
    }
    say("/metrics, one after the other",
        {.port = port, .path = "/metrics", .connections = 1, .seconds = duration}, shares, zubrd);
}

}  // namespace

int main(int argc, char** argv)
{
    const double duration = argc > 1 ? std::atof(argv[1]) : 5;
    constexpr double any_hash = 0.00000000023283064365386962890625;  // 2^-32
    tests::NodeFixture node{"testnet4"};
    tests::PoolFixture pool{
        node,
        {.start_difficulty = any_hash,
         .sets = {"limits.connections_per_address=0", "limits.connects_per_second=0",
                  "limits.connections_per_prefix=0", "limits.prefix_connects_per_second=0",
                  "limits.lines_per_second=0", "limits.address_lines_per_second=0",
                  "web.requests_per_second=0"}}};
    pool.start();
    // The crowd comes, sends a share each and goes: ten thousand workers that the pool knows.
    const std::string address = tests::test_address("testnet4", 1);
    const auto crowd = load_shares(pool, tests::test_address("testnet4", 2), workers, 4000, 15);
    const bool all =
        tests::eventually(seconds{60}, [&] { return pool.info("workers") >= workers; });
    crowd->wait(seconds{60});
    const auto few = load_shares(pool, address, 20, 200, 5);
    few->wait(seconds{30});
    const bool booked = tests::eventually(seconds{90}, [&] {
        return tests::http_get(pool.web_url() + "/api/v1/users/" + address).status == 200;
    });
    if (!all || !booked) {
        std::fprintf(stderr, "api_bench: the crowd did not come\n%s", pool.log().c_str());
        return 1;
    }

    Shares shares{pool, address};
    head("nothing else");
    ask(shares, address, duration);
    const auto alone = load_shares(pool, address, 100, shares_per_second, duration * 2);
    alone->wait(seconds{60} + seconds{static_cast<int>(duration * 2)});
    std::printf("\nshares alone |");
    say_shares(alone->output());
    shares.flowing = true;
    head("while 15,000 shares/s are served");
    ask(shares, address, duration);
    return 0;
}
