// What the people's side serves: a real zubrd with its stores, 10,000 workers and 10,000 accounts,
// asked over keep-alive connections on its one rpc loop; alone, and while 15,000 shares a second
// come in. Beside the rows of one path the same bytes by a server that does nothing else: what the
// machine makes of the load. Started by ./dev bench api [SECONDS]; ends with 1 when a bar is
// missed.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

#include "tests/bench/http_load.h"
#include "tests/bench/null_http.h"
#include "tests/bench/stalls.h"
#include "tests/support/json_rpc.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

namespace {

using std::chrono::seconds;

constexpr int workers = 10'000;
constexpr double shares_per_second = 15'000;
constexpr int accounts = 10'000;
constexpr int asking = 32;

/// What a row has to reach; what is 0 is not judged.
struct Bar {
    double per_second = 0;
    double p99_ms = 0;
};
constexpr Bar answered{.per_second = 30'000, .p99_ms = 5};
constexpr Bar fast{.per_second = 30'000};
constexpr Bar exposed{.p99_ms = 20};
constexpr double asked_per_second = 1.01 * answered.per_second;  // so that it can be reached

unsigned& missed_bars()
{
    static unsigned count = 0;
    return count;
}

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
    std::printf(" %6.0f | %8.2f | %8.2f |", of(json, "shares_per_second"), of(json, "p50_us") / 1e3,
                of(json, "p99_us") / 1e3);
}

/// Ends a row: which bars it has missed. shares: what came in beside it, a second.
void judge(const tests::HttpLoadReport& report, const Bar& bar, double shares)
{
    std::vector<std::string> missed;
    const double per_second = static_cast<double>(report.good) / report.seconds;
    const double p99 = ms(report.times.nanoseconds_at(0.99));
    if (per_second < bar.per_second) missed.emplace_back("answers/s");
    if (bar.p99_ms > 0 && p99 > bar.p99_ms) missed.emplace_back("p99");
    if (bar.p99_ms > 0 && shares < 0.99 * shares_per_second) missed.emplace_back("shares");
    if (report.other > 0) missed.emplace_back("not 200");
    missed_bars() += static_cast<unsigned>(missed.size());
    for (const std::string& each : missed) std::printf(" <-- %s", each.c_str());
    std::printf("\n");
    std::fflush(stdout);
}

constexpr seconds settling{2};  // before and after a row, the shares flow alone

/// server: whose processor time is counted. before: asked first, and not counted.
void say(const std::string& what, const tests::HttpLoad& load, const Shares& shares, int server,
         const Bar& bar, const std::optional<tests::HttpLoad>& before = {})
{
    std::unique_ptr<tests::Process> beside;
    if (shares.flowing) {
        const double first = before ? before->seconds : 0;
        beside =
            load_shares(shares.pool, shares.user, 100, shares_per_second, first + load.seconds + 2);
        std::this_thread::sleep_for(settling / 2);
    }
    if (before) tests::run_http_load(*before);
    const double used_before = cpu_microseconds(server);
    const tests::HttpLoadReport report = tests::run_http_load(load);
    const double used = cpu_microseconds(server) - used_before;
    std::printf("| %-42s | %9.0f | %6.1f | %8.2f | %8.2f | %8.2f | %7llu | %llu |", what.c_str(),
                static_cast<double>(report.good) / report.seconds,
                used / static_cast<double>(std::max<std::uint64_t>(report.good, 1)),
                ms(report.times.nanoseconds_at(0.5)), ms(report.times.nanoseconds_at(0.99)),
                ms(report.times.nanoseconds_at(0.999)),
                static_cast<unsigned long long>(report.body_bytes),
                static_cast<unsigned long long>(report.other));
    if (beside == nullptr) {
        std::printf(" | | |");
    } else {
        beside->wait(seconds{60});
        say_shares(beside->output());
    }
    judge(report, bar,
          beside == nullptr ? shares_per_second : of(beside->output(), "shares_per_second"));
}

void head(const std::string& what)
{
    std::printf(
        "\n| %-42s | answers/s | CPU us |   p50 ms |      p99 |    p99.9 |   bytes | not 200 "
        "| shares | p50 ms | p99 |\n",
        what.c_str());
}

std::uint16_t port_of(const std::string& url)
{
    return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

/// Head and body of an answer that zubrd gives now, for a server that gives no other.
std::string whole_answer(const std::string& url)
{
    const std::string body = tests::http_get(url).body;
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// One path, and beside it a server that only writes the same bytes.
void ask_one(const Shares& shares, const std::string& path, double duration)
{
    const int zubrd = shares.pool.process().pid();
    const std::string& url = shares.pool.web_url();
    const std::string name = path.substr(0, 13);
    const tests::NullHttp null{whole_answer(url + path)};
    tests::HttpLoad load{
        .port = port_of(url), .paths = {path}, .connections = asking, .seconds = duration};
    tests::HttpLoad least = load;
    least.port = null.port();
    load.rate = least.rate = asked_per_second;
    say(name + ", 30,000/s", load, shares, zubrd, answered);
    say("the same body by a null server, 30,000/s", least, shares, null.pid(), {});
    load.rate = least.rate = 0;
    say(name + ", as fast as it goes", load, shares, zubrd, fast);
    say("the null server, as fast as it goes", least, shares, null.pid(), {});
}

/// crowd: accounts that are asked for in turn. The first round asks MySQL for each of them.
void ask(const Shares& shares, const std::vector<std::string>& crowd, double duration)
{
    const int zubrd = shares.pool.process().pid();
    const std::uint16_t port = port_of(shares.pool.web_url());
    ask_one(shares, "/api/v1/pool", duration);
    ask_one(shares, "/api/v1/users/" + shares.user, duration);
    tests::HttpLoad many{
        .port = port, .paths = {}, .connections = asking, .rate = 0, .seconds = duration};
    for (const std::string& each : crowd) many.paths.push_back("/api/v1/users/" + each);
    say("10,000 accounts in turn, none kept at first", many, shares, zubrd, {});
    // An answer lives for seconds, and as many have passed since.
    tests::HttpLoad first = many;
    first.seconds = 1;
    many.rate = asked_per_second;
    say("the same when kept, 30,000/s", many, shares, zubrd, answered, first);
    // For other pools' dashboards: a page each, which asks anew every few seconds.
    for (const char* const path : {"/pool/pool.status", "/api/info"}) {
        say(std::string{path} + ", as fast as it goes",
            {.port = port, .paths = {path}, .connections = asking, .seconds = duration}, shares,
            zubrd, {});
    }
    // Later than any answer is kept.
    say("/metrics, every 2.5 s, each made anew",
        {.port = port, .paths = {"/metrics"}, .connections = 1, .rate = 0.4, .seconds = 25}, shares,
        zubrd, exposed);
}

/// What of the figures behind it is the machine's.
void say_stalls()
{
    const tests::Stalls stalls = tests::measure_stalls(seconds{5});
    std::printf(
        "\nthis machine, idle: a core is taken away for more than 1 ms %.1f times a second, "
        "%.2f %% of its time, at worst for %.1f ms\n",
        static_cast<double>(stalls.long_ones) / stalls.seconds, stalls.share * 100,
        stalls.worst_ms);
}

/// As if each of them had mined once.
std::vector<std::string> make_accounts(const tests::Database& books)
{
    std::vector<std::string> made;
    std::string rows;
    for (unsigned number = 0; number < accounts; ++number) {
        made.push_back(tests::test_address("testnet4", 100 + number));
        rows += (rows.empty() ? "('" : ",('") + made.back() + "','" + made.back() + "','" +
                made.back() + "',repeat('a', 32))";
    }
    books.scalar("insert into account (name, script, payout_address, salt) values " + rows);
    return made;
}

}  // namespace

int main(int argc, char** argv)
{
    const double duration = argc > 1 ? std::atof(argv[1]) : 5;
    constexpr double any_hash = 0.00000000023283064365386962890625;  // 2^-32
    say_stalls();
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

    const std::vector<std::string> many = make_accounts(pool.database());
    Shares shares{pool, address};
    head("nothing else");
    ask(shares, many, duration);
    const auto alone = load_shares(pool, address, 100, shares_per_second, duration * 2);
    alone->wait(seconds{60} + seconds{static_cast<int>(duration * 2)});
    std::printf("\nshares alone |");
    say_shares(alone->output());
    std::printf("\n");
    shares.flowing = true;
    head("while 15,000 shares/s are served");
    ask(shares, many, duration);
    std::printf("\n%u bars missed\n", missed_bars());
    return missed_bars() == 0 ? 0 : 1;
}
