// What connections cost: ./dev bench connections [COUNT]. A Stratum loop in a process of its own
// and a generator of one thread; prints one table, and ends with 1 when a bound of it is broken.
// Memory is what the server's resident memory grew by, divided: tables and allocator included, the
// kernel's buffers not.
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "tests/bench/connections_server.h"
#include "tests/bench/plain_miners.h"
#include "tests/bench/tls_storm.h"
#include "tests/support/process.h"
#include "tests/support/tls_talk.h"

namespace {

using bench::Clock;
using bench::die;
using bench::hello;
using bench::Miners;
using bench::Word;
using std::chrono::milliseconds;

struct Child {
    int pid = 0;
    int commands = -1;
    int words = -1;
    std::uint16_t port = 0;

    bench::Word word() const
    {
        bench::Word said = 0;
        if (::read(words, &said, sizeof said) != sizeof said) die("the server is gone");
        return said;
    }
    void publish(std::uint32_t jobs, std::uint32_t gap_ms) const
    {
        const bench::Command command{bench::Command::What::publish, jobs, gap_ms};
        if (::write(commands, &command, sizeof command) < 0) die("the server is gone");
    }
    double resident_kib() const
    {
        std::ifstream file{"/proc/" + std::to_string(pid) + "/statm"};
        double pages = 0;
        double resident = 0;
        file >> pages >> resident;
        return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
    }
    double cpu_seconds() const
    {
        std::ifstream file{"/proc/" + std::to_string(pid) + "/stat"};
        std::string skipped;
        for (int at = 0; at < 13; ++at) file >> skipped;
        double user = 0;
        double system = 0;
        file >> user >> system;
        return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
    }
    /// What it takes of a core while nobody says anything for so long.
    double idle_percent(std::chrono::seconds time) const
    {
        const double before = cpu_seconds();
        std::this_thread::sleep_for(time);
        return (cpu_seconds() - before) * 100 / static_cast<double>(time.count());
    }
};

Child start_server(const tests::CertificateFiles& files)
{
    std::array<int, 2> down{};
    std::array<int, 2> up{};
    if (::pipe(down.data()) != 0 || ::pipe(up.data()) != 0) die("no pipe");
    Child child{::fork(), down[1], up[0], 0};
    if (child.pid == 0) {
        ::close(down[1]);
        ::close(up[0]);
        bench::serve(down[0], up[1], files.certificate, files.key);
        ::_exit(0);
    }
    ::close(down[0]);
    ::close(up[1]);
    child.port = static_cast<std::uint16_t>(child.word());
    return child;
}

/// What the issue asks of a figure; a figure without a bound is only shown.
struct Bound {
    enum class Way : std::uint8_t { none, at_most, at_least };
    Way way = Way::none;
    double value = 0;

