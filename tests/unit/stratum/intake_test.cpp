#include <tuple>

#include <gtest/gtest.h>

#include "stratum/first_bytes.h"
#include "stratum/proxy_header.h"
#include "stratum/server.h"
#include "stratum/server_intake.h"
#include "stratum/tls.h"
#include "tests/support/process.h"
#include "tests/support/tls_client.h"
#include "tests/support/tls_talk.h"

namespace stratum {
namespace {

using State = ProxyHeader::State;

const std::string v1_header = "PROXY TCP4 198.51.100.7 203.0.113.1 4242 3333\r\n";
const std::string v2_header{
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x07\xcb\0\x71\x01\x10\x92\x0d\x05", 28};
const std::string subscribe = "{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[]}\n";

IpAddress ip(std::string_view text) { return parse_ip(text).value_or(IpAddress{}); }

PortOptions behind_proxy()
{
    PortOptions port;
    port.proxies = {*parse_network("127.0.0.0/8")};
    return port;
}

TEST(ProxyHeader, SaysWhoIsBehindTheProxy)
{
    for (const std::string& bytes : {v1_header, v2_header}) {
        const ProxyHeader header = read_proxy_header(bytes + subscribe);
        EXPECT_EQ(header.state, State::whole);
        EXPECT_EQ(header.length, bytes.size());
        ASSERT_TRUE(header.source.has_value());
        EXPECT_EQ(to_string(*header.source), "198.51.100.7");
        EXPECT_EQ(header.source_port, 4242);
    }
}

TEST(ProxyHeader, WaitsForAllOfItAtAnyCut)
{
    for (const std::string& bytes : {v1_header, v2_header}) {
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            EXPECT_EQ(read_proxy_header(bytes.substr(0, length)).state, State::more) << length;
        }
    }
}

TEST(ProxyHeader, ReadsIpv6AndLocalAndUnknown)
{
    const ProxyHeader v6 = read_proxy_header("PROXY TCP6 2001:db8::1 ::1 1 2\r\n");
    ASSERT_TRUE(v6.source.has_value());
    EXPECT_EQ(to_string(*v6.source), "2001:db8::1");
    EXPECT_EQ(read_proxy_header("PROXY UNKNOWN\r\n").state, State::whole);
    EXPECT_EQ(read_proxy_header("PROXY UNKNOWN ffff::1 x 1 2\r\n").state, State::whole);
    const std::string local{"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16};
    EXPECT_EQ(read_proxy_header(local).state, State::whole);
    EXPECT_FALSE(read_proxy_header(local).source.has_value());
}

// Version 2: command and family, the length of what follows, and that.
std::string v2_bytes(char command, char family, const std::string& body)
{
    return v2_header.substr(0, 12) + command + family + static_cast<char>(body.size() >> 8) +
           static_cast<char>(body.size()) + body;
}

constexpr char by_proxy = 0x21;
constexpr char by_itself = 0x20;  // LOCAL
constexpr char tcp4 = 0x11;
constexpr char tcp6 = 0x21;

const std::string v6_body = std::string{"\x20\x01\x0d\xb8", 4} + std::string(11, '\0') + '\7' +
                            std::string(15, '\0') + std::string{"\1\x10\x92\x0d\x05", 5};

TEST(ProxyHeader, ReadsIpv6OfVersionTwo)
{
    const std::string bytes = v2_bytes(by_proxy, tcp6, v6_body);
    const ProxyHeader header = read_proxy_header(bytes + subscribe);
    EXPECT_EQ(header.state, State::whole);
    EXPECT_EQ(header.length, bytes.size());
    EXPECT_EQ(header.source, ip("2001:db8::7"));
    EXPECT_EQ(header.source_port, 4242);
    EXPECT_EQ(read_proxy_header(v2_bytes(by_proxy, tcp6, v6_body.substr(1))).state, State::bad);
}

TEST(ProxyHeader, PassesOverWhatStandsBehindTheAddresses)
{
    const std::string extras = std::string{"\x02\0\x04pool", 7} +  // the name that was asked for
                               std::string{"\x04\0\x02xx", 5};     // padding
    for (const auto& [family, body, source] :
         {std::tuple{tcp4, v2_header.substr(16), "198.51.100.7"},
          std::tuple{tcp6, v6_body, "2001:db8::7"}}) {
        const std::string bytes = v2_bytes(by_proxy, family, body + extras);
        const ProxyHeader header = read_proxy_header(bytes + subscribe);
        EXPECT_EQ(header.state, State::whole);
        EXPECT_EQ(header.length, bytes.size());
        EXPECT_EQ(header.source, ip(source));
        EXPECT_EQ(header.source_port, 4242);
        EXPECT_EQ(read_proxy_header(bytes.substr(0, bytes.size() - 1)).state, State::more);
    }
}

// A unix socket's path is no address, and what a health check says of itself does not count.
TEST(ProxyHeader, TellsNoSourceForUnixSocketsAndHealthChecksWhateverTheySay)
{
    constexpr char unix_stream = 0x31;
    for (const std::string& bytes :
         {v2_bytes(by_proxy, unix_stream, std::string(216, 'a')),
          v2_bytes(by_itself, tcp4, v2_header.substr(16)), v2_bytes(by_itself, tcp6, v6_body),
          v2_bytes(by_itself, 0, std::string(30, '\xff'))}) {
        const ProxyHeader header = read_proxy_header(bytes + subscribe);
        EXPECT_EQ(header.state, State::whole);
        EXPECT_EQ(header.length, bytes.size());
        EXPECT_FALSE(header.source.has_value());
        EXPECT_EQ(header.source_port, 0);
    }
}

// HAProxy, listening for both families on one socket, writes IPv4 like that.
TEST(ProxyHeader, TakesIpv4InItsMappedForm)
{
    const ProxyHeader mapped =
        read_proxy_header("PROXY TCP6 ::ffff:203.0.113.7 ::ffff:192.0.2.1 4000 3333\r\n");
    ASSERT_TRUE(mapped.source.has_value());
    EXPECT_EQ(to_string(*mapped.source), "203.0.113.7");
}

TEST(ProxyHeader, RefusesWhatMakesNoSense)
{
    for (const std::string& bad :
         {std::string{"GET /"}, std::string{"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n"},
          std::string{"PROXY TCP4 ::1 ::1 1 2\r\n"},
          std::string{"PROXY TCP4 1.2.3.4 5.6.7.8 1 x\r\n"},
          std::string{"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n"}, std::string{"PROXY UDP 1 2 3 4\r\n"},
          "PROXY " + std::string(200, 'x'),
          v2_header.substr(0, 12) + std::string{"\x31\x11\0\x0c", 4},
          v2_header.substr(0, 12) + std::string{"\x21\x11\xff\xff", 4},
          v2_header.substr(0, 12) + std::string{"\x21\x11\0\x04\1\2\3\4", 8}}) {
        EXPECT_EQ(read_proxy_header(bad).state, State::bad) << bad;
    }
}

TEST(Intake, TakesAProxyHeaderOffInAnyPieces)
{
    const PortOptions port = behind_proxy();
    for (const std::string& header : {v1_header, v2_header}) {
        Intake intake{port, ip("127.0.0.1"), 1};
        const std::string all = header + subscribe;
        Intake::Step step;
        std::size_t sent = 0;
        while (sent < all.size() && step.caller == Caller::more) {
            step = intake.receive(all.substr(sent++, 1), nullptr);
            ASSERT_FALSE(step.refused.has_value());
        }
        EXPECT_EQ(step.caller, Caller::stratum_v1);
        EXPECT_EQ(to_string(intake.address()), "198.51.100.7");
        EXPECT_EQ(intake.address_port(), 4242);
        EXPECT_TRUE(subscribe.starts_with(intake.take_front()));
    }
}

TEST(Intake, BelievesNoProxyHeaderOfAStranger)
{
    const PortOptions port = behind_proxy();
    Intake intake{port, ip("192.0.2.1"), 1};
    EXPECT_EQ(intake.receive(v1_header, nullptr).refused, EndReason::untrusted_proxy);
}

TEST(Intake, TakesOneProxyHeaderOnly)
{
    const PortOptions port = behind_proxy();
    Intake intake{port, ip("127.0.0.1"), 1};
    EXPECT_EQ(intake.receive(v1_header + v1_header, nullptr).refused, EndReason::untrusted_proxy);
}

TEST(Intake, TurnsAwayWhoComesPastTheProxyOrWithoutTls)
{
    PortOptions port = behind_proxy();
    port.proxy_only = true;
    Intake past{port, ip("127.0.0.1"), 1};
    EXPECT_EQ(past.receive(subscribe, nullptr).refused, EndReason::untrusted_proxy);
    port.proxy_only = false;
    port.tls_only = true;
    Intake plain{port, ip("127.0.0.1"), 1};
    EXPECT_EQ(plain.receive(subscribe, nullptr).refused, EndReason::not_stratum);
}

TEST(Intake, TurnsTlsAwayWhereThereIsNoCertificate)
{
    const PortOptions port;
    Intake intake{port, ip("192.0.2.1"), 1};
    EXPECT_EQ(
        intake
            .receive(std::string_view{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11}, nullptr)
            .refused,
        EndReason::not_stratum);
}

// A signature costs as much as hundreds of shares: when it is made is the server's to say.
TEST(Intake, LeavesTheHandshakeOfTlsToItsTurnAndHoldsLittleUntilThen)
{
    const tests::TempDir folder;
    const auto files = tests::make_certificate(folder.path(), "pool");
    const auto tls = TlsContext::load(files.certificate, files.key);
    ASSERT_TRUE(tls.has_value());
    const PortOptions port;
    Intake intake{port, ip("192.0.2.1"), 1};
    const std::string hello = tests::client_hello();
    const auto begun = intake.receive(hello.substr(0, 30), *tls);
    EXPECT_FALSE(begun.shakes) << "half a record is nothing to go on with";
    EXPECT_TRUE(begun.tls_begun);
    const auto more = intake.receive(hello.substr(30), *tls);
    EXPECT_TRUE(more.shakes);
    EXPECT_TRUE(begun.wire.empty() && more.wire.empty());
    Intake loud{port, ip("192.0.2.1"), 1};
    EXPECT_EQ(loud.receive(hello + std::string(Intake::hello_max, 'x'), *tls).refused,
              EndReason::tls_failed);
    const auto shaken = intake.shake_hands();
    EXPECT_TRUE(shaken.wire.starts_with("\x16\x03"));
    EXPECT_FALSE(shaken.refused.has_value());
    EXPECT_FALSE(intake.receive(std::string(Intake::cipher_max, 'x'), *tls).refused.has_value());
    EXPECT_EQ(intake.receive("x", *tls).refused, EndReason::tls_failed);
}

// Thousands may wait so.
TEST(Intake, KeepsLittleOfAHelloThatDoesNotEnd)
{
    const tests::TempDir folder;
    const auto files = tests::make_certificate(folder.path(), "pool");
    const auto tls = TlsContext::load(files.certificate, files.key);
    ASSERT_TRUE(tls.has_value());
    const PortOptions port;
    Intake intake{port, ip("192.0.2.1"), 1};
    const std::string hello = tests::client_hello();
    const std::string begun = hello.substr(0, 3) + "\x3f\xff" + hello.substr(5);
    EXPECT_FALSE(intake.receive(begun, *tls).refused.has_value());
    EXPECT_FALSE(intake.receive(std::string(4096, 'x'), *tls).refused.has_value());
    EXPECT_EQ(intake.receive(std::string(2048, 'x'), *tls).refused, EndReason::tls_failed);
}

// A round costs us more than a byte costs them.
TEST(Intake, AsksForNoRoundOfTlsBeforeARecordIsWhole)
{
    const tests::TempDir folder;
    const auto files = tests::make_certificate(folder.path(), "pool");
    const auto tls = TlsContext::load(files.certificate, files.key);
    ASSERT_TRUE(tls.has_value());
    const PortOptions port;
    Intake intake{port, ip("192.0.2.1"), 1};
    const std::string hello = tests::client_hello();
    for (std::size_t at = 0; at + 1 < hello.size(); ++at) {
        EXPECT_FALSE(intake.receive(hello.substr(at, 1), *tls).shakes) << at;
    }
    EXPECT_TRUE(intake.receive(hello.substr(hello.size() - 1), *tls).shakes);
    EXPECT_TRUE(intake.shake_hands().wire.starts_with("\x16\x03"));
    EXPECT_FALSE(intake.receive("\x17\x03\x03", *tls).shakes);
}

// Thousands of records may wait behind the handshake's last: others' rounds come in between.
TEST(Intake, OpensAFewRecordsARoundAndLeavesTheRestToWhoKnowsWhomToChargeForIt)
{
    const tests::TempDir folder;
    const auto files = tests::make_certificate(folder.path(), "pool");
    const auto tls = TlsContext::load(files.certificate, files.key);
    ASSERT_TRUE(tls.has_value());
    const PortOptions port;
    Intake intake{port, ip("192.0.2.1"), 1};
    tests::TlsClient client;
    client.hear("");
    ASSERT_TRUE(intake.receive(client.wire(), *tls).shakes);
    client.hear(intake.shake_hands().wire);
    ASSERT_TRUE(client.open());
    std::string words = client.wire();
    words += client.say_bytewise(std::string(24, ' ') + subscribe + std::string(3000, ' '));
    ASSERT_TRUE(intake.receive(words, *tls).shakes);
    std::size_t rounds = 0;
    Intake::Step step;
    do {
        step = intake.shake_hands();
        ++rounds;
    } while (step.shakes);
    EXPECT_EQ(step.caller, Caller::stratum_v1);
    EXPECT_GE(rounds, 2U) << "it has said nothing but blanks in the first";
    EXPECT_LE(intake.take_front().size(), rounds * Intake::records_a_round);
    EXPECT_GT(intake.take_cipher().size(), 3000U * 22);

    Intake mute{port, ip("192.0.2.1"), 1};
    tests::TlsClient other;
    other.hear("");
    ASSERT_TRUE(mute.receive(other.wire(), *tls).shakes);
    other.hear(mute.shake_hands().wire);
    words = other.wire();
    words += other.update_keys(1000);
    ASSERT_TRUE(mute.receive(words, *tls).shakes);
    do {
        step = mute.shake_hands();
    } while (step.shakes && !step.refused);
    EXPECT_EQ(step.refused, EndReason::too_many_new_keys);
}

TEST(Intake, LeavesTheHandshakeOfNoiseToItsTurnAndHoldsItsActUntilThen)
{
    const PortOptions port;
    Intake intake{port, ip("192.0.2.1"), 1};
    const std::string act(64, '\x9c');
    const auto begun = intake.receive(act.substr(0, 63), nullptr, true);
    EXPECT_FALSE(begun.shakes || begun.refused);
    EXPECT_EQ(begun.caller, Caller::more);
    EXPECT_TRUE(intake.greets());
    EXPECT_TRUE(intake.receive(act.substr(63), nullptr, true).shakes);
    EXPECT_EQ(intake.shake_hands(true).caller, Caller::stratum_v2);
    EXPECT_EQ(intake.take_front(), act);

    Intake loud{port, ip("192.0.2.1"), 1};
    EXPECT_EQ(loud.receive(act + std::string(Intake::hello_max, 'x'), nullptr, true).refused,
              EndReason::bad_frame)
        << "there is nothing to be said before we have answered";

    Intake late{port, ip("192.0.2.1"), 1};
    EXPECT_TRUE(late.receive(act, nullptr, true).shakes);
    EXPECT_EQ(late.shake_hands(false).refused, EndReason::not_stratum) << "v2 is off by now";
}

}  // namespace
}  // namespace stratum
