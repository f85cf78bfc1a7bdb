#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "stratum/handshake_pace.h"
#include "stratum/server.h"
#include "tests/sim/fakes.h"
#include "tests/support/process.h"
#include "tests/support/tls_talk.h"
#include "tests/unit/stratum/talk.h"
#include "tests/unit/stratum/v2/peer.h"

// Everybody comes back at once: a real server, real sockets, one loop.
namespace tests {
namespace {

constexpr std::size_t room = 16;
constexpr std::size_t miners = 600;
constexpr std::string_view subscribes =
    "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n";

class Crowd {
public:
    Crowd()
    {
        stratum::ServerOptions options;
        options.shard = Talk::default_options();
        options.shard.gate = &gate_;
        options.handshaking_max = room;
        options.ports.push_back(
            {.listen = {"127.0.0.1", 0}, .difficulty = options.shard.session.difficulty});
        auto accounts = std::make_shared<stratum::AccountDirectory>();
        accounts->emplace("user", pool::AccountId{1});
        server_ = std::make_unique<stratum::Server>(loop_, options, log_, std::move(accounts),
                                                    [](pool::BlockCandidate) {});
        const auto ports = server_->start();
        if (!ports) return;
        for (std::size_t i = 0; i < miners; ++i) connect(i, ports->front());
    }

    /// Who was let in, in the order in which they were.
    const std::vector<std::size_t>& run()
    {
        const pool::Watch limit = loop_.after(std::chrono::seconds{60}, [this] { loop_.stop(); });
        loop_.run();
        return let_in_;
    }
    const stratum::ShardMetrics& metrics() const { return server_->metrics(); }

private:
    void connect(std::size_t number, std::uint16_t port)
    {
        pool::TcpConn::connect(
            loop_, {"127.0.0.1", port},
            [this, number](pool::Result<std::unique_ptr<pool::TcpConn>> made) {
                ASSERT_TRUE(made.has_value());
                conns_.push_back(std::move(*made));
                conns_.back()->start({.on_bytes =
                                          [this, number](std::span<const std::uint8_t> bytes) {
                                              const std::string_view text{
                                                  reinterpret_cast<const char*>(bytes.data()),
                                                  bytes.size()};
                                              if (text.find(R"("id":2,"result":true)") == text.npos)
                                                  return;
                                              let_in_.push_back(number);
                                              if (let_in_.size() == miners) loop_.stop();
                                          },
                                      .on_close = [this](pool::CloseReason) { loop_.stop(); }});
                conns_.back()->write(
                    "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n"
                    "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"user.w\",\"\"]}\n");
            });
    }

    pool::Loop loop_;
    FakeShareLog log_;
    stratum::Gate gate_{stratum::GateOptions{}};
    std::unique_ptr<stratum::Server> server_;
    std::vector<std::unique_ptr<pool::TcpConn>> conns_;
    std::vector<std::size_t> let_in_;
};

TEST(Admission, TakesACrowdInTheOrderInWhichItCameAndSendsNobodyAway)
{
    Crowd crowd;
    const std::vector<std::size_t>& let_in = crowd.run();
    ASSERT_EQ(let_in.size(), miners);
    EXPECT_EQ(crowd.metrics().of(stratum::EndReason::shed).value(), 0U);
    EXPECT_GT(crowd.metrics().accept_pauses.value(), 0U);
    // Nobody is let in long before somebody who was there first.
    std::size_t last = 0;
    std::size_t overtaken = 0;
    for (const std::size_t number : let_in) {
        last = std::max(last, number);
        overtaken = std::max(overtaken, last - number);
    }
    EXPECT_LE(overtaken, 4 * room);
}

// It has said who it is in the very turn in which room is made: it is one of those who mine, and
// its answer waits for the turn's end.
TEST(Admission, SendsNobodyAwayWhoHasJustAuthorised)
{
    pool::Loop loop;
    FakeShareLog log;
    stratum::Gate gate{stratum::GateOptions{}};
    stratum::ServerOptions options;
    options.shard = Talk::default_options();
    options.shard.gate = &gate;
    options.handshaking_max = 2;
    options.shed_after = std::chrono::seconds{1};  // a round
    options.tick = std::chrono::milliseconds{2};
    options.ports.push_back(
        {.listen = {"127.0.0.1", 0}, .difficulty = options.shard.session.difficulty});
    auto accounts = std::make_shared<stratum::AccountDirectory>();
    accounts->emplace("user", pool::AccountId{1});
    stratum::Server server{loop, options, log, std::move(accounts), [](pool::BlockCandidate) {}};
    const auto ports = server.start();
    ASSERT_TRUE(ports.has_value());

    std::vector<std::unique_ptr<pool::TcpConn>> conns;
    std::string heard;
    const auto connect = [&](const std::function<void()>& then) {
        pool::TcpConn::connect(loop, {"127.0.0.1", ports->front()},
                               [&, then](pool::Result<std::unique_ptr<pool::TcpConn>> made) {
                                   ASSERT_TRUE(made.has_value());
                                   conns.push_back(std::move(*made));
                                   if (then) then();
                               });
    };
    connect([&] {
        conns.front()->start({.on_bytes =
                                  [&heard, &loop](std::span<const std::uint8_t> bytes) {
                                      heard.append(bytes.begin(), bytes.end());
                                      if (heard.find("\"id\":2") != heard.npos) loop.stop();
                                  },
                              .on_close = [&loop](pool::CloseReason) { loop.stop(); }});
        conns.front()->write(subscribes);
    });
    // By then its patience is used up ten times over: there is room, so it may stay.
    int rounds = 0;
    const pool::Watch late = loop.every(options.tick, [&] {
        if (heard.empty() || ++rounds != 20) return;
        conns.front()->write(
            "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"user.w\",\"\"]}\n");
        connect({});
    });
    const pool::Watch limit = loop.after(std::chrono::seconds{30}, [&] { loop.stop(); });
    loop.run();
    EXPECT_NE(heard.find(R"("id":2,"result":true)"), heard.npos) << heard;
    EXPECT_EQ(server.metrics().of(stratum::EndReason::shed).value(), 0U);
}

// They came together and are over together, by whichever deadline; who mines must not wait for all
// their closes.
class Together {
public:
    static constexpr std::size_t count = 300;

