#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/base/time.h"
#include "stratum/server.h"
#include "stratum/server_intake.h"
#include "tests/sim/fakes.h"
#include "tests/support/process.h"
#include "tests/support/tls_client.h"
#include "tests/support/tls_talk.h"
#include "tests/unit/runtime/raw_socket.h"
#include "tests/unit/stratum/talk.h"
#include "tests/unit/stratum/v2/peer.h"

// What peers do below the protocol, and who is blamed for it: a real server, real sockets, one
// loop.
namespace tests {
namespace {

using pool::RawSocket;
using stratum::EndReason;

constexpr std::string_view hello =
    "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n"
    "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"user.w1\",\"x\"]}\n";

// Shares of Talk's first job, each another one, that miss the difficulty.
std::string bad_shares(int count)
{
    std::string lines;
    for (int i = 0; i < count; ++i) {
        lines += R"({"id":9,"method":"mining.submit","params":["user.w1","6a0001",")" +
                 std::to_string(1'000'000'000'000'000 + i) + R"(","68123af0","00000000"]})" + "\n";
    }
    return lines;
}

stratum::ShardOptions hard()
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.difficulty.start = {0};
    return options;
}

// The first misbehaviour bans.
stratum::GateOptions strict()
{
    stratum::GateOptions limits;
    limits.misbehaviours_max = 1;
    return limits;
}

class Serving {
public:
    explicit Serving(stratum::GateOptions limits = strict(), stratum::PortOptions port = {},
                     stratum::ShardOptions shard = hard())
        : gate(std::move(limits))
    {
        stratum::ServerOptions options;
        options.shard = std::move(shard);
        options.shard.gate = &gate;
        port.listen = {"127.0.0.1", 0};
        port.difficulty = options.shard.session.difficulty;
        options.ports.push_back(std::move(port));
        auto accounts = std::make_shared<stratum::AccountDirectory>();
        accounts->emplace("user", pool::AccountId{1});
        server = std::make_unique<stratum::Server>(loop, options, log, std::move(accounts),
                                                   [](pool::BlockCandidate) {});
        number = server->start().value().front();
        const TempDir folder;
        const auto files = make_certificate(folder.path(), "pool");
        server->set_tls(stratum::TlsContext::load(files.certificate, files.key).value());
        server->publish(Talk{}.make_job(1));
    }

    /// False when it does not come about.
    [[nodiscard]] bool until(const std::function<bool()>& done)
    {
        bool is_done = false;
        const pool::Watch look = loop.at_turn_end([&] {
            if (is_done || !done()) return;
            is_done = true;
            loop.stop();
        });
        const pool::Watch limit = loop.after(std::chrono::seconds{20}, [this] { loop.stop(); });
        loop.run();
        return is_done;
    }
    std::size_t bans() { return gate.bans_active(pool::read_clock().steady); }
    std::uint64_t ended(EndReason reason) const { return server->metrics().of(reason).value(); }
    std::uint64_t authorized() const { return server->metrics().authorized.value(); }

    pool::Loop loop;
    stratum::Gate gate;
    FakeShareLog log;
    std::unique_ptr<stratum::Server> server;
    std::uint16_t number = 0;  // of its port
};

// A client of TLS on the loop of its server.
class TlsPeer {
public:
    /// front: what comes before TLS.
    explicit TlsPeer(Serving& pool, const std::string& front = {})
    {
        pool::TcpConn::connect(pool.loop, {"127.0.0.1", pool.number},
                               [this, front](pool::Result<std::unique_ptr<pool::TcpConn>> made) {
                                   ASSERT_TRUE(made.has_value());
                                   tcp_ = std::move(*made);
                                   tcp_->write(front);
                                   tcp_->start({.on_bytes = [this](auto bytes) { take(bytes); },
                                                .on_close = [this](auto) { closed = true; }});
                                   take({});
                               });
    }
    void write(std::string_view cipher) { tcp_->write(cipher); }
    bool open() const { return tcp_ != nullptr && client.open(); }
    bool hears(std::string_view part) const { return heard.find(part) != heard.npos; }

