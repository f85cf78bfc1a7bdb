// What the people's side serves: a real zubrd with its stores and 10,000 workers, asked over
// keep-alive connections on its one rpc loop; alone, and while 15,000 shares a second come in.
// Started by ./dev bench api [SECONDS].
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

void say(const std::string& what, const tests::HttpLoad& load, int pid)
{
    const double before = cpu_microseconds(pid);
    const tests::HttpLoadReport report = tests::run_http_load(load);
    const double used = cpu_microseconds(pid) - before;
    std::printf("| %-44s | %9.0f | %9.1f | %8.2f | %8.2f | %8.2f | %7llu | %llu |\n", what.c_str(),
                static_cast<double>(report.good) / report.seconds,
                used / static_cast<double>(std::max<std::uint64_t>(report.good, 1)),
                ms(report.times.nanoseconds_at(0.5)), ms(report.times.nanoseconds_at(0.99)),
                ms(report.times.nanoseconds_at(0.999)),
                static_cast<unsigned long long>(report.body_bytes),
                static_cast<unsigned long long>(report.other));
    std::fflush(stdout);
}

void head(const std::string& what)
{
    std::printf(
        "\n| %-44s | answers/s | us of CPU |   p50 ms |      p99 |    p99.9 |   bytes | not 200 "
        "|\n",
        what.c_str());
}

void ask(tests::PoolFixture& pool, const std::string& address, double duration)
{
    const std::string& url = pool.web_url();
    const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    for (const std::string& path : {std::string{"/api/v1/pool"}, "/api/v1/users/" + address}) {
        const std::string name = path.substr(0, 13);
        tests::HttpLoad load{
            .port = port, .path = path, .connections = asking, .seconds = duration};
        say(name + ", as fast as it goes", load, pool.process().pid());
        load.rate = asked_per_second;
        say(name + ", 30,000/s", load, pool.process().pid());
    }
    say("/metrics, one after the other",
        {.port = port, .path = "/metrics", .connections = 1, .seconds = duration},
        pool.process().pid());
}

std::unique_ptr<tests::Process> load_shares(tests::PoolFixture& pool, const std::string& user,
                                            int connections, double rate, double duration)
{
    const std::string name = "load-" + std::to_string(connections) + "-" + std::to_string(duration);
    return pool.miner(user,
                      {"--load", "--connections", std::to_string(connections), "--rate",
                       std::to_string(rate), "--duration", std::to_string(duration)},
                      name + ".json");
}

void say_shares(const char* what, const std::string& json)
{
    const auto of = [&](const char* key) { return tests::number_in(json, key).value_or(-1); };
    std::printf("shares %s: %.0f/s, p50 %.2f ms, p99 %.2f, p99.9 %.2f\n", what,
                of("shares_per_second"), of("p50_us") / 1e3, of("p99_us") / 1e3,
                of("p999_us") / 1e3);
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

    head("nothing else");
    ask(pool, address, duration);
    const auto alone = load_shares(pool, address, 100, shares_per_second, duration * 2);
    alone->wait(seconds{60} + seconds{static_cast<int>(duration * 2)});
    std::printf("\n");
    say_shares("alone", alone->output());
    const double busy = duration * 5 + 4;
    const auto beside = load_shares(pool, address, 100, shares_per_second, busy);
    std::this_thread::sleep_for(seconds{2});
    head("while 15,000 shares/s are served");
    ask(pool, address, duration);
    beside->wait(seconds{60});
    say_shares("beside all of this", beside->output());
    return 0;
}
