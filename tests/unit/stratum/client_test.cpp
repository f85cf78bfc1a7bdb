#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"
#include "pool/bitcoin/target.h"
#include "pool/crypto/scan.h"
#include "pool/crypto/sha256.h"
#include "stratum/client/mining_client.h"
#include "stratum/client/pool_url.h"
#include "stratum/server.h"
#include "tests/unit/stratum/talk.h"

namespace stratum::client {
namespace {

// Block 170 once more: its header without the nonce, and the nonce 0x709e3e28.
pool::HeaderBytes header_170()
{
    pool::HeaderBytes header{};
    EXPECT_TRUE(pool::hex_into(
        "0100000055bd840a78798ad0da853f68974f3d183e2bd1db6a842c1feecf222a00000000ff104ccb05421ab93e"
        "63f8c3ce5c2c2e9dbb37de2764b3a3175c8166562cac7d51b96a49ffff001d283e9e70",
        header));
    return header;
}

// A key of the specification's own example.
TEST(PoolUrl, TellsTheProtocolTheAddressAndWhomToTrust)
{
    const std::string key = "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72";
    for (const char* const scheme : {"stratum2+tcp://", "stratum+sv2://", "sv2+tcp://"}) {
        const auto url = parse_pool_url(scheme + std::string{"pool.example:3333/"} + key);
        ASSERT_TRUE(url.has_value()) << scheme;
        EXPECT_TRUE(url->v2);
        EXPECT_EQ(url->address, "pool.example:3333");
        EXPECT_EQ(url->authority, v2::decode_authority(key));
        EXPECT_TRUE(url->authority.has_value());
        EXPECT_EQ(warning_of(*url), "");
    }
    for (const char* const v1 : {"stratum+tcp://pool.example:3333", "pool.example:3333"}) {
        const auto url = parse_pool_url(v1);
        ASSERT_TRUE(url.has_value());
        EXPECT_FALSE(url->v2);
        EXPECT_EQ(url->address, "pool.example:3333");
        EXPECT_EQ(warning_of(*url), "") << "v1 has no keys";
    }
    EXPECT_FALSE(parse_pool_url("stratum2+tcp://h:1/" + key.substr(1)).has_value());
}

TEST(PoolUrl, WithoutAKeyOfV2IsWarnedOf)
{
    for (const char* const bare : {"stratum2+tcp://h:1", "stratum2+tcp://h:1/"}) {
        const auto url = parse_pool_url(bare);
        ASSERT_TRUE(url.has_value());
        EXPECT_EQ(url->address, "h:1");
        EXPECT_FALSE(url->authority.has_value());
        EXPECT_NE(warning_of(*url).find("whoever answers is trusted"), std::string_view::npos);
    }
}

TEST(ScanNonces, FindsTheNonceOfBlock170)
{
    const pool::HeaderBytes header = header_170();
    const auto before = std::span{header}.first<pool::header_bytes_before_nonce>();
    const pool::Uint256 target = pool::difficulty_one_target();
    EXPECT_EQ(pool::scan_nonces(before, 0x709e3e28 - 1000, 2000, target), 0x709e3e28U);
    EXPECT_EQ(pool::scan_nonces(before, 0x709e3e28 - 1000, 1000, target), std::nullopt);
    EXPECT_EQ(pool::scan_nonces(before, 0x709e3e28, 1, target), 0x709e3e28U);
}

TEST(ScanNonces, FindsWhatPlainHashingFinds)
{
    pool::HeaderBytes header = header_170();
    const auto before = std::span{header}.first<pool::header_bytes_before_nonce>();
    const pool::Uint256 target = pool::target_of({-24});
    std::uint32_t from = 0;
    for (int i = 0; i < 20; ++i) {
        std::uint32_t nonce = from;
        while (true) {
            for (std::size_t b = 0; b < 4; ++b) {
                header[76 + b] = static_cast<std::uint8_t>(nonce >> (8 * b));
            }
            if (pool::meets(pool::sha256d(header), target)) break;
            ++nonce;
        }
        ASSERT_EQ(pool::scan_nonces(before, from, 1 << 20, target), nonce);
        from = nonce + 1;
    }
}

TEST(ScanNonces, StopsAtTheLastNonce)
{
    const pool::HeaderBytes header = header_170();
    EXPECT_EQ(pool::scan_nonces(std::span{header}.first<76>(), 0xfffffff0, 1U << 30, {}),
              std::nullopt);
}

TEST(TargetOfAdvertised, IsNeverTooEasy)
{
    EXPECT_EQ(target_of_advertised(1), pool::target_of({0}));
    EXPECT_EQ(target_of_advertised(1.5), pool::target_of({1}));
    EXPECT_EQ(target_of_advertised(0.25), pool::target_of({-2}));
    EXPECT_EQ(target_of_advertised(0), std::nullopt);
    EXPECT_EQ(target_of_advertised(-1), std::nullopt);
}

// The miner's session against the pool's, without a socket between them.
TEST(MinerSession, MinesWithAShard)
{
    tests::Talk talk;
    talk.publish(1);
    MinerSession miner{{.user = "user.w\"1", .password = "x", .agent = "zubr-miner/0.1"}};
    const auto id = talk.open();
    const auto exchange = [&] {
        std::string heard;
        for (const auto& line : talk.send(id, miner.take_output())) heard += line + "\n";
        EXPECT_TRUE(miner.on_bytes(pool::as_bytes(heard)).has_value());
    };
    exchange();
    EXPECT_TRUE(miner.authorised());
    ASSERT_NE(miner.job(), nullptr);
    const pool::HeaderBytes header = header_of(*miner.job(), 3);
    const auto nonce =
        pool::scan_nonces(std::span{header}.first<76>(), 0, 1 << 24, miner.job()->target);
    ASSERT_TRUE(nonce.has_value());
    miner.submit({miner.job(), 3, *nonce});
    miner.submit({miner.job(), 3, *nonce});
    EXPECT_EQ(miner.unanswered(), 2U);
    exchange();
    EXPECT_EQ(miner.counts().accepted, 1U);
    EXPECT_EQ(miner.counts().rejected, 1U);
    EXPECT_EQ(miner.counts().last_refusal, "Duplicate share");
    EXPECT_EQ(miner.unanswered(), 0U);
    EXPECT_EQ(talk.log.who(talk.log.shares.at(0)), "user.w_1");
}

TEST(MinerSession, KnowsWhichOfItsAcceptedSharesAreBlocks)
{
    tests::Talk talk;
    const auto easy = talk.make_job(1);
    easy->bits = {0x207fffff};
    easy->network_target = *pool::target_from_compact(easy->bits);
    talk.publish(easy);
    MinerSession miner{{.user = "user.w", .password = "x", .agent = "zubr-miner/0.1"}};
    const auto id = talk.open();
    const auto exchange = [&] {
        std::string heard;
        for (const auto& line : talk.send(id, miner.take_output())) heard += line + "\n";
        EXPECT_TRUE(miner.on_bytes(pool::as_bytes(heard)).has_value());
    };
    exchange();
    ASSERT_NE(miner.job(), nullptr);
    const pool::HeaderBytes header = header_of(*miner.job(), 3);
    const auto before = std::span{header}.first<76>();
    const std::optional<std::uint32_t> block =
        pool::scan_nonces(before, 0, 1 << 24, easy->network_target);
    ASSERT_TRUE(block.has_value());
    miner.submit({miner.job(), 3, *block});
    miner.submit({miner.job(), 3, *block});  // a duplicate: refused, and no second block
    exchange();
    ASSERT_EQ(miner.counts().accepted, 1U);
    ASSERT_FALSE(talk.candidates.empty());
    EXPECT_EQ(miner.counts().blocks, std::vector{talk.candidates[0].hash});
}

TEST(MinerSession, SaysWhyItWasRefused)
{
    tests::Talk talk;
    MinerSession miner{{.user = "nobody.w"}};
    const auto id = talk.open();
    std::string heard;
    for (const auto& line : talk.send(id, miner.take_output())) heard += line + "\n";
    ASSERT_TRUE(miner.on_bytes(pool::as_bytes(heard)).has_value());
    EXPECT_FALSE(miner.authorised());
    ASSERT_TRUE(miner.refusal().has_value());
    EXPECT_EQ(miner.refusal()->substr(0, 21), "Unknown user 'nobody'");
}

TEST(MinerSession, HangsUpOnWhatIsNoPool)
{
    MinerSession miner{{.user = "u"}};
    EXPECT_FALSE(miner.on_bytes(pool::as_bytes("HTTP/1.1 400 Bad Request\r\n")).has_value());
    MinerSession other{{.user = "u"}};
    EXPECT_FALSE(other
                     .on_bytes(pool::as_bytes(R"({"method":"mining.notify","params":[1]})"
                                              "\n"))
                     .has_value());
}

// Sockets at both ends: the server on one loop with the miner, threads that hash.
TEST(MiningClient, MinesOverLoopback)
{
    pool::Loop loop;
    tests::FakeShareLog log;
    const auto directory =
        std::make_shared<const AccountDirectory>(AccountDirectory{{"user", {1}}});
    Gate gate{GateOptions{}};
    ServerOptions options;
    options.shard = tests::Talk::default_options();
    options.shard.gate = &gate;
    options.ports.push_back(
        {.listen = {"127.0.0.1", 0}, .difficulty = options.shard.session.difficulty});
    Server server{loop, options, log, directory, [](pool::BlockCandidate) {}};
    const auto port = server.start();
    ASSERT_TRUE(port.has_value()) << port.error().detail;
    tests::Talk jobs;
    const pool::Now now = pool::read_clock();
    jobs.now = now;
    server.publish(jobs.make_job(1));

    MiningOptions mining;
    mining.pool = {"127.0.0.1", port->front()};
    mining.login = {.user = "user.rig"};
    mining.cpu.threads = 2;
    mining.once = true;
    std::optional<MiningEnd> ended;
    std::string said;
    {
        MiningClient client{loop,
                            mining,
                            {.on_message = [&said](std::string_view text) { said += text; },
                             .on_end =
                                 [&ended, &loop](MiningEnd end) {
                                     ended = end;
                                     loop.stop();
                                 }}};
        client.start();
        const pool::Watch limit = loop.after(std::chrono::seconds{20}, [&loop] { loop.stop(); });
        loop.run();
        EXPECT_GE(client.totals().shares.accepted, 1U) << said;
        EXPECT_GT(client.totals().hashes, 0U);
    }
    EXPECT_EQ(ended, MiningEnd::share_accepted) << said;
    ASSERT_FALSE(log.shares.empty());
    EXPECT_EQ(log.who(log.shares[0]), "user.rig");
    EXPECT_EQ(server.snapshot().size(), 1U);
}

// A pool that lets in and gives work, but answers shares only when asked to.
class SlowPool {
public:
    explicit SlowPool(pool::Loop& loop, std::function<void()> on_submit)
        : on_submit_(std::move(on_submit))
    {
        auto made = pool::TcpListener::listen(
            loop, {.address = {"127.0.0.1", 0}}, [this](std::unique_ptr<pool::TcpConn> conn) {
                conn_ = std::move(conn);
                conn_->start({.on_bytes = [this](auto bytes) { on_bytes(bytes); },
                              .on_close = [](pool::CloseReason) {}});
            });
        EXPECT_TRUE(made.has_value());
        listener_ = std::move(*made);
    }
    std::uint16_t port() const { return listener_->port(); }

