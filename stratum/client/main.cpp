// zubr-miner: a CPU miner for tests, demonstrations and load, not for profit.
#include <array>
#include <csignal>
#include <cstdio>
#include <netdb.h>
#include <optional>
#include <string>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

#include <CLI/CLI.hpp>

#include "pool/base/json.h"
#include "pool/base/time.h"
#include "pool/crypto/sha256.h"
#include "stratum/client/load.h"
#include "stratum/client/mining_client.h"
#include "stratum/client/pool_url.h"

namespace {

using pool::Result;
using stratum::client::AcceptedShare;
using stratum::client::MiningEnd;
using stratum::client::MiningTotals;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds report_every{10};

struct Arguments {
    std::string url;
    std::string user;
    std::string password = "x";
    std::string channel = "extended";
    unsigned threads = 1;
    bool once = false;
    bool json = false;
    double shares_per_second_max = 0;
    double hashes_per_second_max = 0;
    double duration_seconds = 0;
    bool load = false;
    double warm_up_seconds = 0.5;
    stratum::client::LoadOptions load_options;
};

std::optional<stratum::client::V2Wish> v2_wish(const stratum::client::PoolUrl& url,
                                               const Arguments& arguments)
{
    if (!url.v2) return std::nullopt;
    stratum::client::V2Wish wish;
    if (arguments.channel == "standard") wish.channel = stratum::v2::ChannelKind::standard;
    wish.hash_rate = static_cast<float>(arguments.hashes_per_second_max);
    wish.authority = url.authority;
    return wish;
}

// Looks the host up, and waits for that.
Result<pool::Endpoint> resolve(const std::string& url)
{
    const std::size_t colon = url.rfind(':');
    if (colon == std::string::npos || url.find('/') != std::string::npos) {
        return pool::fail(pool::Error::Code::invalid,
                          "'" + url + "' is no address: use stratum+tcp://HOST:PORT");
    }
    if (auto numeric = pool::parse_endpoint(url)) return numeric;

    const std::string host = url.substr(0, colon);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int failed = getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (failed != 0) {
        return pool::fail(pool::Error::Code::unavailable,
                          "Cannot find the host '" + host + "': " + gai_strerror(failed));
    }
    std::array<char, NI_MAXHOST> text{};
    const int unnamed =
        getnameinfo(found->ai_addr, found->ai_addrlen, text.data(),
                    static_cast<socklen_t>(text.size()), nullptr, 0, NI_NUMERICHOST);
    const bool six = found->ai_family == AF_INET6;
    freeaddrinfo(found);
    if (unnamed != 0) {
        return pool::fail(pool::Error::Code::unavailable, "Cannot find the host '" + host + "'");
    }
    const std::string address = six ? "[" + std::string{text.data()} + "]" : text.data();
    return pool::parse_endpoint(address + url.substr(colon));
}

class Report {
public:
    explicit Report(bool json) : json_(json), began_(Clock::now()), last_(began_) {}

    void say(std::string_view sentence) const
    {
        if (!json_) return line(std::string{sentence});
        std::string text;
        pool::JsonWriter{text}
            .begin_object()
            .key("event")
            .string("message")
            .key("text")
            .string(sentence)
            .end_object();
        line(text);
    }

    void block(const pool::BlockHash& hash) const
    {
        const std::string shown = pool::to_display_hex(hash);
        if (!json_) return line("Found block " + shown);
        std::string text;
        pool::JsonWriter{text}
            .begin_object()
            .key("event")
            .string("block")
            .key("hash")
            .string(shown)
            .end_object();
        line(text);
    }

    void share(const AcceptedShare& share) const
    {
        if (!json_) return;  // people want their sum
        std::string text;
        pool::JsonWriter{text}
            .begin_object()
            .key("event")
            .string("share")
            .key("time")
            .unsigned_integer(share.time)
            .key("nonce")
            .unsigned_integer(share.nonce)
            .key("version")
            .unsigned_integer(share.version)
            .key("extranonce")
            .string(pool::to_hex(share.extranonce))
            .end_object();
        line(text);
    }

    void progress(const MiningTotals& totals)
    {
        const Clock::time_point now = Clock::now();
        const double rate = per_second(totals.hashes - last_hashes_, now - last_);
        last_ = now;
        last_hashes_ = totals.hashes;
        numbers("hashrate", totals, rate);
    }

