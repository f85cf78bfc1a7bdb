#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/time.h"
#include "stratum/server.h"
#include "stratum/server_intake.h"
#include "tests/unit/runtime/raw_socket.h"
#include "tests/unit/stratum/serving.h"
#include "tests/unit/stratum/v2/peer.h"

// What peers do below the protocol, and who is blamed for it: a real server, real sockets, one
// loop.
namespace tests {
namespace {

using pool::RawSocket;
using stratum::EndReason;

void send_all(const RawSocket& socket, std::string_view bytes)
{
    ASSERT_EQ(::send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
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