    TlsClient client;
    std::string heard;
    bool closed = false;

private:
    void take(std::span<const std::uint8_t> bytes)
    {
        heard += client.hear({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
        tcp_->write(client.wire());
    }
    std::unique_ptr<pool::TcpConn> tcp_;
};

void send_all(const RawSocket& socket, std::string_view bytes)
{
    ASSERT_EQ(::send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
}

// Each costs as much as a dozen lines, and says nothing.
TEST(TlsConduct, ToAskForNewKeysAgainAndAgainIsMisbehaviour)
{
    Serving pool;
    TlsPeer peer{pool};
    ASSERT_TRUE(pool.until([&] { return peer.open(); }));
    peer.write(peer.client.say(hello));
    ASSERT_TRUE(pool.until([&] { return peer.hears("mining.notify"); }));
    peer.write(peer.client.update_keys(1000));
    ASSERT_TRUE(pool.until([&] { return peer.closed; }));
    EXPECT_EQ(pool.bans(), 1U);
    EXPECT_EQ(pool.ended(EndReason::too_many_new_keys), 1U);
}

TEST(TlsConduct, ToAskForThemBeforeTheFirstLineIsMisbehaviourToo)
{
    Serving pool;
    TlsPeer peer{pool};
    ASSERT_TRUE(pool.until([&] { return peer.open(); }));
    peer.write(peer.client.update_keys(1000));
    ASSERT_TRUE(pool.until([&] { return peer.closed; }));
    EXPECT_EQ(pool.bans(), 1U);
    EXPECT_EQ(pool.ended(EndReason::too_many_new_keys), 1U);
}

// To open a record costs what a line does: three thousand of a blank each are no dozen of lines.
TEST(TlsConduct, RecordsOfAByteCountAsLinesForTheirAddress)
{
    stratum::GateOptions limits = strict();
    limits.lines_per_second = 100;
    Serving pool{limits};
    TlsPeer peer{pool};
    ASSERT_TRUE(pool.until([&] { return peer.open(); }));
    peer.write(peer.client.say(hello));
    ASSERT_TRUE(pool.until([&] { return peer.hears("mining.notify"); }));
    peer.write(peer.client.say_bytewise(std::string(3000, ' ')));
    ASSERT_TRUE(pool.until([&] { return peer.closed; }));
    EXPECT_EQ(pool.ended(EndReason::crowded_address), 1U);
}

TEST(TlsConduct, OfAnAddressThatHasNothingLeftNoneIsOpened)
{
    stratum::GateOptions limits = strict();
    limits.lines_per_second = 1;
    Serving pool{limits};
    TlsPeer peer{pool};
    ASSERT_TRUE(pool.until([&] { return peer.open(); }));
    peer.write(peer.client.say(hello));
    ASSERT_TRUE(pool.until([&] { return peer.hears("mining.notify"); }));
    const std::uint64_t before = pool.server->metrics().lines.value();
    peer.write(peer.client.say_bytewise(std::string(2500, '\n')));
    ASSERT_TRUE(pool.until([&] { return peer.closed; }));
    EXPECT_EQ(pool.server->metrics().lines.value(), before);
    EXPECT_EQ(pool.ended(EndReason::crowded_address), 1U);
}

TEST(TlsConduct, RecordsOfAByteCountAsLinesForTheirConnection)
{
    stratum::GateOptions limits = strict();
    limits.lines_per_second = 0;
    stratum::ShardOptions options = hard();
    options.session.lines_per_second = 100;
    options.session.lines_burst = 500;
    Serving pool{limits, {}, options};
    TlsPeer peer{pool};
    ASSERT_TRUE(pool.until([&] { return peer.open(); }));
    // Behind the handshake's last, in one piece with it as far as the server can tell.
    peer.write(peer.client.say_bytewise(std::string{hello} + std::string(3000, ' ')));
    ASSERT_TRUE(pool.until([&] { return peer.closed; }));
    EXPECT_EQ(pool.ended(EndReason::too_many_requests), 1U);
    EXPECT_EQ(pool.bans(), 1U);
}

// A single read of 64 KiB may bring 2,800 of them, which would be five milliseconds of one turn:
// some are opened in each, and others are answered in between.
TEST(TlsConduct, OfRecordsOfAByteEachTurnOpensSome)
{
    constexpr std::size_t records = 5000;  // two reads: what is not opened is not read either
    stratum::GateOptions limits = strict();
    limits.lines_per_second = 0;
    Serving pool{limits};
    TlsPeer flooder{pool};
    TlsPeer other{pool};
    ASSERT_TRUE(pool.until([&] { return flooder.open() && other.open(); }));
    flooder.write(flooder.client.say(hello));
    ASSERT_TRUE(pool.until([&] { return flooder.hears("mining.notify"); }));
    const std::uint64_t before = pool.server->metrics().lines.value();
    const auto lines = [&] { return pool.server->metrics().lines.value() - before; };
    flooder.write(flooder.client.say_bytewise(std::string(records, '\n')));
    flooder.write(flooder.client.say("{\"id\":7,\"method\":\"mining.ping\",\"params\":[]}\n"));
    std::uint64_t most = 0;
    std::uint64_t seen = 0;
    std::uint64_t when_heard = 0;
    ASSERT_TRUE(pool.until([&] {
        if (seen == 0 && lines() > 0) other.write(other.client.say(hello));
        most = std::max(most, lines() - seen);
        seen = lines();
        if (when_heard == 0 && other.hears("mining.notify")) when_heard = seen;
        return flooder.hears("\"id\":7");
    }));
    EXPECT_EQ(seen, records + 3) << "none is lost, and they stay in order";
    EXPECT_LE(most, 300U) << "of one turn";
    EXPECT_GT(when_heard, 0U);
    EXPECT_LT(when_heard, records / 2) << "others go on meanwhile";
    EXPECT_FALSE(flooder.closed);
}

// Peers of TLS that mine, and what is counted of them.
class TlsCrowd {
public:
    TlsCrowd(Serving& pool, std::size_t count) : pool_(pool)
    {
        for (std::size_t i = 0; i < count; ++i) peers.push_back(std::make_unique<TlsPeer>(pool));
        ready_ = pool.until([&] { return all([](TlsPeer& peer) { return peer.open(); }); });
        for (const auto& peer : peers) peer->write(peer->client.say(hello));
        ready_ = ready_ && pool.until([&] {
            return all([](TlsPeer& peer) { return peer.hears("mining.notify"); });
        });
        before_ = pool.server->metrics().lines.value();
    }
    bool ready() const { return ready_; }
    bool all(const std::function<bool(TlsPeer&)>& holds) const
    {
        return std::all_of(peers.begin(), peers.end(),
                           [&](const auto& one) { return holds(*one); });
    }
    std::uint64_t lines() const { return pool_.server->metrics().lines.value() - before_; }

    std::vector<std::unique_ptr<TlsPeer>> peers;

private:
    Serving& pool_;
    bool ready_ = false;
    std::uint64_t before_ = 0;
};

stratum::GateOptions any_lines()
{
    stratum::GateOptions limits = strict();
    limits.lines_per_second = 0;
    return limits;
}

TEST(TlsConduct, OfManyThatSendAtOnceATurnOpensNoMoreThanOfOne)
{
    constexpr std::size_t records = 100;
    Serving pool{any_lines()};
    const TlsCrowd crowd{pool, 300};
    ASSERT_TRUE(crowd.ready());
    std::vector<std::string> words;
    for (const auto& peer : crowd.peers) {
        words.push_back(peer->client.say_bytewise(std::string(records, '\n')));
    }
    for (std::size_t i = 0; i < words.size(); ++i) crowd.peers[i]->write(words[i]);
    std::uint64_t most = 0;
    std::uint64_t seen = 0;
    ASSERT_TRUE(pool.until([&] {
        most = std::max(most, crowd.lines() - seen);
        seen = crowd.lines();
        return seen == crowd.peers.size() * records;
    }));
    EXPECT_LE(most, 600U) << "of one turn";
}

// All that came is paid for before any of it is opened.
TEST(TlsConduct, RecordsThatWaitAreChargedToTheirAddressWhenTheyCome)
{
    stratum::GateOptions limits = strict();
    limits.lines_per_second = 250;
    Serving pool{limits};
    const TlsCrowd crowd{pool, 10};
    ASSERT_TRUE(crowd.ready());
    std::vector<std::string> words;
    for (const auto& peer : crowd.peers) {
        words.push_back(peer->client.say_bytewise(std::string(1000, '\n')));
    }
    for (std::size_t i = 0; i < words.size(); ++i) crowd.peers[i]->write(words[i]);
    ASSERT_TRUE(pool.until([&] { return pool.ended(EndReason::crowded_address) >= 8; }));
    EXPECT_LT(crowd.lines(), 1000U);
}

TEST(TlsConduct, WhoIsOverTakesNoTurnOfThoseThatWait)
{
    Serving pool{any_lines()};
    const TlsCrowd crowd{pool, 100};
    ASSERT_TRUE(crowd.ready());
    TlsPeer& other = *crowd.peers.back();
    std::vector<pool::SessionId> ids;
    for (const auto& shot : pool.server->snapshot()) ids.push_back(shot.id);
    std::sort(ids.begin(), ids.end(), [](auto a, auto b) { return a.value < b.value; });
    for (std::size_t i = 0; i + 1 < crowd.peers.size(); ++i) {
        TlsPeer& peer = *crowd.peers[i];
        peer.write(peer.client.say_bytewise(std::string(1000, '\n')));
    }
    other.write(other.client.say_bytewise(std::string(20, '\n')));
    other.write(other.client.say("{\"id\":7,\"method\":\"mining.ping\",\"params\":[]}\n"));
    ASSERT_TRUE(pool.until([&] { return crowd.lines() > 0; }));
    ASSERT_FALSE(other.hears("\"id\":7"));
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) pool.server->kick(ids[i]);
    std::size_t turns = 0;
    ASSERT_TRUE(pool.until([&] {
        ++turns;
        return other.hears("\"id\":7");
    }));
    EXPECT_LE(turns, 12U);
}

// What is read and not opened has a bound for all connections of a loop together.
TEST(TlsConduct, WhoBringsMuchWhileTooMuchWaitsHasToGo)
{
    Serving pool{any_lines()};
    const TlsCrowd crowd{pool, 300};
    ASSERT_TRUE(crowd.ready());
    const std::string ping = "{\"id\":7,\"method\":\"mining.ping\",\"params\":[]}\n";
    std::string large;
    for (int i = 0; i < 15; ++i) large += std::string(1000, ' ') + ping;
    TlsPeer& small = *crowd.peers.back();
    for (const auto& peer : crowd.peers) {
        if (peer.get() == &small) continue;
        std::string words;
        for (int i = 0; i < 3; ++i) words += peer->client.say(large);
        peer->write(words);
    }
    small.write(small.client.say(ping));
    ASSERT_TRUE(pool.until([&] { return small.hears("\"id\":7"); }));
    ASSERT_TRUE(pool.until(
        [&] { return crowd.lines() + 45 * pool.ended(EndReason::tls_backlog) >= 1 + 45 * 299; }));
    EXPECT_GE(pool.ended(EndReason::tls_backlog), 10U);
    EXPECT_LE(pool.ended(EndReason::tls_backlog), 150U);
    EXPECT_EQ(pool.bans(), 0U);
    EXPECT_FALSE(small.closed);
}

TEST(TlsConduct, WhatWasReadBeforeAStopIsAnswered)
{
    Serving pool{any_lines()};
    const TlsCrowd crowd{pool, 1};
    ASSERT_TRUE(crowd.ready());
    TlsPeer& peer = *crowd.peers.front();
    const std::string ping = "{\"id\":7,\"method\":\"mining.ping\",\"params\":[]}\n";
    const std::string blanks = peer.client.say_bytewise(std::string(1000, '\n'));
    peer.write(blanks + peer.client.say(ping));
    ASSERT_TRUE(pool.until([&] { return crowd.lines() > 0; }));
    ASSERT_LT(crowd.lines(), 1000U);
    pool.server->stop();
    ASSERT_TRUE(pool.until([&] { return peer.closed; }));
    EXPECT_TRUE(peer.hears("\"id\":7"));
}

// A share behind many records is answered some turns after it was read, a millisecond each.
TEST(TlsConduct, AnAnswerTakesAsLongAsItsShareWaitedToBeOpened)
{
    Serving pool{any_lines()};
    const TlsCrowd crowd{pool, 1};
    ASSERT_TRUE(crowd.ready());
    TlsPeer& peer = *crowd.peers.front();
    const std::string blanks = peer.client.say_bytewise(std::string(2500, '\n'));
    peer.write(blanks + peer.client.say(bad_shares(1)));
    ASSERT_TRUE(pool.until([&] { return peer.hears("\"id\":9"); }));
    EXPECT_GE(pool.server->times().answered.sum_seconds(), 0.001);
}

// Whoever has flooded us is known for it, however he leaves.
TEST(Conduct, BehindAFloodABrokenRecordOfTlsSavesNobody)
{
    Serving pool;
    TlsPeer peer{pool};
    ASSERT_TRUE(pool.until([&] { return peer.open(); }));
    peer.write(peer.client.say(hello));
    ASSERT_TRUE(pool.until([&] { return peer.hears("mining.notify"); }));
    std::string words = peer.client.say(bad_shares(120));
    words += peer.client.say(bad_shares(120));
    peer.write(words + std::string(64, 'x'));
    ASSERT_TRUE(pool.until([&] { return peer.closed; }));
    EXPECT_EQ(pool.ended(EndReason::too_many_bad_shares), 1U);
    EXPECT_EQ(pool.bans(), 1U);
    EXPECT_TRUE(pool.gate.delayed("127.0.0.1:1", "user.w1", pool::read_clock().steady));
}

const std::string from_client = "PROXY TCP4 198.51.100.7 203.0.113.1 4242 3333\r\n";

stratum::PortOptions behind_proxy()
{
    stratum::PortOptions port;
    port.proxies = {*stratum::parse_network("127.0.0.0/8")};
    return port;
}

// In one read with the header, what comes behind it is still the client's.
TEST(Proxied, AClientIsBlamedForWhatItSaysAndNotItsProxy)
{
    Serving pool{strict(), behind_proxy(), v2_options()};
    const RawSocket proxy{pool.number};
    send_all(proxy, from_client + std::string(stratum::Intake::hello_max + 65, '\x9c'));
    ASSERT_TRUE(pool.until([&] { return pool.ended(EndReason::bad_frame) == 1; }));
    const auto bans = pool.gate.bans(pool::read_clock().steady);
    ASSERT_EQ(bans.size(), 1U);
    EXPECT_EQ(bans.front().network, "198.51.100.7");
}

TEST(Proxied, AClientThatTalksNonsenseAtOncePassesTheGateLikeOthers)
{
    stratum::GateOptions limits;
    limits.address.connects_burst = 2;
    limits.address.connects_per_second = 1;
    Serving pool{limits, behind_proxy()};
    for (std::uint64_t come = 1; come <= 3; ++come) {
        const RawSocket proxy{pool.number};
        send_all(proxy, from_client + "no protocol at all\n");
        ASSERT_TRUE(pool.until([&] {
            return pool.ended(EndReason::not_stratum) + pool.ended(EndReason::connects_too_fast) ==
                   come;
        }));
    }
    EXPECT_EQ(pool.gate.answered(stratum::Gate::Answer::too_fast), 1U);
    EXPECT_EQ(pool.gate.connections(), 0U);
}

// Who floods from many connections has them wait for one another, and nobody else's.
TEST(Proxied, RecordsThatWaitAreOpenedByAddressInTurn)
{
    constexpr std::size_t records = 2000;
    stratum::GateOptions limits = strict();
    limits.lines_per_second = 0;
    Serving pool{limits, behind_proxy()};
    std::vector<std::unique_ptr<TlsPeer>> crowd;
    for (int i = 0; i < 8; ++i) crowd.push_back(std::make_unique<TlsPeer>(pool));
    TlsPeer other{pool, from_client};
    ASSERT_TRUE(pool.until([&] {
        return other.open() &&
               std::all_of(crowd.begin(), crowd.end(), [](const auto& one) { return one->open(); });
    }));
    other.write(other.client.say(hello));
    for (const auto& one : crowd) one->write(one->client.say(hello));
    ASSERT_TRUE(pool.until([&] {
        return other.hears("mining.notify") &&
               std::all_of(crowd.begin(), crowd.end(),
                           [](const auto& one) { return one->hears("mining.notify"); });
    }));
    const std::uint64_t before = pool.server->metrics().lines.value();
    const auto lines = [&] { return pool.server->metrics().lines.value() - before; };
    for (const auto& one : crowd) {
        one->write(one->client.say_bytewise(std::string(records, '\n')));
    }
    other.write(other.client.say_bytewise(std::string(500, '\n')));
    other.write(other.client.say("{\"id\":7,\"method\":\"mining.ping\",\"params\":[]}\n"));
    ASSERT_TRUE(pool.until([&] { return other.hears("\"id\":7"); }));
    EXPECT_LT(lines(), 2500U) << "its five hundred, and as many of theirs, not all of theirs";
    EXPECT_TRUE(pool.until([&] { return lines() == 8 * records + 501; }));
}

}  // namespace
}  // namespace tests