    void end(const MiningTotals& totals) const
    {
        numbers("total", totals, per_second(totals.hashes, Clock::now() - began_));
    }

private:
    static double per_second(std::uint64_t count, Clock::duration time)
    {
        const double seconds = std::chrono::duration<double>(time).count();
        return seconds > 0 ? static_cast<double>(count) / seconds : 0;
    }

    static void line(const std::string& text)
    {
        std::fputs((text + "\n").c_str(), stdout);
        std::fflush(stdout);
    }

    void numbers(std::string_view event, const MiningTotals& totals, double rate) const
    {
        const auto& shares = totals.shares;
        const auto whole = static_cast<std::uint64_t>(rate);
        if (json_) {
            std::string text;
            pool::JsonWriter{text}
                .begin_object()
                .key("event")
                .string(event)
                .key("hashrate")
                .unsigned_integer(whole)
                .key("hashes")
                .unsigned_integer(totals.hashes)
                .key("submitted")
                .unsigned_integer(shares.submitted)
                .key("accepted")
                .unsigned_integer(shares.accepted)
                .key("rejected")
                .unsigned_integer(shares.rejected)
                .key("connections")
                .unsigned_integer(totals.connections)
                .key("last_refusal")
                .string(shares.last_refusal)
                .end_object();
            return line(text);
        }
        line(std::string{event} + " " + std::to_string(whole / 1000) + " kH/s, shares submitted=" +
             std::to_string(shares.submitted) + " accepted=" + std::to_string(shares.accepted) +
             " rejected=" + std::to_string(shares.rejected) +
             (shares.last_refusal.empty() ? "" : ", last refusal: " + shares.last_refusal));
    }

    bool json_;
    Clock::time_point began_;
    Clock::time_point last_;
    std::uint64_t last_hashes_ = 0;
};

// SIGINT and SIGTERM as a descriptor; blocked here before any thread starts.
int stop_signals()
{
    sigset_t signals{};
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

int mine(const Arguments& arguments)
{
    Report report{arguments.json};
    const auto url = stratum::client::parse_pool_url(arguments.url);
    auto endpoint = url ? resolve(url->address) : pool::fail(url.error());
    if (!endpoint) {
        report.say(endpoint.error().detail);
        return 1;
    }
    if (const auto warning = warning_of(*url); !warning.empty()) report.say(warning);
    const int signals = stop_signals();
    pool::Loop loop;
    std::optional<MiningEnd> ended;
    int status = 0;
    {
        stratum::client::MiningClient client{
            loop,
            {.pool = *endpoint,
             .login = {.user = arguments.user, .password = arguments.password},
             .cpu = {.threads = arguments.threads,
                     .hashes_per_second_max = arguments.hashes_per_second_max,
                     .shares_per_second_max = arguments.shares_per_second_max},
             .v2 = v2_wish(*url, arguments),
             .once = arguments.once},
            {.on_message = [&report](std::string_view sentence) { report.say(sentence); },
             .on_end =
                 [&ended, &loop](MiningEnd why) {
                     ended = why;
                     loop.stop();
                 },
             .on_block = [&report](const pool::BlockHash& hash) { report.block(hash); },
             .on_share = [&report](const AcceptedShare& share) { report.share(share); }}};
        // A second signal does not wait for the last answers.
        bool told = false;
        const pool::Watch stop = loop.watch_fd(
            signals, {.readable = true}, [&loop, &client, &told, signals](pool::FdEvents) {
                signalfd_siginfo read_off{};
                if (read(signals, &read_off, sizeof read_off) < 0) return;
                if (std::exchange(told, true)) return loop.stop();
                client.stop();
            });
        const pool::Watch progress =
            loop.every(report_every, [&report, &client] { report.progress(client.totals()); });
        pool::Watch deadline;
        if (arguments.duration_seconds > 0) {
            const auto ms = static_cast<std::int64_t>(arguments.duration_seconds * 1000);
            deadline = loop.after(std::chrono::milliseconds{ms}, [&client] { client.stop(); });
        }
        client.start();
        loop.run();
        report.end(client.totals());
        if (ended == MiningEnd::user_refused || client.totals().connections == 0) status = 1;
        if (arguments.once && ended != MiningEnd::share_accepted) status = 1;
    }
    close(signals);
    return status;
}

// Loads a pool instead of mining: one JSON object with what was measured.
int load(Arguments arguments)
{
    const auto in_milliseconds = [](double seconds) {
        return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)};
    };
    const auto url = stratum::client::parse_pool_url(arguments.url);
    auto endpoint = url ? resolve(url->address) : pool::fail(url.error());
    if (!endpoint) {
        std::fprintf(stderr, "%s\n", endpoint.error().detail.c_str());
        return 1;
    }
    stratum::client::LoadOptions& options = arguments.load_options;
    options.v2 = v2_wish(*url, arguments);
    if (options.v2) options.v2->now = pool::to_seconds(pool::read_clock().wall);
    options.pool = *endpoint;
    options.user = arguments.user;
    options.password = arguments.password;
    options.warm_up = in_milliseconds(arguments.warm_up_seconds);
    if (arguments.duration_seconds > 0) {
        options.duration = in_milliseconds(arguments.duration_seconds);
    }
    const auto report = stratum::client::run_joined(options);
    if (!report) {
        std::fprintf(stderr, "%s\n", report.error().detail.c_str());
        return 1;
    }
    std::puts(stratum::client::to_json(options, *report).c_str());
    return 0;
}

