// One port, many protocols: who calls is told by the first bytes, however they are cut.
#include "stratum/first_bytes.h"

#include <cstring>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace stratum {
namespace {

// What is decided when bytes come one by one.
Caller decided(std::string_view bytes)
{
    for (std::size_t size = 1; size <= bytes.size(); ++size) {
        const Caller caller = caller_of(bytes.substr(0, size));
        if (caller != Caller::more) return caller;
    }
    return Caller::more;
}

TEST(FirstBytes, KnowJsonByASixteenthByteOrAWholeObject)
{
    EXPECT_EQ(caller_of(""), Caller::more);
    EXPECT_EQ(caller_of("{"), Caller::more);
    EXPECT_EQ(caller_of("\r\n{"), Caller::more);
    EXPECT_EQ(caller_of(R"({"id": 1, "method")"), Caller::stratum_v1);
    EXPECT_EQ(caller_of("\r\n{\"id\": 1, \"met"), Caller::stratum_v1);
    EXPECT_EQ(caller_of("[1, 2, 3, 4, 5, 6"), Caller::stratum_v1);
    EXPECT_EQ(caller_of("{ \"id\":1 }\n"), Caller::stratum_v1);
    EXPECT_EQ(caller_of("{ \"id\":1 }\r\n"), Caller::stratum_v1);
    EXPECT_EQ(caller_of("{\n"), Caller::more);
    EXPECT_EQ(decided(R"({"id":1,"method":"mining.subscribe","params":[]})"), Caller::stratum_v1);
}

TEST(FirstBytes, AreLookedAtNoFurtherThanNeeded)
{
    EXPECT_EQ(caller_of("{\"id\":1,\"method\":\"mining.authorize\",\"params\":["
                        "\"\xd0\xb7\xd1\x83\xd0\xb1\"]}\n"),
              Caller::stratum_v1);
}

// An id may be any text: behind the first key any bytes may come, in any encoding.
TEST(FirstBytes, KnowAnObjectByItsFirstKeyWhateverAlphabetFollows)
{
    for (const std::string id : {"\xd0\xb7\xd1\x83\xd0\xb1\xd1\x80", "\xe9t\xe9", "\xff\x01"}) {
        const std::string line = "{\"id\":\"" + id + "\",\"method\":\"mining.subscribe\"}\n";
        EXPECT_EQ(caller_of(line), Caller::stratum_v1);
        EXPECT_EQ(decided(line), Caller::stratum_v1);
        EXPECT_EQ(decided(" \r\n { \"id\" : \"" + id + "\"}\n"), Caller::stratum_v1);
        EXPECT_EQ(decided("{\"id\":\"" + id + "\"}\n"), Caller::stratum_v1);
    }
    const std::string rest(32, '\x81');
    for (const std::string begin :
         {"{", "{\"", "{\"id", "{\"id\"", "{\"i.d\":", "[\"id\":", "{id\":"}) {
        EXPECT_EQ(decided(begin + rest), Caller::stratum_v2) << begin;
    }
}

TEST(FirstBytes, KnowBrowsersTlsAndProxies)
{
    EXPECT_EQ(decided("GET / HTTP/1.1\r\n"), Caller::http);
    for (const std::string method :
         {"POST", "HEAD", "PUT", "OPTIONS", "DELETE", "CONNECT", "PATCH", "TRACE"}) {
        EXPECT_EQ(decided(method + " / HTTP/1.1\r\n"), Caller::http) << method;
        EXPECT_EQ(caller_of(method), Caller::more) << method;
        EXPECT_EQ(decided(method + std::string(64, '\x81')), Caller::stratum_v2) << method;
    }
    EXPECT_EQ(caller_of("P"), Caller::more);
    EXPECT_EQ(caller_of("PO"), Caller::more);
    EXPECT_EQ(decided("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"), Caller::proxy);
    EXPECT_EQ(decided(std::string{"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", 16}), Caller::proxy);
    EXPECT_EQ(decided(std::string{"\x16\x03\x01\x02\x00\x01\x00\x01", 8}), Caller::tls);
    EXPECT_EQ(decided("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), Caller::nobody);
}

// What begins like TLS and is none, is a first act of v2.
TEST(FirstBytes, WantTlsToBeMeant)
{
    EXPECT_EQ(decided(std::string{"\x16\x03\x05\x02\x00\x01", 6}), Caller::stratum_v2);
    EXPECT_EQ(decided(std::string{"\x16\x03\x01\x00\x05\x01", 6}), Caller::stratum_v2);
    EXPECT_EQ(decided(std::string{"\x16\x03\x01\x02\x00\x02", 6}), Caller::stratum_v2);
}

// Charter, decision 10: at most one misroute in ten million.
TEST(FirstBytes, MisrouteAtMostOneRandomFirstActInTenMillion)
{
    std::uint64_t state = 20261124;  // xorshift64: these are many
    std::string act(first_bytes_max, '\0');
    int misrouted = 0;
    for (int round = 0; round < 10'000'000; ++round) {
        for (std::size_t at = 0; at < act.size(); at += sizeof state) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            std::memcpy(act.data() + at, &state, sizeof state);
        }
        if (caller_of(act) != Caller::stratum_v2) ++misrouted;
    }
    EXPECT_LE(misrouted, 1);
}

TEST(FirstBytes, MisrouteNoMoreWhenARandomActComesByteByByte)
{
    std::mt19937_64 random{7};
    std::string act(64, '\0');
    int misrouted = 0;
    // Ten million calls of which only those with such a first byte can be taken for another
    // protocol's: so of each 256 times fewer, that all begin so.
    for (const char first : {'{', '[', ' ', '\t', '\r', '\n', '\x16', 'G', 'P', 'H'}) {
        for (int round = 0; round < 10'000'000 / 256; ++round) {
            for (char& byte : act) byte = static_cast<char>(random());
            act[0] = first;
            if (decided(act) != Caller::stratum_v2) ++misrouted;
        }
    }
    EXPECT_LE(misrouted, 1);
}

}  // namespace
}  // namespace stratum