    void answer()
    {
        for (const std::uint64_t id : owed_) {
            conn_->write(R"({"id":)" + std::to_string(id) +
                         R"(,"result":true,"error":null})"
                         "\n");
        }
        owed_.clear();
    }

private:
    void on_bytes(std::span<const std::uint8_t> bytes)
    {
        reader_.feed(bytes);
        while (const auto line = reader_.next(4096)) {
            pool::JsonDocument document;
            const auto message = document.parse(*line, {});
            ASSERT_TRUE(message.has_value());
            const auto id = message->find("id").uint64().value_or(0);
            if (message->find("method").string() == "mining.submit") {
                owed_.push_back(id);
                on_submit_();
            } else if (message->find("method").string() == "mining.subscribe") {
                conn_->write(R"({"id":)" + std::to_string(id) +
                             R"(,"result":[[],"00000001",8],"error":null})"
                             "\n"
                             R"({"id":null,"method":"mining.set_difficulty","params":[1e-9]})"
                             "\n");
            } else if (message->find("method").string() == "mining.authorize") {
                const std::string zeros(64, '0');
                conn_->write(R"({"id":)" + std::to_string(id) +
                             R"(,"result":true,"error":null})"
                             "\n"
                             R"({"id":null,"method":"mining.notify","params":["1",")" +
                             zeros +
                             R"(","00","00",[],"20000000","1d00ffff","65000000",true]})"
                             "\n");
            }
        }
    }

    std::function<void()> on_submit_;
    std::unique_ptr<pool::TcpListener> listener_;
    std::unique_ptr<pool::TcpConn> conn_;
    v1::LineReader reader_;
    std::vector<std::uint64_t> owed_;
};

