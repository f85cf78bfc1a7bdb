#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <poll.h>
#include <span>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <pty.h>

#include "pool/runtime/http_message.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/tcp.h"
#include "rpc/cli/call.h"
#include "rpc/cli/command_line.h"
#include "tests/integration/rpc_running.h"
#include "tests/support/process.h"

namespace rpc::testing {
namespace {

using pool::Error;

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

TEST(ZubrCli, CallsByAUnixSocketToo)
{
    const tests::TempDir directory;
    ServerOptions options;
    options.admin_socket = directory.path() / "admin.sock";
    const Running server{options};
    cli::Server to;
    to.endpoint = {"127.0.0.1", 1};
    to.socket = server.admin_socket();
    to.user = "__cookie__";
    to.password = cookie_secret;
    const auto answer = cli::call(to, *cli::request_json("uptime", {}));
    ASSERT_TRUE(answer) << answer.error().detail;
    EXPECT_EQ(answer->result, "42");
    to.password = "wrong";
    const auto by_nobody = cli::call(to, *cli::request_json("uptime", {}));
    ASSERT_FALSE(by_nobody) << "who may open the socket needs a password all the same";
    EXPECT_EQ(by_nobody.error().code, Error::Code::refused);
}

/// Answers uptime, closes on whoever asks for more, and answers it when it is asked again.
class Forgetful {
public:
    Forgetful()
    {
        auto listener = pool::TcpListener::listen(
            loop_, {.address = {"127.0.0.1", 0}},
            [this](std::unique_ptr<pool::TcpConn> conn) { serve(std::move(conn)); });
        pool::check(listener.has_value(), "a port of 127.0.0.1 is free");
        listener_ = std::move(*listener);
        thread_ = std::thread{[this] { loop_.run(); }};
    }
    ~Forgetful()
    {
        loop_.stop();
        thread_.join();
    }
    std::uint16_t port() const { return listener_->port(); }
    std::atomic<int> asked{0};  // for anything but uptime

private:
    struct Peer {
        std::unique_ptr<pool::TcpConn> conn;
        pool::HttpParser parser;
    };
    void serve(std::unique_ptr<pool::TcpConn> conn)
    {
        auto peer = std::make_shared<Peer>();
        peer->conn = std::move(conn);
        peers_.push_back(peer);
        peer->conn->start({.on_bytes =
                               [this, peer = peer.get()](std::span<const std::uint8_t> bytes) {
                                   auto requests = peer->parser.feed(
                                       {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
                                   for (const auto& each : *requests) hear(*peer, each.body);
                               },
                           .on_close = [](pool::CloseReason) {}});
    }
    void hear(Peer& peer, const std::string& body)
    {
        if (!has(body, "uptime") && ++asked == 1) return peer.conn->close_after_write();
        pool::HttpResponse response;
        response.body = R"({"jsonrpc":"2.0","id":1,"result":1})";
        peer.conn->write(render(response, true));
    }

    pool::Loop loop_;
    std::unique_ptr<pool::TcpListener> listener_;
    std::vector<std::shared_ptr<Peer>> peers_;
    std::thread thread_;
};

// Whether it was done nobody knows: a second one might pay, or book, a second time.
TEST(ZubrCli, WhoWaitsForTheServerSendsHisCallOnceAllTheSame)
{
    Forgetful server;
    cli::Server to;
    to.endpoint = {"127.0.0.1", server.port()};
    to.user = "alice";
    to.password = "correct horse battery staple";
    to.wait = true;
    const auto answer = cli::call(to, *cli::request_json("createpayout", {}));
    EXPECT_EQ(server.asked, 1);
    ASSERT_FALSE(answer) << answer->result;
    EXPECT_EQ(answer.error().code, Error::Code::unavailable);
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
    const std::string command = std::string{bin} + "/zubr-cli 2>&1 " + arguments;
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
    const Ran summary = run_cli(to + "-getinfo");
    EXPECT_EQ(summary.code, 0);
    EXPECT_TRUE(has(summary.out, "\"height\": 812")) << summary.out;
    EXPECT_TRUE(has(run_cli(to + "help getuser").out, "getuser \"account\"\n"));

    const Ran top = run_cli(to + "-top");
    EXPECT_EQ(top.code, 0) << top.out;
    EXPECT_TRUE(has(top.out, "ACCOUNT  WORKER")) << top.out;
    EXPECT_TRUE(has(top.out, "miner    rig")) << top.out;
    EXPECT_FALSE(has(top.out, "\x1b")) << "a miner's name for itself reached the terminal";

    const Ran by_password = run_cli("-rpcconnect=127.0.0.1:" + std::to_string(server.admin()) +
                                    " -rpcuser=__cookie__ -stdinrpcpass uptime <<END\n" +
                                    std::string{cookie_secret} + "\nEND\n");
    EXPECT_EQ(by_password.code, 0) << by_password.out;
    for (const char* const own : {"-getinfo", "-top"}) {
        const Ran ran = run_cli("-rpcconnect=127.0.0.1:" + std::to_string(server.admin()) +
                                " -rpcuser=__cookie__ -stdinrpcpass " + own + " <<END\n" +
                                std::string{cookie_secret} + "\nEND\n");
        EXPECT_EQ(ran.code, 0) << own << ": " << ran.out;
        const Ran without = run_cli(to + "-stdinrpcpass " + own + " </dev/null");
        EXPECT_EQ(without.code, 2) << own << ": " << without.out;
        EXPECT_TRUE(has(without.out, "no password came")) << without.out;
    }
    std::string directory = "/tmp/zubr-cli-XXXXXX";
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    std::ofstream{directory + "/.cookie"} << "__cookie__:" << cookie_secret;
    const Ran by_directory = run_cli("-rpcconnect=127.0.0.1:" + std::to_string(server.admin()) +
                                     " -datadir " + directory + " uptime");
    EXPECT_EQ(by_directory.out, "42\n");
    std::filesystem::remove_all(directory);

    const Ran new_user = run_cli("rpcauth carol viewer");
    EXPECT_EQ(new_user.code, 0) << new_user.out;
    EXPECT_TRUE(has(new_user.out, "\"rpcauth\": \"carol:")) << new_user.out;
    EXPECT_TRUE(has(new_user.out, "\"password\": \"")) << new_user.out;
    const Ran in_sight = run_cli("rpcauth carol viewer hunter2hunter2");
    EXPECT_EQ(in_sight.code, 2) << "a password that everybody can read";
    EXPECT_FALSE(has(in_sight.out, "hunter2")) << in_sight.out;
    const Ran own = run_cli("-stdin rpcauth carol viewer <<END\nhunter2hunter2\nEND\n");
    EXPECT_EQ(own.code, 0) << own.out;
    EXPECT_FALSE(has(own.out, "hunter2")) << own.out;

    const Ran by_stdin = run_cli(to + "-stdin getuser <<END\nminer\nEND\n");
    EXPECT_EQ(by_stdin.code, 0) << by_stdin.out;
    const Ran with_worker = run_cli(to + "getuser nobody.rig");
    EXPECT_TRUE(has(with_worker.out, "without the worker: getuser nobody")) << with_worker.out;
    const Ran workers = run_cli(to + "listworkers miner 2");
    EXPECT_TRUE(has(workers.out, "    \"account\": \"miner\",\n")) << workers.out;

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
    EXPECT_EQ(run_cli(to + "verifyledger").code, 0);
    server.pool.ledger_broken = true;
    const Ran corrupt = run_cli(to + "verifyledger");
    EXPECT_EQ(corrupt.code, 1) << "cron looks at nothing else";
    EXPECT_TRUE(has(corrupt.out, "\"difference_sat\": null")) << corrupt.out;
    EXPECT_TRUE(has(corrupt.out, "slot 7 is not")) << corrupt.out;

    EXPECT_EQ(run_cli(to + "-nonsense uptime").code, 2);
    EXPECT_EQ(run_cli(to).code, 2);
    EXPECT_EQ(run_cli("-conf=/nonexistent uptime").code, 2);
    const Ran away = run_cli("-rpcconnect=127.0.0.1:1 -rpcuser=a -rpcpassword=b uptime");
    EXPECT_EQ(away.code, 1);
    EXPECT_TRUE(has(away.out, "no answer from zubrd at 127.0.0.1:1: ")) << away.out;
}

/// What stands on a terminal of that size that zubr-cli draws on, once it has drawn `times` times.
/// Then it is ended.
std::string drawn(const std::vector<std::string>& arguments, ::winsize size, int times)
{
    const std::string program = tests::required("ZUBR_TEST_BIN") + "/zubr-cli";
    std::vector<std::string> words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    int terminal = -1;
    const ::pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
    if (child == 0) {
        ::execv(program.c_str(), argv.data());
        ::_exit(127);
    }
    EXPECT_GT(child, 0);
    std::string out;
    std::array<char, 4096> buffer{};
    const auto screens = [&out] {
        int count = 0;
        for (std::size_t at = out.find("\x1b[H"); at != out.npos; at = out.find("\x1b[H", at + 1))
            ++count;
        return count;
    };
    ::pollfd looked{terminal, POLLIN, 0};
    while (screens() < times && ::poll(&looked, 1, 20'000) > 0) {
        const ssize_t got = ::read(terminal, buffer.data(), buffer.size());
        if (got <= 0) break;
        out.append(buffer.data(), static_cast<std::size_t>(got));
    }
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(terminal);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it goes on until somebody ends it";
    return out;
}

TEST(ZubrCli, DrawsTheStrongestWorkersAnewAsTheyFitOnTheTerminal)
{
    Running server;
    const std::vector<std::string> top{"-rpcconnect=127.0.0.1:" + std::to_string(server.admin()),
                                       "-rpcuser=__cookie__", "-rpcpassword=" + cookie_secret,
                                       "-top"};
    std::string out = drawn(top, {.ws_row = 5, .ws_col = 30, .ws_xpixel = 0, .ws_ypixel = 0}, 2);
    std::erase(out, '\r');  // of the terminal
    const std::string clear = "\x1b[H\x1b[2J";
    ASSERT_TRUE(out.starts_with(clear)) << out;
    const std::string screen = out.substr(clear.size(), out.find(clear, 1) - clear.size());
    EXPECT_EQ(std::count(screen.begin(), screen.end(), '\n'), 4) << screen;
    EXPECT_TRUE(screen.starts_with("zubr 0.1.0  regtest 812  0 H/")) << screen;
    EXPECT_TRUE(has(screen, "\nminer    rig")) << screen;
    std::istringstream lines{screen};
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 30U) << line;
}

// A pool that is away for a moment leaves the sentence, and comes back.
TEST(ZubrCli, GoesOnDrawingWhileThePoolIsAway)
{
    const std::string out =
        drawn({"-rpcconnect=127.0.0.1:1", "-rpcuser=a", "-rpcpassword=b", "-top"},
              {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0}, 2);
    EXPECT_TRUE(has(out, "127.0.0.1:1")) << out;
}

/// What bash would offer; words: as it parts them, the last one is being typed.
std::string completed(const std::string& words)
{
    const std::string bin = tests::required("ZUBR_TEST_BIN");  // two folders below the sources
    const tests::TempDir directory;
    const auto script = directory.path() / "complete";
    std::ofstream{script} << "cd " << bin << "/../..\n. docker/zubr-cli.bash\ncompopt() { :; }\n"
                          << "COMP_WORDS=(" << bin << "/zubr-cli " << words
                          << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_zubr_cli\n"
                          << "echo \"${COMPREPLY[*]}\"\n";
    tests::Process bash{{"/bin/bash", script.string()}, directory.path() / "out"};
    EXPECT_EQ(bash.wait(std::chrono::seconds{30}).value_or(-1), 0) << bash.output();
    return bash.output();
}

TEST(ZubrCliCompletion, OffersOptionsFilesAndTheMethodsOfTheServerThatIsNamed)
{
    const Running server;
    const tests::TempDir directory;
    std::ofstream{directory.path() / ".cookie"} << "__cookie__:" << cookie_secret;
    const std::string to = "-rpcconnect = 127.0.0.1:" + std::to_string(server.admin()) +
                           " -datadir = " + directory.path().string() + " ";
    EXPECT_EQ(completed("-rpcw"), "-rpcwait\n");
    EXPECT_EQ(completed("-conf = docker/pool.c"), "docker/pool.conf\n");
    EXPECT_EQ(completed(to + "getblo"), "getblock\n");
    EXPECT_EQ(completed(to + "help getblo"), "getblock\n");
    EXPECT_EQ(completed(to + "healthc"), "healthcheck\n");
    EXPECT_EQ(completed(to + "getblock 8"), "\n") << "its parameters";
}

}  // namespace
}  // namespace rpc::testing
