#include "pool/app/webhooks.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pool/base/bytes.h"
#include "pool/runtime/http_message.h"
#include "rpc/auth.h"
#include "tests/integration/rpc_running.h"
#include "tests/support/process.h"

namespace pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string secret = "a secret of thirty-two characters";

/// Somebody's server that is told of events: answers as the test says, and keeps what it heard.
class Receiver {
public:
    Receiver()
    {
        auto listener =
            TcpListener::listen(loop_, {.address = {"127.0.0.1", 0}},
                                [this](std::unique_ptr<TcpConn> conn) { serve(std::move(conn)); });
        check(listener.has_value(), "a port of 127.0.0.1 is free");
        listener_ = std::move(*listener);
        thread_ = std::thread{[this] { loop_.run(); }};
    }
    ~Receiver()
    {
        loop_.stop();
        thread_.join();
    }
    std::string url() const
    {
        return "http://127.0.0.1:" + std::to_string(listener_->port()) + "/hook?token=hidden";
    }
    /// 0: it never answers.
    void answer_with(int status) { status_ = status; }
    std::vector<HttpRequest> wait_for(std::size_t count)
    {
        std::unique_lock lock{mutex_};
        EXPECT_TRUE(more_.wait_for(lock, seconds{30}, [&] { return requests_.size() >= count; }));
        return requests_;
    }

private:
    struct Peer {
        std::unique_ptr<TcpConn> conn;
        HttpParser parser;
    };
    void serve(std::unique_ptr<TcpConn> conn)
    {
        auto peer = std::make_shared<Peer>();
        peer->conn = std::move(conn);
        peers_.push_back(peer);
        peer->conn->start({.on_bytes =
                               [this, peer = peer.get()](std::span<const std::uint8_t> bytes) {
                                   auto requests = peer->parser.feed(
                                       {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
                                   check(requests.has_value(), "libcurl speaks HTTP");
                                   for (HttpRequest& request : *requests)
                                       hear(*peer, std::move(request));
                               },
                           .on_close = [](CloseReason) {}});
    }
    void hear(Peer& peer, HttpRequest request)
    {
        const int status = status_;
        {
            const std::lock_guard lock{mutex_};
            requests_.push_back(std::move(request));
        }
        more_.notify_all();
        HttpResponse response;
        response.status = status;
        if (status != 0) peer.conn->write(render(response, true));
    }

    Loop loop_;
    std::unique_ptr<TcpListener> listener_;
    std::vector<std::shared_ptr<Peer>> peers_;
    std::atomic<int> status_{200};
    std::mutex mutex_;
    std::condition_variable more_;
    std::vector<HttpRequest> requests_;
    std::thread thread_;
};

/// A pool whose blocks and payouts are as the test says; touched on the loop only.
class Changing : public rpc::testing::FakePool {
public:
    void blocks(std::uint32_t, const std::optional<rpc::BlockCursor>&,
                Done<std::vector<rpc::BlockInfo>> done) override
    {
        ++looks;
        done(all);
    }
    void payouts_to_follow(std::uint32_t, Done<std::vector<rpc::PayoutInfo>> done) override
    {
        ++looks_at_payouts;
        done(followed);
    }
    std::vector<rpc::BlockInfo> all;
    std::vector<rpc::PayoutInfo> followed;
    std::atomic<int> looks{0};
    std::atomic<int> looks_at_payouts{0};
};

class NoWork : public rpc::WorkControl {
public:
    void current(Done<rpc::TemplateInfo>) override {}
    void nodes(Done<std::vector<rpc::BitcoindInfo>> done) override
    {
        done(std::vector<rpc::BitcoindInfo>{});
    }
    void jobs(std::size_t, Done<std::vector<rpc::JobInfo>>) override {}
    void set_node(const std::string&, bool, Done<bool>) override {}
    void refresh() override {}
};

/// Webhooks to one receiver, on a loop of their own.
class Telling {
public:
    explicit Telling(const Receiver& receiver, Webhooks::Paces paces = quick(),
                     std::vector<std::string> events = {},
                     rpc::WebhookFormat format = rpc::WebhookFormat::json,
                     std::vector<rpc::BlockInfo> there = {},
                     const std::filesystem::path& told_file = {})
    {
        pool_.all = std::move(there);
        WebhookConfig hook;
        hook.url = receiver.url();
        hook.host = "127.0.0.1";
        hook.secret = secret;
        hook.format = format;
        hook.events = std::move(events);
        if (format == rpc::WebhookFormat::telegram) hook.chat = "-100123";
        hooks_ =
            std::make_unique<Webhooks>(loop_, pool_, work_, std::vector{hook},
                                       rpc::WebhookSender{"a", "regtest"}, 7, paces, told_file);
        loop_.post([this] { hooks_->start(); });
        thread_ = std::thread{[this] { loop_.run(); }};
        EXPECT_TRUE(tests::eventually(seconds{10}, [this] { return pool_.looks > 0; }));
    }
    ~Telling()
    {
        loop_.stop();
        thread_.join();
    }
    static Webhooks::Paces quick()
    {
        Webhooks::Paces paces;
        paces.look = milliseconds{10};
        paces.deadline = milliseconds{20'000};
        paces.queue.pause_first = milliseconds{10};
        paces.queue.pause_longest = milliseconds{20};
        return paces;
    }
    void find_block(const std::string& hash, const std::string& state = "immature")
    {
        loop_.post([this, hash, state] {
            rpc::BlockInfo block;
            block.hash = hash;
            block.state = state;
            pool_.all.insert(pool_.all.begin(), block);
        });
    }
    /// The pool's only payout is so from now on, and was seen so; "": there is none.
    void payout_is(const std::string& state)
    {
        std::atomic<bool> is_so{false};
        loop_.post([&] {
            pool_.followed.clear();
            if (!state.empty()) {
                auto& payout = pool_.followed.emplace_back();
                payout.id = 40;
                payout.state = state;
            }
            pool_.looks_at_payouts = 0;
            is_so = true;
        });
        EXPECT_TRUE(
            tests::eventually(seconds{10}, [&] { return is_so && pool_.looks_at_payouts > 0; }));
    }
    double counted(const std::string& result)
    {
        std::atomic<double> value{-1};
        loop_.post([&] {
            std::vector<rpc::Metric> metrics;
            hooks_->add_metrics(metrics);
            double found = 0;
            for (const rpc::Metric& metric : metrics) {
                for (const auto& [name, text] : metric.labels) {
                    if (name == "result" && text == result) found = metric.value;
                }
            }
            value = found;
        });
        EXPECT_TRUE(tests::eventually(seconds{10}, [&] { return value >= 0; }));
        return value;
    }

private:
    Loop loop_;
    Changing pool_;
    NoWork work_;
    std::unique_ptr<Webhooks> hooks_;
    std::thread thread_;
};

std::string signature_of(const HttpRequest& request)
{
    const std::string signed_text =
        std::string{request.header("x-pool-timestamp")} + "." + request.body;
    return "sha256=" + to_hex(rpc::hmac_sha256(secret, signed_text));
}

TEST(Webhooks, TellAReceiverOfABlockAndSignIt)
{
    Receiver receiver;
    Telling telling{receiver};
    telling.find_block("aa");
    const HttpRequest request = receiver.wait_for(1).front();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/hook");
    EXPECT_EQ(request.header("content-type"), "application/json");
    EXPECT_EQ(request.header("x-pool-event"), "block.found");
    EXPECT_EQ(request.header("x-pool-signature"), signature_of(request));
    const auto body = nlohmann::json::parse(request.body);
    EXPECT_EQ(body.at("event"), "block.found");
    EXPECT_EQ(body.at("id"), std::string{request.header("x-pool-id")});
    EXPECT_EQ(body.at("data").at("hash"), "aa");
    EXPECT_TRUE(tests::eventually(seconds{10}, [&] { return telling.counted("delivered") == 1; }));
}

TEST(Webhooks, TryAgainUntilTheReceiverTakesItAndKeepTheOrder)
{
    Receiver receiver;
    receiver.answer_with(500);
    Telling telling{receiver};
    telling.find_block("aa");
    receiver.wait_for(3);
    telling.find_block("bb");
    receiver.answer_with(204);
    ASSERT_TRUE(tests::eventually(seconds{30}, [&] { return telling.counted("delivered") == 2; }));
    const auto requests = receiver.wait_for(4);
    const std::string first{requests.front().header("x-pool-id")};
    for (std::size_t i = 0; i + 1 < requests.size(); ++i) {
        EXPECT_EQ(requests[i].header("x-pool-id"), first) << "the same event, told again";
        EXPECT_EQ(requests[i].header("x-pool-signature"), signature_of(requests[i]));
    }
    EXPECT_NE(requests.back().header("x-pool-id"), first);
    EXPECT_GE(telling.counted("failed_attempt"), 3);
}

rpc::BlockInfo block_of(const std::string& hash, const std::string& state)
{
    rpc::BlockInfo block;
    block.hash = hash;
    block.state = state;
    return block;
}

/// The ids that a receiver has heard, in order.
std::vector<std::string> ids_of(const std::vector<HttpRequest>& requests)
{
    std::vector<std::string> ids;
    for (const HttpRequest& request : requests) ids.emplace_back(request.header("x-pool-id"));
    return ids;
}

TEST(Webhooks, TellInTheirNextLifeWhatBecameOfBlocksSinceTheOneBefore)
{
    const tests::TempDir dir;
    const auto file = dir.path() / "webhooks.told";
    Receiver receiver;
    const auto life = [&](std::vector<rpc::BlockInfo> there) {
        return std::make_unique<Telling>(receiver, Telling::quick(), std::vector<std::string>{},
                                         rpc::WebhookFormat::json, std::move(there), file);
    };
    {
        const auto first = life({block_of("aa", "immature")});
        first->find_block("bb");
        receiver.wait_for(1);
        EXPECT_TRUE(
            tests::eventually(seconds{10}, [&] { return first->counted("delivered") == 1; }));
    }
    const auto second =
        life({block_of("cc", "immature"), block_of("bb", "orphaned"), block_of("aa", "mature")});
    const std::vector<std::string> expected{"block.found:bb", "block.matured:aa",
                                            "block.orphaned:bb:1", "block.found:cc"};
    EXPECT_EQ(ids_of(receiver.wait_for(4)), expected);
}

// Who acts on "failed" pays by hand: the payment must not be mined any more.
TEST(Webhooks, TellThatAPayoutFailedOnlyOnceItIsBack)
{
    Receiver receiver;
    Telling telling{receiver};
    telling.payout_is("broadcast");
    EXPECT_EQ(ids_of(receiver.wait_for(1)), std::vector<std::string>{"payout.sent:40"});
    telling.payout_is("cancelling");
    telling.find_block("aa");
    telling.payout_is("");
    const std::vector<std::string> expected{"payout.sent:40", "block.found:aa", "payout.failed:40"};
    EXPECT_EQ(ids_of(receiver.wait_for(3)), expected);
}

TEST(Webhooks, TellInTheirNextLifeWhatNobodyHasTaken)
{
    const tests::TempDir dir;
    const auto file = dir.path() / "webhooks.told";
    Receiver receiver;
    const auto life = [&](std::vector<rpc::BlockInfo> there) {
        return std::make_unique<Telling>(receiver, Telling::quick(), std::vector<std::string>{},
                                         rpc::WebhookFormat::json, std::move(there), file);
    };
    life({block_of("aa", "immature")}).reset();
    receiver.answer_with(500);
    {
        const auto second = life({block_of("aa", "immature")});
        second->find_block("bb");
        receiver.wait_for(2);
    }
    receiver.answer_with(200);
    const auto third = life({block_of("bb", "immature"), block_of("aa", "immature")});
    EXPECT_TRUE(tests::eventually(seconds{10}, [&] { return third->counted("delivered") == 1; }));
    for (const std::string& id : ids_of(receiver.wait_for(3))) EXPECT_EQ(id, "block.found:bb");
}

TEST(Webhooks, BeginAnewWhereWhatWasToldCannotBeRead)
{
    const tests::TempDir dir;
    const auto file = dir.path() / "webhooks.told";
    std::ofstream{file} << "{\"blocks\":";
    Receiver receiver;
    Telling telling{
        receiver, Telling::quick(), {}, rpc::WebhookFormat::json, {block_of("aa", "immature")},
        file};
    telling.find_block("bb");
    EXPECT_EQ(ids_of(receiver.wait_for(1)).front(), "block.found:bb");
    EXPECT_TRUE(tests::eventually(seconds{10}, [&] {
        std::ifstream kept{file};
        const std::string text{std::istreambuf_iterator<char>{kept}, {}};
        return rpc::events_told_from(text).has_value();
    }));
}

TEST(Webhooks, SendNothingThatAReceiverDoesNotWant)
{
    Receiver receiver;
    Telling telling{receiver, Telling::quick(), {"block.orphaned"}};
    telling.find_block("aa");
    telling.find_block("bb", "orphaned");
    const auto requests = receiver.wait_for(1);
    EXPECT_EQ(requests.front().header("x-pool-event"), "block.orphaned");
    EXPECT_TRUE(tests::eventually(seconds{10}, [&] { return telling.counted("delivered") == 1; }));
}

TEST(Webhooks, TellABotOfTelegramWhomToTell)
{
    Receiver receiver;
    Telling telling{receiver, Telling::quick(), {}, rpc::WebhookFormat::telegram};
    telling.find_block("aa");
    const auto body = nlohmann::json::parse(receiver.wait_for(1).front().body);
    EXPECT_EQ(body.at("chat_id"), "-100123");
    EXPECT_EQ(body.at("text"), "Block 0 (aa): found");
}

TEST(Webhooks, TellATopicOfNtfyInPlainWords)
{
    Receiver receiver;
    Telling telling{receiver, Telling::quick(), {}, rpc::WebhookFormat::ntfy};
    telling.find_block("aa");
    EXPECT_EQ(receiver.wait_for(1).front().body, "Block 0 (aa): found");
}

// Telegram's URL holds the bot's token, ntfy's the topic, Slack's a key.
TEST(Webhooks, LogNothingOfAUrlButItsHost)
{
    ::testing::internal::CaptureStderr();
    {
        Receiver receiver;
        receiver.answer_with(500);
        Telling telling{receiver, Telling::quick(), {}, rpc::WebhookFormat::telegram};
        telling.find_block("aa");
        receiver.wait_for(2);
        receiver.answer_with(200);
        ASSERT_TRUE(
            tests::eventually(seconds{10}, [&] { return telling.counted("delivered") == 1; }));
    }
    const std::string log = ::testing::internal::GetCapturedStderr();
    EXPECT_NE(log.find("webhook_failed host=127.0.0.1"), std::string::npos) << log;
    EXPECT_EQ(log.find("hidden"), std::string::npos) << log;
    EXPECT_EQ(log.find("/hook"), std::string::npos) << log;
    EXPECT_EQ(log.find(secret), std::string::npos) << log;
}

TEST(Webhooks, HoldNothingUpAndStayBoundedWhenAReceiverNeverAnswers)
{
    Receiver receiver;
    receiver.answer_with(0);
    Webhooks::Paces paces = Telling::quick();
    paces.queue.waiting_max = 5;
    Telling telling{receiver, paces};
    telling.find_block("first");
    receiver.wait_for(1);
    // The loop answers each of these while the delivery hangs.
    for (int i = 0; i < 20; ++i) telling.find_block(std::to_string(i));
    EXPECT_TRUE(tests::eventually(seconds{10}, [&] { return telling.counted("dropped") == 16; }))
        << telling.counted("dropped");
    EXPECT_EQ(telling.counted("delivered"), 0);
}

}  // namespace
}  // namespace pool
