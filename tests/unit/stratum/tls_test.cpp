#include "stratum/tls.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <malloc.h>

#include "pool/base/bytes.h"
#include "tests/support/process.h"
#include "tests/support/tls_client.h"
#include "tests/support/tls_talk.h"

namespace tests {
namespace {

using State = stratum::TlsSession::State;

struct Port {
    TempDir folder;
    std::shared_ptr<const stratum::TlsContext> context = [this] {
        const auto files = make_certificate(folder.path(), "pool");
        return *stratum::TlsContext::load(files.certificate, files.key);
    }();
};

// Hands over what the client says in pieces of so many bytes; returns the last state.
State give(stratum::TlsSession& session, std::string_view cipher, std::size_t piece,
           std::string& plain, std::string& wire)
{
    State state = State::handshaking;
    for (; !cipher.empty(); cipher.remove_prefix(std::min(piece, cipher.size()))) {
        state = session.receive(pool::as_bytes(cipher.substr(0, piece)), plain, wire);
    }
    return state;
}

State shake_hands(TlsClient& client, stratum::TlsSession& session, std::size_t piece)
{
    std::string plain;
    std::string wire;
    client.hear("");
    give(session, client.wire(), piece, plain, wire);
    client.hear(wire);
    wire.clear();
    const State state = give(session, client.wire(), piece, plain, wire);
    client.hear(wire);
    return state;
}

TEST(Tls, CarriesBothWaysInWhateverPiecesItComes)
{
    const Port port;
    const std::string words(70'000, 'w');
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
        TlsClient client;
        stratum::TlsSession session{port.context};
        ASSERT_EQ(shake_hands(client, session, piece), State::open);
        std::string plain;
        std::string wire;
        EXPECT_EQ(give(session, client.say(words), piece, plain, wire), State::open);
        EXPECT_EQ(plain, words);
        ASSERT_TRUE(session.send(words, wire));
        ASSERT_TRUE(session.send("the end", wire));
        EXPECT_EQ(client.hear(wire), words + "the end");
        wire.clear();
        session.finish(wire);
        EXPECT_FALSE(wire.empty());
        EXPECT_EQ(session.receive(pool::as_bytes("no record of TLS at all"), plain, wire),
                  State::failed);
    }
}

// Whoever has brought as much as his cipher bears may have new keys; nobody needs them often.
TEST(Tls, ObeysAFewWishesForNewKeysAndNoMore)
{
    const Port port;
    TlsClient client;
    stratum::TlsSession session{port.context};
    ASSERT_EQ(shake_hands(client, session, 4096), State::open);
    std::string plain;
    std::string wire;
    std::string said = client.update_keys(stratum::TlsSession::new_keys_max);
    said += client.say("one");
    EXPECT_EQ(give(session, said, 4096, plain, wire), State::open);
    EXPECT_EQ(plain, "one");
    said = client.update_keys(1);
    said += client.say("two");
    EXPECT_EQ(give(session, said, 4096, plain, wire), State::rekeying);
    EXPECT_EQ(plain, "one");
}

TEST(Tls, CountsRecordsInWhateverPiecesTheyCome)
{
    const Port port;
    TlsClient client;
    stratum::TlsSession session{port.context};
    ASSERT_EQ(shake_hands(client, session, 4096), State::open);
    std::string all = client.say_bytewise("seven b");
    all += client.update_keys(2);
    all += client.say(std::string(40'000, 'w'));
    for (const std::size_t piece : {std::size_t{1}, std::size_t{4}, std::size_t{1} << 20}) {
        std::size_t records = 0;
        for (std::string_view rest = all; !rest.empty();
             rest.remove_prefix(std::min(piece, rest.size()))) {
            records += session.count_records(pool::as_bytes(rest.substr(0, piece)), piece).records;
        }
        EXPECT_EQ(records, 7U + 2U + 3U) << "of 16 KiB each at most";
    }
}

TEST(Tls, CountsNoFurtherThanTheRecordsThatAreWanted)
{
    const Port port;
    TlsClient client;
    stratum::TlsSession session{port.context};
    ASSERT_EQ(shake_hands(client, session, 4096), State::open);
    const std::string one = client.say_bytewise("1");
    const std::string all = one + client.say_bytewise("234567");
    const std::size_t size = one.size();
    const auto count = [&](std::size_t from, std::size_t to, std::size_t most) {
        const auto some = session.count_records(pool::as_bytes(all).subspan(from, to - from), most);
        return std::pair{some.records, some.bytes};
    };
    EXPECT_EQ(count(0, all.size(), 3), std::pair(std::size_t{3}, 3 * size));
    EXPECT_EQ(count(3 * size, 4 * size + 1, 9), std::pair(std::size_t{2}, size + 1));
    EXPECT_EQ(count(4 * size + 1, all.size(), 0), std::pair(std::size_t{0}, size - 1))
        << "the rest of one that has begun";
    EXPECT_EQ(count(5 * size, all.size(), 1), std::pair(std::size_t{1}, size));
}

// Thirty-one pings with long ids are 340 KB of answers in a turn: what one turn has said is not
// kept for the next.
TEST(Tls, KeepsNoMemoryOfABurst)
{
#if !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)  // they have a heap of their own
    constexpr std::size_t connections = 16;
    const Port port;
    std::vector<std::unique_ptr<TlsClient>> clients;
    std::vector<std::unique_ptr<stratum::TlsSession>> sessions;
    for (std::size_t i = 0; i < connections; ++i) {
        clients.push_back(std::make_unique<TlsClient>());
        sessions.push_back(std::make_unique<stratum::TlsSession>(port.context));
        ASSERT_EQ(shake_hands(*clients.back(), *sessions.back(), 4096), State::open);
    }
    std::vector<std::string> ciphers;
    const std::string burst(340'000, 'w');
    for (auto& client : clients)
        ciphers.push_back(client->say(std::string_view{burst}.substr(0, 60'000)));
    const auto in_use = [] {
        const struct mallinfo2 now = mallinfo2();
        return now.uordblks + now.hblkhd;
    };
    const std::size_t before = in_use();
    for (std::size_t i = 0; i < connections; ++i) {
        std::string plain;
        std::string wire;
        ASSERT_EQ(give(*sessions[i], ciphers[i], 65'536, plain, wire), State::open);
        ASSERT_TRUE(sessions[i]->send(burst, wire));
    }
    EXPECT_LE(in_use(), before + connections * 2048);
#endif
}

}  // namespace
}  // namespace tests
