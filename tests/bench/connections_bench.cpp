// What connections cost: ./dev bench connections [COUNT]. A Stratum loop in a process of its own
// and a generator of one thread; prints one table. Memory is what the server's resident memory
// grew by, divided: tables and allocator included, the kernel's buffers not.
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
#include "tests/bench/tls_storm.h"
#include "tests/support/process.h"
#include "tests/support/tls_talk.h"

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::string_view hello =
    "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"cgminer/4.12.0\"]}\n"
    "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"user.w\",\"x\"]}\n";

[[noreturn]] void die(const std::string& what)
{
    std::fprintf(stderr, "connections_bench: %s\n", what.c_str());
    std::exit(1);
}

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

struct Conn {
    int fd = -1;
    bool said_hello = false;
    std::string in;
    std::string job;
    std::size_t jobs = 0;
    std::uint32_t shares = 0;
};

/// Miners on plain sockets, one thread.
class Miners {
public:
    explicit Miners(std::uint16_t port) : epoll_(::epoll_create1(EPOLL_CLOEXEC))
    {
        to_.sin_family = AF_INET;
        to_.sin_port = htons(port);
        to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    ~Miners()
    {
        for (const auto& conn : conns_) ::close(conn->fd);
        ::close(epoll_);
    }
    Miners(const Miners&) = delete;
    Miners& operator=(const Miners&) = delete;

    /// Opens `count`, so many at once under way, until each has work. The seconds it took.
    double open(std::size_t count, std::size_t under_way = 512)
    {
        const auto begun = Clock::now();
        const std::size_t before = ready_;
        std::size_t opened = 0;
        while (ready_ < before + count) {
            while (opened < count && opened - (ready_ - before) < under_way) {
                connect_one();
                ++opened;
            }
            poll(100);
        }
        return std::chrono::duration<double>(Clock::now() - begun).count();
    }

    void poll(int patience_ms)
    {
        std::array<epoll_event, 256> events{};
        const int count =
            ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), patience_ms);
        for (int at = 0; at < count; ++at) {
            auto& conn = *static_cast<Conn*>(events[static_cast<std::size_t>(at)].data.ptr);
            if (!conn.said_hello) {
                say_hello(conn);
            } else {
                read(conn);
            }
        }
    }

    template <typename Done>
    void until(Done done, milliseconds patience)
    {
        const auto end = Clock::now() + patience;
        while (!done() && Clock::now() < end) poll(20);
        if (!done()) die("the server does not answer in time");
    }

    void submit_all(unsigned shares)
    {
        for (const auto& conn : conns_) {
            submit(*conn, shares);
            poll(0);
        }
    }
    void submit(Conn& conn, unsigned shares)
    {
        std::string out;
        for (unsigned at = 0; at < shares; ++at) {
            std::array<char, 192> line{};
            std::snprintf(line.data(), line.size(),
                          R"({"id":4,"method":"mining.submit","params":["user.w","%s","%016x",)"
                          R"("%08x","00000000"]})"
                          "\n",
                          conn.job.c_str(), conn.shares++, time_);
            out += line.data();
        }
        if (::send(conn.fd, out.data(), out.size(), MSG_NOSIGNAL) < 0) die("a lost miner");
    }

    /// One share of one miner; how long its answer took, in milliseconds.
    double share_of(std::size_t at)
    {
        const auto begun = Clock::now();
        const std::size_t wanted = answered_ + 1;
        submit(*conns_[at % conns_.size()], 1);
        until([&] { return answered_ >= wanted; }, std::chrono::seconds{20});
        return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
    }

    std::size_t turned_away() const { return turned_away_; }
    std::size_t answered() const { return answered_; }
    std::size_t jobs() const { return jobs_; }
    std::vector<std::pair<std::string, bench::Word>>& arrivals() { return arrivals_; }
    void note_arrivals(bool on) { noting_ = on; }

private:
    void connect_one()
    {
        conns_.push_back(std::make_unique<Conn>());
        connect(conns_.back().get());
    }
    void come_again(Conn& conn)
    {
        ++turned_away_;
        ::close(conn.fd);
        conn.said_hello = false;
        conn.in.clear();
        connect(&conn);
    }
    void connect(Conn* conn)
    {
        conn->fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (conn->fd < 0) die("no more files: ulimit -n");
        const int one = 1;
        ::setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (::connect(conn->fd, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) != 0 &&
            errno != EINPROGRESS) {
            die("can't connect");
        }
        epoll_event event{};
        event.events = EPOLLOUT;
        event.data.ptr = conn;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, conn->fd, &event);
    }
    void say_hello(Conn& conn)
    {
        if (::send(conn.fd, hello.data(), hello.size(), MSG_NOSIGNAL) < 0) return come_again(conn);
        conn.said_hello = true;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &conn;
        ::epoll_ctl(epoll_, EPOLL_CTL_MOD, conn.fd, &event);
    }
    void read(Conn& conn)
    {
        std::array<char, 65536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
        const ssize_t size = ::recv(conn.fd, buffer.data(), buffer.size(), 0);
        if (size <= 0) {
            if (size < 0 && errno == EAGAIN) return;
            if (conn.jobs > 0) die("a miner was thrown out");
            return come_again(conn);
        }
        conn.in.append(buffer.data(), static_cast<std::size_t>(size));
        std::size_t from = 0;
        for (auto end = conn.in.find('\n'); end != std::string::npos;
             end = conn.in.find('\n', from)) {
            take(conn, std::string_view{conn.in}.substr(from, end - from));
            from = end + 1;
        }
        conn.in.erase(0, from);
    }
    void take(Conn& conn, std::string_view line)
    {
        constexpr std::string_view start = R"("mining.notify","params":[")";
        const std::size_t at = line.find(start);
        if (at == std::string_view::npos) {
            // One hash in 65,536 misses even 2^-32.
            if (line.starts_with("{\"id\":4,")) ++answered_;
            return;
        }
        line.remove_prefix(at + start.size());
        conn.job.assign(line.substr(0, line.find('"')));
        const std::size_t clean = line.rfind(',');
        const std::size_t time = line.rfind(',', clean - 1);
        time_ = static_cast<std::uint32_t>(
            std::strtoul(std::string{line.substr(time + 2, 8)}.c_str(), nullptr, 16));
        if (conn.jobs++ == 0) ++ready_;
        ++jobs_;
        if (noting_) arrivals_.emplace_back(conn.job, Clock::now().time_since_epoch().count());
    }

    int epoll_;
    sockaddr_in to_{};
    std::vector<std::unique_ptr<Conn>> conns_;
    std::size_t ready_ = 0;
    std::size_t answered_ = 0;
    std::size_t turned_away_ = 0;
    std::size_t jobs_ = 0;
    std::uint32_t time_ = 0;
    bool noting_ = false;
    std::vector<std::pair<std::string, bench::Word>> arrivals_;
};