    /// words: what each of them says.
    Together(stratum::ShardOptions shard, std::string words)
    {
        stratum::ServerOptions options;
        options.shard = std::move(shard);
        options.shard.gate = &gate_;
        options.ports.push_back(
            {.listen = {"127.0.0.1", 0}, .difficulty = options.shard.session.difficulty});
        auto accounts = std::make_shared<stratum::AccountDirectory>();
        accounts->emplace("user", pool::AccountId{1});
        server = std::make_unique<stratum::Server>(loop, options, log_, std::move(accounts),
                                                   [](pool::BlockCandidate) {});
        const auto ports = server->start();
        if (!ports) return;
        for (std::size_t i = 0; i < count; ++i) {
            pool::TcpConn::connect(
                loop, {"127.0.0.1", ports->front()},
                [this, words](pool::Result<std::unique_ptr<pool::TcpConn>> made) {
                    ASSERT_TRUE(made.has_value());
                    conns_.push_back(std::move(*made));
                    conns_.back()->start({.on_bytes = [](auto) {}, .on_close = [](auto) {}});
                    conns_.back()->write(words);
                });
        }
    }

    /// The most that were closed in one turn of the loop, once all are closed for this reason;
    /// nothing when they are not.
    std::optional<std::uint64_t> most_closed_in_a_turn(stratum::EndReason reason)
    {
        std::uint64_t closed = 0;
        std::uint64_t most = 0;
        const pool::Watch look = loop.at_turn_end([&] {
            const auto now = server->metrics().of(reason).value();
            most = std::max(most, now - closed);
            closed = now;
            if (closed == count) loop.stop();
        });
        const pool::Watch limit = loop.after(std::chrono::seconds{60}, [this] { loop.stop(); });
        loop.run();
        if (closed != count) return std::nullopt;
        return most;
    }

    pool::Loop loop;
    std::unique_ptr<stratum::Server> server;

private:
    FakeShareLog log_;
    stratum::Gate gate_{stratum::GateOptions{}};
    std::vector<std::unique_ptr<pool::TcpConn>> conns_;
};

TEST(Closes, OfACrowdThatSaysNothingComeAFewAtATime)
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.first_line_within = std::chrono::seconds{0};
    Together crowd{options, ""};
    const auto most = crowd.most_closed_in_a_turn(stratum::EndReason::no_first_line);
    ASSERT_TRUE(most.has_value());
    EXPECT_LE(*most, 64U);
}

TEST(Closes, OfACrowdThatNeverEndsItsFirstLineAreCountedAsSuch)
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.first_line_within = std::chrono::seconds{0};
    Together crowd{options, "{\"id\":"};
    const auto most = crowd.most_closed_in_a_turn(stratum::EndReason::slow_first_line);
    ASSERT_TRUE(most.has_value());
    EXPECT_LE(*most, 64U);
}

TEST(Closes, OfACrowdThatNeverAuthorisesComeAFewAtATime)
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.authorize_within = std::chrono::seconds{0};
    Together crowd{options, std::string{subscribes}};
    const auto most = crowd.most_closed_in_a_turn(stratum::EndReason::no_authorize);
    ASSERT_TRUE(most.has_value());
    EXPECT_LE(*most, 64U);
}

TEST(Closes, OfACrowdThatAnAdminSendsAwayComeAFewAtATime)
{
    Together crowd{Talk::default_options(), std::string{subscribes}};
    const pool::Watch kicks = crowd.loop.every(std::chrono::milliseconds{20}, [&crowd] {
        const auto all = crowd.server->snapshot();
        if (all.size() < Together::count) return;
        for (const auto& session : all) crowd.server->kick(session.id);
    });
    const auto most = crowd.most_closed_in_a_turn(stratum::EndReason::kicked);
    ASSERT_TRUE(most.has_value());
    EXPECT_LE(*most, 64U);
}

