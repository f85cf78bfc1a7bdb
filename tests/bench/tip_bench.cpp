// How fresh is the work? A real bitcoind with 4,000 transactions, a real zubrd, N authorised
// connections: from the node's own signal of a new block to the first and the last connection
// that the new job is written to, beside a null server that writes the same bytes to as many
// sockets. Started by ./dev bench tip [CONNECTIONS [EVENTS [v2-standard|v2-extended]]]. Connections
// of Stratum v2 have the tip with the first bytes that come after the signal: what they say is
// sealed.
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/bitcoin/transaction.h"
#include "pool/node/zmq_feed.h"
#include "pool/runtime/loop.h"
#include "stratum/client/v2_session.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

namespace {

// The clock that the kernel stamps packets with: what is asked is when a job was written, and not
// when this program, which shares two cores with pool and node, came to read it.
using Clock = std::chrono::system_clock;
using std::chrono::seconds;

double ms(Clock::duration span) { return std::chrono::duration<double, std::milli>(span).count(); }

[[noreturn]] void die(const std::string& what)
{
    std::fprintf(stderr, "tip_bench: %s\n", what.c_str());
    std::exit(1);
}

std::string call(tests::NodeFixture& node, const std::string& method, const std::string& params)
{
    const auto answer = node.call(method, params);
    if (!answer) die(method + ": " + answer.error().detail);
    std::string text = *answer;
    std::erase(text, '"');
    return text;
}

pool::Digest send(tests::NodeFixture& node, const pool::Transaction& tx)
{
    const pool::Bytes raw = pool::serialise(tx, pool::WitnessForm::with);
    call(node, "sendrawtransaction", "[\"" + pool::to_hex(raw) + "\"]");
    return pool::txid_of(tx).bytes;
}

pool::Transaction spend(const pool::Digest& txid, std::uint32_t index)
{
    pool::Transaction tx;
    pool::TxInput input;
    input.previous = pool::TxId{txid};
    input.previous_index = index;
    tx.inputs.push_back(std::move(input));
    return tx;
}

// Coins that anybody may spend, fanned out and spent: no wallet, no signature.
void fill_mempool(tests::NodeFixture& node, unsigned transactions)
{
    constexpr unsigned outputs = 100;
    constexpr std::int64_t fee = 20'000;
    constexpr std::int64_t coin = 5'000'000'000;
    node.generate(151);
    std::vector<pool::Digest> fans;
    for (unsigned height = 1; height <= (transactions + outputs - 1) / outputs; ++height) {
        const std::string hash = call(node, "getblockhash", "[" + std::to_string(height) + "]");
        const std::string block = call(node, "getblock", "[\"" + hash + "\"]");
        const auto at = block.find("tx:[");
        const auto txid = pool::digest_from_display_hex(block.substr(at + 4, 64));
        if (!txid) die("no coinbase in " + block);
        pool::Transaction fan = spend(*txid, 0);
        for (unsigned i = 0; i < outputs; ++i) {
            fan.outputs.push_back({pool::Sats{(coin - fee) / outputs}, {0x51}});
        }
        fans.push_back(send(node, fan));
    }
    node.generate(1);
    pool::Script other{0x00, 0x20};  // outputs to nobody: some weight, as real ones have
    other.resize(other.size() + 32, 0x5a);
    for (unsigned i = 0; i < transactions; ++i) {
        pool::Transaction tx = spend(fans[i / outputs], i % outputs);
        tx.outputs.push_back({pool::Sats{(coin - fee) / outputs - 6000}, {0x51}});
        for (int more = 0; more < 4; ++more) tx.outputs.push_back({pool::Sats{1000}, other});
        send(node, tx);
    }
}

struct Counts {
    int clean = 0;
    int full = 0;
    Clock::time_point first_clean, last_clean, first_full, last_full;
};

// What a connection says first: lines of v1, or a whole handshake and opening of v2.
struct Hello {
    std::string lines;
    std::string user;
    std::optional<stratum::v2::ChannelKind> v2{};
};

// Until the channel has its job. Blocking; what comes after is not opened any more.
void open_v2(int fd, const Hello& hello)
{
    stratum::client::V2Wish wish;
    wish.channel = *hello.v2;
    stratum::client::V2MinerSession session{{.user = hello.user}, wish};
    std::array<char, 4096> buffer{};
    while (session.job() == nullptr) {
        const std::string out = session.take_output();
        if (!out.empty() && ::send(fd, out.data(), out.size(), MSG_NOSIGNAL) < 0) die("send");
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0) die("the pool closed a connection");
        const std::string_view bytes{buffer.data(), static_cast<std::size_t>(got)};
        if (auto heard = session.on_bytes(pool::as_bytes(bytes)); !heard) die(heard.error().detail);
    }
}