void row(const char* what, const char* unit, double measured, const char* wanted)
{
    std::printf("| %-52s | %10.2f | %-14s | %-10s |\n", what, measured, unit, wanted);
    std::fflush(stdout);
}

void bench_memory(const tests::CertificateFiles& files, std::size_t count)
{
    const Child child = start_server(files);
    const double empty = child.resident_kib();
    row("empty server", "KiB", empty, "");
    const auto each = [&](double more) { return more / static_cast<double>(count); };
    Miners miners{child.port};
    const double took = miners.open(count);
    row("set-up: connected, subscribed, authorised, with a job", "a second",
        static_cast<double>(count) / took, ">= 10,000");
    std::this_thread::sleep_for(milliseconds{1500});
    row("idle authorised connection", "KiB", each(child.resident_kib() - empty), "<= 3.5");

    const double before = child.cpu_seconds();
    std::this_thread::sleep_for(std::chrono::seconds{10});
    row("idle CPU of all of them", "% of a core", (child.cpu_seconds() - before) * 10, "<= 0.5");

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
    row("after 20 jobs and 100 shares on each", "KiB", each(child.resident_kib() - empty), "<= 8");
    const bench::Command stop{bench::Command::What::stop, 0, 0};
    if (::write(child.commands, &stop, sizeof stop) < 0) die("the server is gone");
    ::waitpid(child.pid, nullptr, 0);
}

void bench_tls(const tests::CertificateFiles& files, std::size_t count)
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
    row("idle authorised TLS connection", "KiB",
        (child.resident_kib() - empty) / static_cast<double>(count), "<= 28");
    row("TLS set-up, one after the other", "a second", static_cast<double>(count) / took, "");
    talks.clear();
    const bench::Command stop{bench::Command::What::stop, 0, 0};
    if (::write(child.commands, &stop, sizeof stop) < 0) die("the server is gone");
    ::waitpid(child.pid, nullptr, 0);
}

/// From publishing to its arrival, over all jobs and the miners that read.
void bench_broadcast(const tests::CertificateFiles& files, std::size_t deaf_count)
{
    constexpr std::size_t reading = 900;
    constexpr std::uint32_t jobs = 1000;
    const Child child = start_server(files);
    Miners miners{child.port};
    Miners deaf{child.port};
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
    std::vector<bench::Word> published;
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
    std::printf(
        "| 1,000 jobs to %4zu connections, %3zu of which never read:  p50 %.2f ms, "
        "p99 %.2f ms, memory %+.0f KiB (cap 256 KiB each: %zu)\n",
        reading + deaf_count, deaf_count, at(0.5), at(0.99), most - before, deaf_count * 256);
    const bench::Command stop{bench::Command::What::stop, 0, 0};
    if (::write(child.commands, &stop, sizeof stop) < 0) die("the server is gone");
    ::waitpid(child.pid, nullptr, 0);
}

/// Everybody comes back at once while a thousand mine: the time until the last is in, and what
/// those who were in felt of it. come: has `count` miners connect to a port.
template <typename Come>
void bench_storm(const tests::CertificateFiles& files, std::size_t count, const char* how,
                 Come come)
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
    std::printf(
        "| %zu connect at once%s: the last is in after %.1f s, %zu were turned away and came "
        "again; none of the 1,000 who mine is lost, their answers' p99 is %.2f ms (%zu)\n",
        count, how, storm.seconds, storm.turned_away, took[took.size() * 99 / 100], took.size());
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
    bench_memory(files, count);
    bench_tls(files, std::min<std::size_t>(count, 2000));
    bench_broadcast(files, 0);
    bench_broadcast(files, 100);
    const std::size_t all = count * 3 / 2;
    bench_storm(files, all, "", [all](std::uint16_t port) {
        Miners storm{port};
        const double seconds = storm.open(all, all);
        return bench::TlsStorm{seconds, storm.turned_away()};
    });
    bench_storm(files, all, " over TLS", [all](std::uint16_t port) {
        return bench::storm_by_tls(port, all, hello, std::chrono::minutes{2});
    });
    return 0;
}
