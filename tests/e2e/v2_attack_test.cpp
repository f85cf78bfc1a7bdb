// Bad input of Stratum v2 over real sockets, as issue and page (docs/operations.md, attacks) name
// it: each is closed and counted, and a miner that mines meanwhile loses nothing.
#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "stratum/v2/codec.h"
#include "stratum/v2/frame.h"
#include "stratum/v2/messages_common.h"
#include "stratum/v2/messages_mining.h"
#include "stratum/v2/noise.h"
#include "tests/e2e/metric.h"
#include "tests/e2e/share_counts.h"
#include "tests/support/node_fixture.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here
using std::chrono::seconds;

constexpr int callers = 100;

/// A connection that may say anything. Blocking, for no longer than twenty seconds.
class Caller {
public:
    explicit Caller(std::uint16_t port)
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
          initiator_(curve_, curve_.make_pair())
    {
        const timeval patience{.tv_sec = 20, .tv_usec = 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        const int failed =
            ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
        EXPECT_EQ(failed, 0);
    }
    ~Caller() { ::close(fd_); }
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    void say(std::string_view bytes) const
    {
        // The other side may have hung up already: that is what is asked for.
        static_cast<void>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    }
    void shake_hands()
    {
        const auto& act1 = initiator_.act1();
        say({reinterpret_cast<const char*>(act1.data()), act1.size()});
        std::array<std::uint8_t, act2_bytes> act2{};
        const ssize_t got = ::recv(fd_, act2.data(), act2.size(), MSG_WAITALL);
        ASSERT_EQ(got, static_cast<ssize_t>(act2.size()));
        const auto made = initiator_.finish(act2, {});
        ASSERT_TRUE(made.has_value()) << made.error().detail;
        ciphers_ = *made;
    }
    void say_frame(std::string_view frame)
    {
        std::string wire;
        seal_frame(ciphers_.send, pool::as_bytes(frame), wire);
        say(wire);
    }
    template <typename Message>
    void say_message(const Message& message)
    {
        std::string frame;
        append_frame(frame, message);
        say_frame(frame);
    }
    void set_up(std::uint16_t version = 2)
    {
        shake_hands();
        say_message(SetupConnection{.protocol = 0,
                                    .version_min = version,
                                    .version_max = version,
                                    .flags = 0,
                                    .endpoint_host = {"pool.example"},
                                    .endpoint_port = 3333,
                                    .vendor = {},
                                    .hardware = {},
                                    .firmware = {},
                                    .device = {}});
    }
    /// In one piece, without reading.
    template <typename Message>
    void say_often(const Message& message, int times)
    {
        std::string frame;
        append_frame(frame, message);
        std::string wire;
        for (int i = 0; i < times; ++i) seal_frame(ciphers_.send, pool::as_bytes(frame), wire);
        say(wire);
    }
    /// Whatever is said last is read, and then comes the end.
    bool is_hung_up_on() const
    {
        std::array<char, 4096> buffer{};
        for (;;) {
            const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
            if (got == 0 || (got < 0 && errno == ECONNRESET)) return true;
            if (got < 0) return false;
        }
    }

private:
    int fd_;
    Curve curve_;
    Initiator initiator_;
    Ciphers ciphers_;
};

/// A frame's header that announces the most that three bytes can.
std::string sixteen_megabytes()
{
    std::string frame;
    append_frame(frame, RequestExtensions{1, {}});
    frame[3] = frame[4] = frame[5] = '\xff';
    return frame;
}

TEST(V2Attack, WhoeverSendsNonsenseIsHungUpOnAndCountedAndNobodyElseIs)
{
    NodeFixture node{"regtest"};
    PoolFixture pool{
        node,
        {.start_difficulty = 0,
         .sets = {"limits.connects_per_second=0", "limits.connections_per_address=0",
                  "limits.address_lines_per_second=0", "limits.prefix_connects_per_second=0",
                  "limits.connections_per_prefix=0"}}};
    pool.start();
    const auto miner = pool.v2_miner(test_address("regtest", 1) + ".rig", "extended",
                                     {"--json", "--max-shares-per-second", "20"});
    // An address is not banned as long as somebody there mines.
    ASSERT_TRUE(eventually(
        seconds{60}, [&] { return metric(pool, "zubr_shares_total{result=\"accepted\"") >= 1; }))
        << miner->output() << pool.log();
    const auto ended = [&pool](const std::string& reason) {
        return std::max(metric(pool, "zubr_connections_ended_total{reason=\"" + reason + "\""),
                        0.0);
    };
    struct Attack {
        std::string reason;
        void (*run)(Caller& caller);
    };
    const std::vector<Attack> attacks{
        {"bad_frame",
         [](Caller& caller) {  // a first act that is noise, and what follows no frame
             caller.say(std::string(64, '\x9c'));
             caller.say(std::string(200, '\x5a'));
         }},
        {"bad_frame",
         [](Caller& caller) {  // a damaged frame behind a good handshake
             caller.shake_hands();
             caller.say(std::string(100, '\x00'));
         }},
        {"setup_refused",
         [](Caller& caller) {  // another version, and more behind the refusal (sv2-apps#876)
             caller.set_up(7);
             caller.say_message(RequestExtensions{1, {}});
             caller.say_message(RequestExtensions{2, {}});
         }},
        {"frame_too_long",
         [](Caller& caller) {
             caller.set_up();
             caller.say_frame(sixteen_megabytes());
         }},
        {"too_many_bad_requests",
         [](Caller& caller) {
             caller.set_up();
             for (std::uint32_t i = 0; i < 200; ++i)
                 caller.say_message(OpenStandard{i, {"no such account"}, 1, pool::Uint256::max()});
         }},
        {"too_many_bad_requests",
         [](Caller& caller) {
             caller.set_up();
             for (std::uint32_t i = 0; i < 200; ++i)
                 caller.say_message(SubmitStandard{i, i, i, i, i, i});
         }},
        {"write_stalled",
         [](Caller& caller) {  // each is answered, and none of the answers read
             static const std::string user = test_address("regtest", 1) + ".flood";
             caller.set_up();
             caller.say_message(OpenStandard{1, {user}, 1, pool::Uint256::max()});
             caller.say_often(UpdateChannel{2, 1, pool::Uint256::max()}, 20'000);
         }},
    };
    for (const Attack& attack : attacks) {
        const double before = ended(attack.reason);
        std::vector<std::unique_ptr<Caller>> all;
        for (int i = 0; i < callers; ++i) {
            all.push_back(std::make_unique<Caller>(pool.stratum_port()));
            attack.run(*all.back());
        }
        // Before anything is read: who reads at last has not stalled, and may stay.
        ASSERT_TRUE(
            eventually(seconds{90}, [&] { return ended(attack.reason) >= before + callers; }))
            << attack.reason << ": " << ended(attack.reason) - before << "\n"
            << pool.log();
        for (const auto& caller : all) EXPECT_TRUE(caller->is_hung_up_on()) << attack.reason;
    }
    EXPECT_TRUE(eventually(
        seconds{30}, [&] { return metric(pool, "zubr_shares_total{result=\"accepted\"") >= 20; }))
        << "who mined meanwhile mines on\n"
        << pool.log();
    miner->signal(SIGTERM);
    ASSERT_TRUE(miner->wait(seconds{20}).has_value());
    EXPECT_GE(acknowledged(*miner), 20U) << miner->output();
    EXPECT_NE(miner->output().find("\"connections\":1,"), std::string::npos)
        << "it was never hung up on\n"
        << miner->output();
    EXPECT_EQ(pool.stop(), 0) << pool.log();
}

}  // namespace
}  // namespace tests