void add_load_options(CLI::App& app, Arguments& arguments)
{
    auto& options = arguments.load_options;
    auto* const load =
        app.add_flag("--load", arguments.load,
                     "load the pool with hashes that are not mined, and print what it did");
    const auto option = [&app, load](const char* name, auto& value, const char* text) {
        return app.add_option(name, value, text)->needs(load);
    };
    option("--connections", options.connections, "so many, worker names .w0, .w1, ...")
        ->check(CLI::Range(1, 100'000));
    option("--in-flight", options.in_flight, "closed loop: shares without an answer, each")
        ->check(CLI::Range(1, 10'000));
    option("--rate", options.rate, "open loop: shares a second, all connections together")
        ->check(CLI::PositiveNumber);
    option("--warm-up", arguments.warm_up_seconds, "seconds before measuring begins");
    option("--shares", options.shares_max, "stop after so many");
    option("--processes", options.processes, "so many share the load and are added up")
        ->check(CLI::Range(1, 256));
    option("--watch-pid", options.watched_pid, "a server: measure its CPU time and memory");
    app.add_flag("--same-root", options.same_root, "change the nonce only")->needs(load);
}

}  // namespace

int main(int argc, char** argv)
{
    Arguments arguments;
    CLI::App app{"A CPU miner that speaks Stratum v1 and v2: for tests, demonstrations and load."};
    app.add_option("--url", arguments.url,
                   "the pool: stratum+tcp://HOST:PORT, or stratum2+tcp://HOST:PORT/AUTHORITY_KEY")
        ->required();
    app.add_option("--user", arguments.user, "ADDRESS.WORKER or ACCOUNT.WORKER")->required();
    app.add_option("--password", arguments.password, "e.g. x, or d=1 for a start difficulty");
    app.add_option("--channel", arguments.channel, "v2: standard or extended")
        ->check(CLI::IsMember({"standard", "extended"}));
    app.add_option("--threads", arguments.threads, "mining threads")->check(CLI::Range(1, 1024));
    app.add_flag("--once", arguments.once, "exit with 0 after the first accepted share");
    app.add_option("--max-shares-per-second", arguments.shares_per_second_max,
                   "find no more than so many")
        ->check(CLI::PositiveNumber);
    app.add_option("--max-hashrate", arguments.hashes_per_second_max,
                   "hashes a second, all threads together")
        ->check(CLI::PositiveNumber);
    app.add_option("--duration", arguments.duration_seconds, "seconds; then exit")
        ->check(CLI::PositiveNumber);
    app.add_flag("--json", arguments.json, "one JSON object a line");
    add_load_options(app, arguments);
    CLI11_PARSE(app, argc, argv);
    if (arguments.load) return load(arguments);

    if (!pool::sha256_self_test()) {
        std::fputs("SHA-256 gives wrong results on this machine\n", stderr);
        return 1;
    }
    return mine(arguments);
}
