#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/time.h"
#include "stratum/server.h"
#include "tests/sim/fakes.h"
#include "tests/support/process.h"
#include "tests/support/tls_client.h"
#include "tests/support/tls_talk.h"
#include "tests/unit/stratum/talk.h"

/// A real server, real sockets, one loop; and peers of TLS on it.
namespace tests {

inline constexpr std::string_view hello =
    "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n"
    "{\"id\":2,\"method\":\"mining.authorize\",\"params\":[\"user.w1\",\"x\"]}\n";

// Shares of Talk's first job, each another one, that miss the difficulty.
inline std::string bad_shares(int count)
{
    std::string lines;
    for (int i = 0; i < count; ++i) {
        lines += R"({"id":9,"method":"mining.submit","params":["user.w1","6a0001",")" +
                 std::to_string(1'000'000'000'000'000 + i) + R"(","68123af0","00000000"]})" + "\n";
    }
    return lines;
}

inline stratum::ShardOptions hard()
{
    stratum::ShardOptions options = Talk::default_options();
    options.session.difficulty.start = {0};
    return options;
}

// The first misbehaviour bans.
inline stratum::GateOptions strict()
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
    std::uint64_t ended(stratum::EndReason reason) const
    {
        return server->metrics().of(reason).value();
    }
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

inline stratum::GateOptions any_lines()
{
    stratum::GateOptions limits = strict();
    limits.lines_per_second = 0;
    return limits;
}

}  // namespace tests
