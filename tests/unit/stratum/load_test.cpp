#include "stratum/client/load.h"

#include <optional>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "stratum/server.h"
#include "tests/unit/stratum/talk.h"
#include "tests/unit/stratum/v2/peer.h"

namespace stratum::client {
namespace {

// A server on a thread of its own that takes any hash, for as long as this lives.
class RunningServer {
public:
    /// target: of a block.
    explicit RunningServer(ServerOptions options = {},
                           const pool::Uint256& target = pool::difficulty_one_target())
    {
        options.shard = tests::v2_options();
        options.shard.gate = &gate_;
        // The client sends hashes as they come: this takes all but one in 65,536.
        options.shard.session.difficulty = {.min = {-32}, .max = {-32}, .start = {-32}};
        options.ports.push_back(
            {.listen = {"127.0.0.1", 0}, .difficulty = options.shard.session.difficulty});
        const auto directory =
            std::make_shared<const AccountDirectory>(AccountDirectory{{"user", {1}}});
        server_.emplace(loop_, options, log, directory, [](pool::BlockCandidate) {});
        const auto ports = server_->start();
        EXPECT_TRUE(ports.has_value());
        port_ = ports.value().front();
        tests::Talk jobs;
        jobs.now = pool::read_clock();
        const auto job = jobs.make_job(1);
        job->network_target = target;  // by itself nothing that is not mined is a block
        server_->publish(job);
        thread_ = std::thread{[this] { loop_.run(); }};
    }
    ~RunningServer() { stop(); }
    RunningServer(const RunningServer&) = delete;
    RunningServer& operator=(const RunningServer&) = delete;

    LoadOptions load() const
    {
        LoadOptions options;
        options.pool = {"127.0.0.1", port_};
        options.user = "user";
        options.connections = 4;
        options.in_flight = 3;
        options.warm_up = std::chrono::milliseconds{0};
        options.duration = std::chrono::seconds{20};
        options.shares_max = 200;
        return options;
    }
    const ShardMetrics& metrics() const { return server_->metrics(); }
    void stop()
    {
        if (!thread_.joinable()) return;
        loop_.stop();
        thread_.join();
    }

    tests::FakeShareLog log;  // to be read once it is stopped

private:
    pool::Loop loop_;
    Gate gate_{GateOptions{}};
    std::optional<Server> server_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

std::set<std::string> workers(const tests::FakeShareLog& log)
{
    std::set<std::string> names;
    for (const auto& share : log.shares) names.insert(log.who(share));
    return names;
}

// Everything that is in the log, or still on its way when the load ended, was counted.
void expect_counted(RunningServer& server, const LoadReport& report)
{
    server.stop();
    EXPECT_GE(report.accepted, 200U);
    EXPECT_LE(report.rejected, 2U) << report.last_refusal;
    EXPECT_EQ(report.latency.total(), report.accepted + report.rejected);
    EXPECT_GE(server.log.shares.size(), report.accepted);
    EXPECT_EQ(workers(server.log),
              (std::set<std::string>{"user.w0", "user.w1", "user.w2", "user.w3"}));
}

TEST(Load, CountsWhatAV1ServerAccepts)
{
    RunningServer server;
    const auto report = run_load(server.load());
    ASSERT_TRUE(report.has_value()) << report.error().detail;
    expect_counted(server, *report);
}

TEST(Load, CountsWhatAV2ServerAccepts)
{
    RunningServer server;
    LoadOptions options = server.load();
    options.v2 = V2Wish{};
    options.v2->now = pool::to_seconds(pool::read_clock().wall);
    options.in_flight = 60;  // success comes once a second, for all of them
    const auto report = run_load(options);
    ASSERT_TRUE(report.has_value()) << report.error().detail;
    expect_counted(server, *report);
}

TEST(Load, WhereAllSharesAreBlocksFindsThoseWhoseAnswersCameLate)
{
    for (const bool late : {false, true}) {
        ServerOptions options;
        options.block_answer_max = late ? std::chrono::nanoseconds{0} : std::chrono::hours{1};
        RunningServer server{options, pool::Uint256::max()};
        ASSERT_TRUE(run_load(server.load()).has_value());
        server.stop();
        EXPECT_GE(server.metrics().block_candidates.value(), 200U);
        EXPECT_EQ(server.metrics().slow_block_answers.value() > 0, late);
    }
    RunningServer shares;
    ASSERT_TRUE(run_load(shares.load()).has_value());
    shares.stop();
    EXPECT_EQ(shares.metrics().slow_block_answers.value(), 0U);
}

TEST(Load, IsSharedOutToSeveralProcessesAndAddedUp)
{
    RunningServer server;
    LoadOptions options = server.load();
    options.processes = 3;  // 2, 1 and 1 connections
    const auto report = run_joined(options);
    ASSERT_TRUE(report.has_value()) << report.error().detail;
    expect_counted(server, *report);
}

TEST(Load, SaysWhyThePoolRefusesItsUserFromWhicheverProcess)
{
    RunningServer server;
    LoadOptions options = server.load();
    options.user = "nobody-here";
    options.processes = 2;
    const auto report = run_joined(options);
    ASSERT_FALSE(report.has_value());
    EXPECT_EQ(report.error().code, pool::Error::Code::refused);
    EXPECT_NE(report.error().detail.find("nobody-here"), std::string::npos);
}

}  // namespace
}  // namespace stratum::client