// N connections of one thread: everything that comes is read, jobs are counted and timed.
class Miners {
public:
    Miners(std::uint16_t port, int count, const Hello& hello) : v2_(hello.v2.has_value())
    {
        poll_ = ::epoll_create1(EPOLL_CLOEXEC);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        for (int i = 0; i < count; ++i) {
            const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            if (fd < 0) die("no more sockets: raise ulimit -n");
            if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
                die(std::string{"connect: "} + std::strerror(errno));
            }
            if (v2_ && !hello.user.empty()) open_v2(fd, hello);
            ::fcntl(fd, F_SETFL, O_NONBLOCK);
            const int on = 1;
            if (::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0)
                die("no time stamps on sockets");
            const std::string& lines = hello.lines;
            if (!lines.empty() && ::send(fd, lines.data(), lines.size(), 0) < 0) die("send");
            epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
            ::epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &event);
            fds_.push_back(fd);
            if (i % 100 == 99)
                read_until(Clock::now() + std::chrono::milliseconds{5}, [] { return false; });
        }
    }
    ~Miners()
    {
        for (const int fd : fds_) ::close(fd);
        ::close(poll_);
    }
    Miners(const Miners&) = delete;
    Miners& operator=(const Miners&) = delete;

    template <typename Done>
    bool read_until(Clock::time_point deadline, Done done)
    {
        std::array<epoll_event, 512> events{};
        std::array<char, 16384> buffer{};
        while (!done()) {
            if (Clock::now() > deadline) return false;
            const int ready = ::epoll_wait(poll_, events.data(), events.size(), 1);
            for (int i = 0; i < ready; ++i) {
                Clock::time_point written;
                const int fd = events[static_cast<std::size_t>(i)].data.fd;
                const ssize_t got = receive(fd, buffer, written);
                if (got == 0) die("the server closed a connection");
                if (got < 0) continue;
                if (v2_) {
                    note_v2(fd, written);
                } else {
                    note({buffer.data(), static_cast<std::size_t>(got)}, written);
                }
            }
        }
        return true;
    }

    void begin_event()
    {
        counts = {};
        heard_.clear();
    }

    Counts counts;
    std::string last_clean_line;

private:
    void note_v2(int fd, Clock::time_point now)
    {
        const auto at = static_cast<std::size_t>(fd);
        if (heard_.size() <= at) heard_.resize(at + 1);
        if (heard_[at]) return;
        heard_[at] = true;
        if (counts.clean++ == 0 || now < counts.first_clean) counts.first_clean = now;
        counts.last_clean = std::max(counts.last_clean, now);
    }
    // written: when the last packet of what is read was sent.
    static ssize_t receive(int fd, std::span<char> buffer, Clock::time_point& written)
    {
        iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
        alignas(cmsghdr) std::array<char, 64> control{};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t got = ::recvmsg(fd, &message, 0);
        if (got <= 0) return got;
        const cmsghdr* stamp = CMSG_FIRSTHDR(&message);
        if (stamp == nullptr || stamp->cmsg_type != SCM_TIMESTAMPNS) {
            written = Clock::now();  // the kernel begins to stamp a little after it was asked to
            return got;
        }
        timespec at{};
        std::memcpy(&at, CMSG_DATA(stamp), sizeof at);
        written = Clock::time_point{seconds{at.tv_sec} + std::chrono::nanoseconds{at.tv_nsec}};
        return got;
    }
    void note(std::string_view text, Clock::time_point now)
    {
        for (auto at = text.find("mining.notify\","); at != std::string_view::npos;
             at = text.find("mining.notify\",", at + 1)) {
            const auto end = text.find("]}\n", text.find("],\"", at));
            if (end == std::string_view::npos) continue;
            if (text.substr(end - 4, 4) == "true") {
                if (counts.clean++ == 0 || now < counts.first_clean) counts.first_clean = now;
                counts.last_clean = std::max(counts.last_clean, now);
                if (last_clean_line.empty()) last_clean_line = text.substr(0, end + 3);
            } else {
                if (counts.full++ == 0 || now < counts.first_full) counts.first_full = now;
                counts.last_full = std::max(counts.last_full, now);
            }
        }
    }
    int poll_ = -1;
    std::vector<int> fds_;
    bool v2_;
    std::vector<bool> heard_;  // by fd, since begin_event
};