struct Stopped {
    std::optional<MiningEnd> ended;
    MinerCounts shares;
};

// Stops a client while a share of its is under way.
Stopped stop_with_a_share_under_way(bool answered, std::chrono::milliseconds last_answers)
{
    Stopped result;
    pool::Loop loop;
    MiningClient* running = nullptr;
    pool::Watch later;
    SlowPool* asked = nullptr;
    SlowPool slow{loop, [&] {
                      running->stop();
                      if (answered) {
                          later =
                              loop.after(std::chrono::milliseconds{1}, [&] { asked->answer(); });
                      }
                  }};
    asked = &slow;
    MiningOptions mining;
    mining.pool = {"127.0.0.1", slow.port()};
    mining.login = {.user = "user.rig"};
    mining.cpu.shares_per_second_max = 1000;
    mining.last_answers = last_answers;
    MiningClient client{loop,
                        mining,
                        {.on_message = [](std::string_view) {},
                         .on_end =
                             [&](MiningEnd end) {
                                 result.ended = end;
                                 loop.stop();
                             }}};
    running = &client;
    client.start();
    const pool::Watch limit = loop.after(std::chrono::seconds{20}, [&loop] { loop.stop(); });
    loop.run();
    result.shares = client.totals().shares;
    return result;
}

TEST(MiningClient, HearsTheAnswersToItsLastSharesBeforeItEnds)
{
    const Stopped stopped = stop_with_a_share_under_way(true, std::chrono::seconds{10});
    EXPECT_EQ(stopped.ended, MiningEnd::stopped);
    EXPECT_GT(stopped.shares.submitted, 0U);
    EXPECT_EQ(stopped.shares.accepted, stopped.shares.submitted);
}