    bool holds(double measured) const
    {
        return way == Way::none || (way == Way::at_most ? measured <= value : measured >= value);
    }
};
constexpr Bound at_most(double value) { return {Bound::Way::at_most, value}; }
constexpr Bound at_least(double value) { return {Bound::Way::at_least, value}; }

/// The rows, as they come, and how many of them broke their bound.
class Table {
public:
    void row(const std::string& what, const char* unit, double measured, Bound bound = {})
    {
        std::string wanted;
        if (bound.way != Bound::Way::none) {
            wanted = (bound.way == Bound::Way::at_most ? "<= " : ">= ") + shown(bound.value);
        }
        const bool good = bound.holds(measured);
        broken_ += good ? 0 : 1;
        std::printf("| %-58s | %10s | %-14s | %-10s |%s\n", what.c_str(), shown(measured).c_str(),
                    unit, wanted.c_str(), good ? "" : " BROKEN");
        std::fflush(stdout);
    }
    int broken() const { return broken_; }

private:
    static std::string shown(double value)
    {
        std::array<char, 32> text{};
        std::snprintf(text.data(), text.size(), "%.*f", value >= 1000 ? 0 : 2, value);
        return text.data();
    }
    int broken_ = 0;
};

void bench_memory(Table& table, const tests::CertificateFiles& files, std::size_t count)
{
    const Child child = start_server(files);
    const double empty = child.resident_kib();
    table.row("empty server", "KiB", empty);
    const auto each = [&](double more) { return more / static_cast<double>(count); };
    Miners miners{child.port};
    const double took = miners.open(count);
    table.row("set-up: connected, subscribed, authorised, with a job", "a second",
              static_cast<double>(count) / took, at_least(10'000));
    std::this_thread::sleep_for(milliseconds{1500});
    table.row("idle authorised connection", "KiB", each(child.resident_kib() - empty),
              at_most(3.5));

    // Nobody is looked at before its silence may mean something, which takes a minute (see
    // DifficultyPolicy::next_look); from then on once a minute: in the second window each is once.
    table.row("idle CPU of all of them, ten seconds before any look", "% of a core",
              child.idle_percent(std::chrono::seconds{10}), at_most(0.5));
    table.row("idle CPU of all of them, the minute behind, a look at each", "% of a core",
              child.idle_percent(std::chrono::seconds{60}), at_most(0.5));

    // An hour's mining as what it leaves behind: jobs, statistics, ten minutes' shares.
    constexpr unsigned rounds = 20;
    constexpr unsigned shares = 5;
    for (unsigned round = 1; round <= rounds; ++round) {
        const std::size_t jobs = miners.jobs() + count;
        child.publish(1, 0);
        miners.until([&] { return miners.jobs() >= jobs; }, std::chrono::seconds{20});
        const std::size_t answered = miners.answered() + count * shares;
        miners.submit_all(shares);
        miners.until([&] { return miners.answered() >= answered; }, std::chrono::seconds{60});
    }
    table.row("after 20 jobs and 100 shares on each", "KiB", each(child.resident_kib() - empty),
              at_most(8));
    const bench::Command stop{bench::Command::What::stop, 0, 0};
    if (::write(child.commands, &stop, sizeof stop) < 0) die("the server is gone");
    ::waitpid(child.pid, nullptr, 0);
}

void bench_tls(Table& table, const tests::CertificateFiles& files, std::size_t count)
{
    const Child child = start_server(files);
    const double empty = child.resident_kib();
    std::vector<std::unique_ptr<tests::TlsTalk>> talks;
    const auto begun = Clock::now();
    for (std::size_t at = 0; at < count; ++at) {
        auto talk = std::make_unique<tests::TlsTalk>(child.port);
        if (!talk->ok() || !talk->say(hello)) die("no TLS");
        if (talk->hear("mining.notify").find("mining.notify") == std::string::npos) die("no work");
        talks.push_back(std::move(talk));
    }
    const double took = std::chrono::duration<double>(Clock::now() - begun).count();
    table.row("idle authorised TLS connection", "KiB",
              (child.resident_kib() - empty) / static_cast<double>(count), at_most(28));
    table.row("TLS set-up, one after the other", "a second", static_cast<double>(count) / took);
    talks.clear();
    const bench::Command stop{bench::Command::What::stop, 0, 0};
    if (::write(child.commands, &stop, sizeof stop) < 0) die("the server is gone");
    ::waitpid(child.pid, nullptr, 0);
}

struct Broadcast {
    double p50_ms = 0;  ///< from publishing to its arrival, over all jobs and the miners that read
    double p99_ms = 0;
    double memory_kib = 0;  ///< the most that it took beyond what it had
};

Broadcast broadcast(const tests::CertificateFiles& files, std::size_t deaf_count)
{
    constexpr std::size_t reading = 900;
    constexpr std::uint32_t jobs = 1000;
    const Child child = start_server(files);
    Miners miners{child.port};
    Miners deaf{child.port, true};
    miners.open(reading);
    if (deaf_count > 0) deaf.open(deaf_count);
    const double before = child.resident_kib();
    double most = before;
    miners.note_arrivals(true);
    const std::size_t wanted = miners.jobs() + reading * jobs;
    child.publish(jobs, 10);
    auto looked = Clock::now();
    miners.until(
        [&] {
            if (Clock::now() - looked > milliseconds{100}) {
                looked = Clock::now();
                most = std::max(most, child.resident_kib());
            }
            return miners.jobs() >= wanted;
        },
        std::chrono::seconds{120});
    std::vector<Word> published;
    for (std::uint32_t at = 0; at < jobs; ++at) published.push_back(child.word());
    std::vector<double> took;
    for (const auto& [job, arrived] : miners.arrivals()) {
        // Numbers count up from the first job, which everybody had before.
        const auto number = std::strtoul(job.c_str(), nullptr, 16) - 0x6a000000;
        took.push_back(static_cast<double>(arrived - published.at(number - 2)) / 1e6);
    }
    std::sort(took.begin(), took.end());
    const auto at = [&took](double part) {
        return took[static_cast<std::size_t>(part * static_cast<double>(took.size() - 1))];
    };
    // All that had waited for them, and is read now.
    for (int quiet = 0; deaf_count > 0 && quiet < 20; ++quiet) deaf.poll(20);
    if (deaf.jobs() > deaf_count * jobs / 2) die("the deaf had all jobs: nothing was held back");
    const bench::Command stop{bench::Command::What::stop, 0, 0};
    if (::write(child.commands, &stop, sizeof stop) < 0) die("the server is gone");
    ::waitpid(child.pid, nullptr, 0);
    return {.p50_ms = at(0.5), .p99_ms = at(0.99), .memory_kib = most - before};
}

void bench_broadcast(Table& table, const tests::CertificateFiles& files)
{
    constexpr std::size_t deaf_count = 100;
    constexpr double cap_kib = 256;  // limits.write_queue_kib
    const Broadcast alone = broadcast(files, 0);
    const Broadcast beside = broadcast(files, deaf_count);
    table.row("1,000 jobs to 900, p50", "ms", alone.p50_ms);
    table.row("1,000 jobs to 900, p99", "ms", alone.p99_ms);
    table.row("1,000 jobs to 900, memory", "KiB", alone.memory_kib);
    table.row("the same beside 100 that never read, p50", "ms", beside.p50_ms,
              at_most(1.25 * alone.p50_ms + 0.5));
    table.row("the same beside 100 that never read, p99", "ms", beside.p99_ms,
              at_most(1.25 * alone.p99_ms + 2));
    table.row("the same beside 100 that never read, memory", "KiB", beside.memory_kib,
              at_most(alone.memory_kib + deaf_count * cap_kib));
}

/// Everybody comes back at once while a thousand mine: the time until the last is in, and what
/// those who were in felt of it. come: has `count` miners connect to a port.
template <typename Come>
void bench_storm(Table& table, const tests::CertificateFiles& files, std::size_t count,
                 const std::string& how, Come come)
{
    const Child child = start_server(files);
    std::atomic<bool> over{false};
    Miners settled{child.port};
    settled.open(1000);
    std::vector<double> took;
    std::thread mining{[&] {
        for (std::size_t at = 0; !over; ++at) {
            took.push_back(settled.share_of(at));
            std::this_thread::sleep_for(milliseconds{5});
        }
    }};
    const bench::TlsStorm storm = come(child.port);
    over = true;
    mining.join();
    std::sort(took.begin(), took.end());
    const std::string who = std::to_string(count) + " at once" + how;
    table.row(who + ", the last is in after", "s", storm.seconds);
    table.row(who + ", turned away", "", static_cast<double>(storm.turned_away), at_most(0));
    table.row(who + ", p99 of 1,000 who mine", "ms", took[took.size() * 99 / 100]);
    const bench::Command stop{bench::Command::What::stop, 0, 0};
    if (::write(child.commands, &stop, sizeof stop) < 0) die("the server is gone");
    ::waitpid(child.pid, nullptr, 0);
}

}  // namespace

int main(int argc, char** argv)
{
    std::signal(SIGPIPE, SIG_IGN);  // of who is turned away while it writes
    const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 10'000;
    const tests::TempDir folder;
    const tests::CertificateFiles files = tests::make_certificate(folder.path(), "bench");
    std::printf("%zu connections\n", count);
    Table table;
    bench_memory(table, files, count);
    bench_tls(table, files, std::min<std::size_t>(count, 2000));
    bench_broadcast(table, files);
    const std::size_t all = count * 3 / 2;
    bench_storm(table, files, all, "", [all](std::uint16_t port) {
        Miners storm{port};
        const double seconds = storm.open(all, all);
        return bench::TlsStorm{seconds, storm.turned_away()};
    });
    bench_storm(table, files, all, " over TLS", [all](std::uint16_t port) {
        return bench::storm_by_tls(port, all, hello, std::chrono::minutes{2});
    });
    if (table.broken() > 0) std::printf("%d bounds are broken\n", table.broken());
    return table.broken() > 0 ? 1 : 0;
}