// A flood of handshakes keeps no share waiting: each takes as long as hundreds of them.
TEST(TlsHandshakes, AreGoneOnWithAFewATime)
{
    const TempDir folder;
    const auto files = make_certificate(folder.path(), "pool");
    const auto tls = stratum::TlsContext::load(files.certificate, files.key);
    ASSERT_TRUE(tls.has_value());
    const std::string hello = client_hello();
    Together crowd{Talk::default_options(), hello};
    crowd.server->set_tls(*tls);
    const auto& metrics = crowd.server->metrics();
    std::uint64_t shaken = 0;
    std::uint64_t most = 0;
    const pool::Watch look = crowd.loop.at_turn_end([&] {
        const auto now = metrics.tls_rounds.value();
        most = std::max(most, now - shaken);
        shaken = now;
        if (shaken == Together::count) crowd.loop.stop();
    });
    const pool::Watch limit =
        crowd.loop.after(std::chrono::seconds{60}, [&crowd] { crowd.loop.stop(); });
    crowd.loop.run();
    EXPECT_EQ(shaken, Together::count);
    EXPECT_LE(most, stratum::HandshakePace::rounds_at_a_time);
    EXPECT_EQ(metrics.of(stratum::EndReason::tls_failed).value(), 0U);
}

// Thousands come back at once, and the machine takes longer over them than a miner may take to say
// something: each has all of his time when his turn has come.
TEST(TlsHandshakes, WaitForUsAndAreLateOnlyOnceTheyWereServed)
{
    const TempDir folder;
    const auto files = make_certificate(folder.path(), "pool");
    const auto tls = stratum::TlsContext::load(files.certificate, files.key);
    ASSERT_TRUE(tls.has_value());
    stratum::ShardOptions options = Talk::default_options();
    options.session.first_line_within = std::chrono::seconds{1};
    Together crowd{options, client_hello()};
    crowd.server->set_tls(*tls);
    const auto& metrics = crowd.server->metrics();
    bool stalled = false;
    std::uint64_t waited = 0;
    const pool::Watch stall = crowd.loop.at_turn_end([&] {
        if (stalled || metrics.tls_connections.value() < Together::count) return;
        stalled = true;
        waited = Together::count - metrics.tls_rounds.value();
        const auto until = std::chrono::steady_clock::now() + options.session.first_line_within;
        while (std::chrono::steady_clock::now() <= until) {
        }
    });
    EXPECT_TRUE(crowd.most_closed_in_a_turn(stratum::EndReason::slow_first_line).has_value());
    EXPECT_GT(waited, 0U) << "or this says nothing";
    EXPECT_EQ(metrics.tls_rounds.value(), Together::count);
}

TEST(NoiseHandshakes, AreAnsweredAFewATime)
{
    Together crowd{v2_options(), std::string(64, '\x9c')};
    const auto& metrics = crowd.server->metrics();
    std::uint64_t answered = 0;
    std::uint64_t most = 0;
    const pool::Watch look = crowd.loop.at_turn_end([&] {
        const auto now = metrics.handshakes.value();
        most = std::max(most, now - answered);
        answered = now;
        if (answered == Together::count) crowd.loop.stop();
    });
    const pool::Watch limit =
        crowd.loop.after(std::chrono::seconds{60}, [&crowd] { crowd.loop.stop(); });
    crowd.loop.run();
    EXPECT_EQ(answered, Together::count);
    EXPECT_LE(most, stratum::HandshakePace::rounds_at_a_time);
    EXPECT_EQ(metrics.tls_rounds.value(), 0U);
}

TEST(Closes, OfACrowdThatNeverEndsItsFirstActComeAFewAtATime)
{
    stratum::ShardOptions options = v2_options();
    options.v2.handshake_within = std::chrono::seconds{0};
    Together crowd{options, std::string(63, '\x9c')};
    const auto most = crowd.most_closed_in_a_turn(stratum::EndReason::no_handshake);
    ASSERT_TRUE(most.has_value());
    EXPECT_LE(*most, 64U);
}

// They are over all the same: nothing that they still say is heard.
TEST(Closes, ThatWaitHearNothingAndComeInOrder)
{
    Talk talk;
    talk.publish(1);
    std::vector<pool::SessionId> ids;
    for (std::size_t i = 0; i < 3 * stratum::Shard::closes_a_turn; ++i) ids.push_back(talk.open());
    for (const pool::SessionId id : ids) talk.shard.kick(id);
    const std::uint64_t lines = talk.shard.metrics().lines.value();
    talk.send(ids.back(), subscribes);
    EXPECT_TRUE(talk.shard.pacing());
    EXPECT_EQ(talk.end_of(ids.front()), stratum::EndReason::kicked);
    EXPECT_EQ(talk.end_of(ids.back()), std::nullopt);
    talk.pass(std::chrono::seconds{1});
    EXPECT_EQ(talk.end_of(ids.back()), std::nullopt);
    talk.pass(std::chrono::seconds{1});
    EXPECT_EQ(talk.end_of(ids.back()), stratum::EndReason::kicked);
    EXPECT_EQ(talk.shard.metrics().lines.value(), lines);
    EXPECT_FALSE(talk.shard.pacing());
}

}  // namespace
}  // namespace tests
