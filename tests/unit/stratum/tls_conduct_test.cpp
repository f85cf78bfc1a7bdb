#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/time.h"
#include "stratum/server.h"
#include "tests/unit/stratum/serving.h"

// What peers of TLS do below the protocol, and what their records cost the others.
namespace tests {
namespace {

using stratum::EndReason;

// Without the farewell a client can't tell the end from an answer that was cut off.
TEST(TlsConduct, WhoeverIsLeftIsToldGoodbye)
{
    const auto greeted = [](Serving& pool, TlsPeer& peer) {
        if (!pool.until([&] { return peer.open(); })) return false;
        peer.write(peer.client.say(hello));
        return pool.until([&] { return peer.hears("mining.notify"); });
    };
    Serving pool;
    TlsPeer stays{pool};
    TlsPeer leaves{pool};
    TlsPeer asks{pool};
    ASSERT_TRUE(greeted(pool, stays) && greeted(pool, leaves) && greeted(pool, asks));
    asks.write(asks.client.say("{\"id\":3,\"method\":\"mining.bye\",\"params\":[]}\n"));
    ASSERT_TRUE(pool.until([&] { return asks.closed; }));
    EXPECT_TRUE(asks.client.told_goodbye());
    TlsPeer browser{pool};
    ASSERT_TRUE(pool.until([&] { return browser.open(); }));
    browser.write(browser.client.say("GET / HTTP/1.1\r\nHost: pool\r\n\r\n"));
    ASSERT_TRUE(pool.until([&] { return browser.closed; }));
    EXPECT_TRUE(browser.hears("HTTP/1.1 4"));
    EXPECT_TRUE(browser.client.told_goodbye());
    // What it has sent before is answered before.
    std::string last = leaves.client.say("{\"id\":7,\"method\":\"mining.ping\",\"params\":[]}\n");
    last += leaves.client.say_goodbye();
    leaves.write(last);
    ASSERT_TRUE(pool.until([&] { return leaves.closed; }));
    EXPECT_TRUE(leaves.hears("\"id\":7"));
    EXPECT_TRUE(leaves.client.told_goodbye()) << "the answer to its own farewell";
    pool.server->stop();
    ASSERT_TRUE(pool.until([&] { return stays.closed; }));
    EXPECT_TRUE(stays.client.told_goodbye()) << "the server stops";
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
    const std::uint64_t before = crowd.lines();
    ASSERT_TRUE(pool.until([] { return true; })) << "a turn";
    EXPECT_GT(crowd.lines(), before);
    EXPECT_TRUE(pool.until([&] { return other.hears("\"id\":7"); }));
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
    const auto opened_after = [&](std::uint64_t lines) {
        EXPECT_TRUE(pool.until([&] { return crowd.lines() >= lines; }));
        return pool::read_clock().steady;
    };
    const pool::SteadyTime first = opened_after(1);
    const std::chrono::duration<double> waited = opened_after(2501) - first;
    ASSERT_TRUE(pool.until([&] { return peer.hears("\"id\":9"); }));
    EXPECT_GE(pool.server->times().answered.sum_seconds(), waited.count());
}

}  // namespace
}  // namespace tests