TEST(MiningClient, EndsWithoutTheLastAnswersIfTheyDoNotCome)
{
    const Stopped stopped = stop_with_a_share_under_way(false, std::chrono::milliseconds{20});
    EXPECT_EQ(stopped.ended, MiningEnd::stopped);
    EXPECT_EQ(stopped.shares.accepted, 0U);
}

// What a plain client reads until the server closes.
std::string probe(std::string_view sent)
{
    pool::Loop loop;
    tests::FakeShareLog log;
    Gate gate{GateOptions{}};
    ServerOptions options;
    options.shard = tests::Talk::default_options();
    options.shard.gate = &gate;
    options.ports.push_back(
        {.listen = {"127.0.0.1", 0}, .difficulty = options.shard.session.difficulty});
    Server server{loop, options, log, std::make_shared<const AccountDirectory>(),
                  [](pool::BlockCandidate) {}};
    const auto port = server.start();
    EXPECT_TRUE(port.has_value());
    std::unique_ptr<pool::TcpConn> conn;
    std::string heard;
    pool::TcpConn::connect(
        loop, {"127.0.0.1", port->front()}, [&](pool::Result<std::unique_ptr<pool::TcpConn>> made) {
            ASSERT_TRUE(made.has_value());
            conn = std::move(*made);
            conn->start({.on_bytes =
                             [&heard](std::span<const std::uint8_t> bytes) {
                                 heard.append(reinterpret_cast<const char*>(bytes.data()),
                                              bytes.size());
                             },
                         .on_close =
                             [&heard, &loop](pool::CloseReason) {
                                 heard += "<closed>";
                                 loop.stop();
                             }});
            conn->write(sent);
        });
    const pool::Watch limit = loop.after(std::chrono::seconds{10}, [&loop] { loop.stop(); });
    loop.run();
    EXPECT_EQ(server.metrics().sessions.value(), 0);
    return heard;
}

TEST(Server, SendsHttpCallersAwayWithOneLine)
{
    const std::string refusal =
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n<closed>";
    EXPECT_EQ(probe("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), refusal);
    EXPECT_EQ(probe("POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"), refusal);
}

TEST(Server, HangsUpOnStrangers)
{
    EXPECT_EQ(probe("SSH-2.0-OpenSSH_9.2\r\n"), "<closed>");
    EXPECT_EQ(probe(std::string_view{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11}),
              "<closed>");
}

TEST(Server, AnswersBeforeItCloses)
{
    EXPECT_EQ(probe("{\"id\":1,\"method\":\n"),
              R"({"id":null,"result":null,"error":[20,"Invalid JSON",null]})"
              "\n<closed>");
}

}  // namespace
}  // namespace stratum::client