double cpu_seconds(const std::string& pid)
{
    std::ifstream file{"/proc/" + pid + "/stat"};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    text = text.substr(text.rfind(')') + 2);
    unsigned long user = 0;
    unsigned long system = 0;
    std::sscanf(text.c_str(), "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                &system);
    return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double resident_kib(const std::string& pid)
{
    std::ifstream file{"/proc/" + pid + "/statm"};
    double size = 0;
    double resident = 0;
    file >> size >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

void row(const char* name, std::vector<double> values)
{
    if (values.empty()) return;
    std::sort(values.begin(), values.end());
    const auto at = [&](double part) {
        return values[std::min(values.size() - 1, static_cast<std::size_t>(
                                                      part * static_cast<double>(values.size())))];
    };
    std::printf("| %-44s | %8.2f | %8.2f | %8.2f |\n", name, at(0.5), at(0.99), values.back());
}

// Writes one line to as many sockets as it accepts, one after the other, on request. A process of
// its own, made before this one gives way to others.
class NullServer {
public:
    explicit NullServer(int count)
    {
        const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            die("bind");
        ::listen(listener, 4096);
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
        std::array<int, 2> pipe{};
        if (::pipe(pipe.data()) != 0) die("pipe");
        child_ = ::fork();
        if (child_ == 0) {
            ::close(pipe[1]);
            serve(listener, pipe[0], count);
        }
        ::close(pipe[0]);
        ::close(listener);
        orders_ = pipe[1];
    }
    ~NullServer()
    {
        ::close(orders_);
        ::waitpid(child_, nullptr, 0);
    }
    NullServer(const NullServer&) = delete;
    NullServer& operator=(const NullServer&) = delete;

    std::uint16_t port() const { return port_; }
    void write_to_all(std::string_view line) const
    {
        if (line.size() > line_max) die("a line longer than the null server takes");
        if (::write(orders_, line.data(), line.size()) < 0) die("write");
    }

private:
    static constexpr std::size_t line_max = 4096;  // so much goes through a pipe whole
    [[noreturn]] static void serve(int listener, int orders, int count)
    {
        std::vector<int> fds;
        for (int i = 0; i < count; ++i) fds.push_back(::accept(listener, nullptr, nullptr));
        std::array<char, line_max> line{};
        for (;;) {
            const ssize_t size = ::read(orders, line.data(), line.size());
            if (size <= 0) std::_Exit(0);
            for (const int fd : fds)
                static_cast<void>(
                    ::send(fd, line.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL));
        }
    }
    std::uint16_t port_ = 0;
    pid_t child_ = -1;
    int orders_ = -1;
};

std::vector<double> null_spread(const NullServer& server, int count, int events,
                                const std::string& line, bool v2)
{
    std::vector<double> out;
    Hello nothing;
    if (v2) nothing.v2 = stratum::v2::ChannelKind::standard;
    Miners miners{server.port(), count, nothing};
    for (int i = 0; i < events; ++i) {
        miners.begin_event();
        const auto begun = Clock::now();
        server.write_to_all(line);
        if (!miners.read_until(begun + seconds{10}, [&] { return miners.counts.clean >= count; }))
            die("null");
        out.push_back(ms(miners.counts.last_clean - begun));
    }
    return out;
}

// When the first of those who listen heard of it; the clock's zero: nobody yet.
class Signal {
public:
    void clear() { at_ = 0; }
    void heard()
    {
        const Clock::rep now = Clock::now().time_since_epoch().count();
        Clock::rep nobody = 0;
        at_.compare_exchange_strong(nobody, now);
    }
    bool known() const { return at_ != 0; }
    Clock::time_point at() const { return Clock::time_point{Clock::duration{at_.load()}}; }

private:
    std::atomic<Clock::rep> at_{0};
};

}  // namespace

int main(int argc, char** argv)
{
    const int count = argc > 1 ? std::atoi(argv[1]) : 1000;
    const int events = argc > 2 ? std::atoi(argv[2]) : 200;
    const std::string kind = argc > 3 ? argv[3] : "v1";
    const bool v2 = kind != "v1";
    std::signal(SIGPIPE, SIG_IGN);
    const std::string zmq = "tcp://127.0.0.1:" + std::to_string(tests::free_port());
    tests::NodeFixture node{"regtest", {"-zmqpubhashblock=" + zmq, "-acceptnonstdtxn=1"}};
    fill_mempool(node, 4000);
    const NullServer null_server{count};
    tests::PoolFixture pool{
        node,
        {.start_difficulty = 0,
         .sets = {"work.look_seconds=55", "work.refresh_seconds=55",
                  "limits.connections_per_address=0", "limits.connects_per_second=0"}}};
    {
        // The fixture's own [[node]] stands first; ZMQ is this node's second name.
        std::ifstream in{pool.config_file()};
        std::string text{std::istreambuf_iterator<char>{in}, {}};
        text.insert(text.find("cookie_file"), "zmq_hashblock = \"" + zmq + "\"\n");
        std::ofstream{pool.config_file()} << text;
    }
    pool.start();

    Signal signal;
    pool::Loop loop;
    const auto feed = pool::ZmqFeed::open(loop, zmq, [&](pool::ZmqTip) { signal.heard(); });
    if (!feed) die(feed.error().detail);
    std::thread listener{[&] { loop.run(); }};

    std::vector<double> first, last, whole, spread, fill;
    std::string line;
    double cpu = 0;
    double memory = 0;
    int measured = 0;
    {
        Hello hello{.lines = "", .user = tests::test_address("regtest", 1) + ".w"};
        if (v2) {
            const bool standard = kind == "v2-standard";
            hello.v2 =
                standard ? stratum::v2::ChannelKind::standard : stratum::v2::ChannelKind::extended;
        } else {
            hello.lines =
                "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"bench\"]}\n"
                "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"" +
                hello.user + "\",\"x\"]}\n";
        }
        const std::string pid = std::to_string(pool.process().pid());
        const double memory_before = resident_kib(pid);
        Miners miners{pool.stratum_port(), count, hello};
        const auto ready = [&] { return miners.counts.clean + miners.counts.full >= count; };
        if (!v2 && !miners.read_until(Clock::now() + seconds{60}, ready))
            die("not all connections got a job");
        line = v2 ? std::string(86, 'x') : miners.last_clean_line;
        miners.read_until(Clock::now() + seconds{3}, [] { return false; });
        memory = (resident_kib(pid) - memory_before) / count;
        const double cpu_before = cpu_seconds(std::to_string(pool.process().pid()));
        for (int i = -3; i < events; ++i) {
            // Over v2 the next empty job goes out over a second before its tip may come.
            const std::chrono::milliseconds rest{v2 ? 2000 : 150};
            miners.read_until(Clock::now() + rest, [] { return false; });
            miners.begin_event();
            signal.clear();
            std::thread long_poll{[&, next = node.height() + 1] {
                call(node, "waitforblockheight", "[" + std::to_string(next) + ",10000]");
                signal.heard();
            }};
            miners.read_until(Clock::now() + std::chrono::milliseconds{20}, [] { return false; });
            const auto begun = Clock::now();
            std::thread block{[&] { call(node, "generateblock", "[\"raw(51)\",[]]"); }};
            const bool all = miners.read_until(begun + seconds{10}, [&] {
                return miners.counts.clean >= count &&
                       (v2 || miners.counts.full >= count || Clock::now() > begun + seconds{3});
            });
            block.join();
            long_poll.join();
            if (!all) die("not every connection got the new job");
            if (i < 0 || !signal.known()) continue;
            ++measured;
            first.push_back(ms(miners.counts.first_clean - signal.at()));
            last.push_back(ms(miners.counts.last_clean - signal.at()));
            whole.push_back(ms(miners.counts.last_clean - begun));
            if (miners.counts.full < count) continue;  // a height without an empty job
            spread.push_back(ms(miners.counts.last_full - miners.counts.first_full));
            fill.push_back(ms(miners.counts.last_full - signal.at()));
        }
        cpu = cpu_seconds(std::to_string(pool.process().pid())) - cpu_before;
    }
    std::printf("%d connections of %s, %d blocks, 4,000 transactions; ms\n", count, kind.c_str(),
                measured);
    std::printf("| %-44s | %8s | %8s | %8s |\n|---|---|---|---|\n", "", "p50", "p99", "max");
    row("signal to first connection has the clean job", first);
    row("signal to last connection has it", last);
    row("block given to the node, to last has it", whole);
    row("signal to last has the full job", fill);
    row("full job: first to last connection", spread);
    row("null server: same bytes, first write to last",
        null_spread(null_server, count, 50, line, v2));
    std::printf(
        "zubrd: %.1f ms of processor time a block, both jobs (3 warm-up blocks counted in)\n",
        cpu * 1000 / (measured + 3));
    std::printf("zubrd: %.2f KiB resident for each connection, idle and with its job\n", memory);
    loop.stop();
    listener.join();
    return 0;
}
