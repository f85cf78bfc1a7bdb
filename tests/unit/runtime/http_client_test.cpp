#include "pool/runtime/http_client.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/runtime/http_message.h"
#include "pool/runtime/tcp.h"
#include "tests/unit/runtime/test_loop.h"

namespace pool {
namespace {

using std::chrono::milliseconds;

/// A server on the loop of the test: answers what `answer` gives, or keeps silent on nothing.
class TinyServer {
public:
    using Answer = std::function<std::optional<HttpResponse>(const HttpRequest&)>;

    TinyServer(Loop& loop, Answer answer) : answer_(std::move(answer))
    {
        auto listener =
            TcpListener::listen(loop, {.address = {"127.0.0.1", 0}},
                                [this](std::unique_ptr<TcpConn> conn) { take(std::move(conn)); });
        EXPECT_TRUE(listener) << listener.error().detail;
        if (listener) listener_ = std::move(*listener);
    }

    std::string url(const std::string& path = "/") const
    {
        return "http://127.0.0.1:" + std::to_string(listener_->port()) + path;
    }
    int connections() const { return next_; }
    std::size_t open() const { return peers_.size(); }
    /// Answers every request that was kept waiting.
    void release(const HttpResponse& response)
    {
        for (const int id : std::exchange(waiting_, {})) {
            const auto peer = peers_.find(id);
            if (peer != peers_.end()) peer->second.conn->write(render(response, true));
        }
    }
    std::size_t waiting() const { return waiting_.size(); }

private:
    struct Peer {
        std::unique_ptr<TcpConn> conn;
        HttpParser parser;
    };

    void take(std::unique_ptr<TcpConn> conn)
    {
        const int id = next_++;
        conn->set_write_queue_max(std::size_t{64} << 20);
        conn->start({.on_bytes =
                         [this, id](std::span<const std::uint8_t> bytes) {
                             serve(id, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
                         },
                     .on_close = [this, id](CloseReason) { peers_.erase(id); }});
        peers_.emplace(id, Peer{std::move(conn), HttpParser{{.head_max = std::size_t{16} << 10,
                                                             .body_max = std::size_t{8} << 20}}});
    }

    void serve(int id, std::string_view bytes)
    {
        Peer& peer = peers_.at(id);
        const auto requests = peer.parser.feed(bytes);
        ASSERT_TRUE(requests) << requests.error().detail;
        for (const HttpRequest& request : *requests) {
            const auto response = answer_(request);
            if (response) {
                peer.conn->write(render(*response, request.keep_alive));
            } else {
                waiting_.push_back(id);
            }
        }
    }

    Answer answer_;
    std::unique_ptr<TcpListener> listener_;
    std::map<int, Peer> peers_;
    std::vector<int> waiting_;
    int next_ = 0;
};

HttpCall call_to(const std::string& url, const std::string& body = {})
{
    return {.url = url, .body = body};
}

TEST(HttpClient, GetsAndPosts)
{
    TestLoop test;
    std::vector<HttpRequest> seen;
    TinyServer server{test.loop, [&](const HttpRequest& request) {
                          seen.push_back(request);
                          return HttpResponse{.status = 201, .body = "answer"};
                      }};
    HttpClient client{test.loop};
    bool inside = true;
    const auto then_post = [&](const Result<HttpAnswer>& answer) {
        EXPECT_FALSE(inside);
        ASSERT_TRUE(answer) << answer.error().detail;
        EXPECT_EQ(answer->status, 201);
        EXPECT_EQ(answer->body, "answer");
        client.call(call_to(server.url("/post"), "{\"method\":\"x\"}"),
                    [&](const Result<HttpAnswer>& second) {
                        EXPECT_TRUE(second);
                        test.loop.stop();
                    });
    };
    client.call(call_to(server.url("/get?a=b")), then_post);
    inside = false;
    test.run();
    ASSERT_EQ(seen.size(), 2U);
    EXPECT_EQ(seen[0].method, "GET");
    EXPECT_EQ(seen[0].path, "/get");
    EXPECT_EQ(seen[0].header("authorization"), "");
    EXPECT_EQ(seen[1].method, "POST");
    EXPECT_EQ(seen[1].header("content-type"), "application/json");
    EXPECT_EQ(seen[1].header("expect"), "");
    EXPECT_EQ(seen[1].body, "{\"method\":\"x\"}");
    EXPECT_EQ(server.connections(), 1) << "the second call takes the connection of the first";
}

TEST(HttpClient, KeepsOneConnectionForManyCallsInTurn)
{
    TestLoop test;
    TinyServer server{test.loop, [](const HttpRequest&) { return HttpResponse{.body = "ok"}; }};
    HttpClient client{test.loop};
    int answers = 0;
    std::function<void()> next = [&] {
        client.call(call_to(server.url(), "{}"), [&](const Result<HttpAnswer>& answer) {
            ASSERT_TRUE(answer) << answer.error().detail;
            if (++answers == 100) return test.loop.stop();
            next();
        });
    };
    next();
    test.run();
    EXPECT_EQ(answers, 100);
    EXPECT_EQ(server.connections(), 1);
}

// RFC 7617, section 2: base64 of "Aladdin:open sesame".
TEST(HttpClient, SendsBasicAuthenticationWhenThereIsAUser)
{
    TestLoop test;
    std::string authorization;
    TinyServer server{test.loop, [&](const HttpRequest& request) {
                          authorization = request.header("authorization");
                          return HttpResponse{.status = 401};
                      }};
    HttpClient client{test.loop};
    HttpCall call = call_to(server.url());
    call.user = "Aladdin";
    call.password = "open sesame";
    client.call(call, [&](const Result<HttpAnswer>& answer) {
        ASSERT_TRUE(answer);
        EXPECT_EQ(answer->status, 401);
        test.loop.stop();
    });
    test.run();
    EXPECT_EQ(authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

TEST(HttpClient, SaysThatTheDeadlinePassed)
{
    TestLoop test;
    TinyServer server{test.loop, [](const HttpRequest&) { return std::optional<HttpResponse>{}; }};
    HttpClient client{test.loop};
    HttpCall call = call_to(server.url("/slow?token=secret"));
    call.deadline = milliseconds{50};
    client.call(call, [&](const Result<HttpAnswer>& answer) {
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, Error::Code::unavailable);
        EXPECT_EQ(answer.error().detail, server.url("/slow") + " did not answer within 50 ms");
        test.loop.stop();
    });
    test.run();
}

TEST(HttpClient, SaysThatNobodyListensWithoutNamingCredentials)
{
    TestLoop test;
    std::string port;
    {
        const auto closed_again = TcpListener::listen(test.loop, {.address = {"127.0.0.1", 0}},
                                                      [](std::unique_ptr<TcpConn>) {});
        ASSERT_TRUE(closed_again);
        port = std::to_string((*closed_again)->port());
    }
    HttpClient client{test.loop};
    client.call(call_to("http://user:secret@127.0.0.1:" + port + "/wallet/a@b?c=secret"),
                [&](const Result<HttpAnswer>& answer) {
                    ASSERT_FALSE(answer);
                    EXPECT_EQ(answer.error().code, Error::Code::unavailable);
                    EXPECT_EQ(answer.error().detail,
                              "http://127.0.0.1:" + port + "/wallet/a@b refused the connection");
                    test.loop.stop();
                });
    test.run();
}

TEST(HttpClient, SpeaksPlainHttpOnly)
{
    TestLoop test;
    HttpClient client{test.loop};
    int answers = 0;
    for (const std::string url : {"file:///etc/passwd", "ftp://127.0.0.1/", "", "http://", "://"}) {
        client.call(call_to(url), [&, url](const Result<HttpAnswer>& answer) {
            ASSERT_FALSE(answer) << url;
            EXPECT_EQ(answer.error().code, Error::Code::invalid) << answer.error().detail;
            if (++answers == 5) test.loop.stop();
        });
    }
    test.run();
    EXPECT_EQ(answers, 5);
}

TEST(HttpClient, StopsReadingAnAnswerOverItsLimit)
{
    TestLoop test;
    TinyServer server{test.loop, [](const HttpRequest& request) {
                          const std::size_t size = request.path == "/fits" ? 1000 : 1001;
                          return HttpResponse{.body = std::string(size, 'x')};
                      }};
    HttpClient client{test.loop};
    int answers = 0;
    HttpCall call = call_to(server.url("/fits"));
    call.answer_max = 1000;
    client.call(call, [&](const Result<HttpAnswer>& answer) {
        ASSERT_TRUE(answer) << answer.error().detail;
        EXPECT_EQ(answer->body.size(), 1000U);
        if (++answers == 2) test.loop.stop();
    });
    call.url = server.url("/large");
    client.call(call, [&](const Result<HttpAnswer>& answer) {
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, Error::Code::limit);
        EXPECT_EQ(answer.error().detail,
                  server.url("/large") + " answered with more than 1000 bytes");
        if (++answers == 2) test.loop.stop();
    });
    test.run();
    EXPECT_EQ(answers, 2);
}

TEST(HttpClient, TakesLargeBodiesBothWays)
{
    TestLoop test;
    const std::string body(std::size_t{4} << 20, 'b');
    TinyServer server{test.loop, [&](const HttpRequest& request) {
                          EXPECT_TRUE(request.body == body);
                          EXPECT_EQ(request.header("expect"), "") << "would cost a second";
                          return HttpResponse{.body = request.body};
                      }};
    HttpClient client{test.loop};
    client.call(call_to(server.url(), body), [&](const Result<HttpAnswer>& answer) {
        ASSERT_TRUE(answer) << answer.error().detail;
        EXPECT_TRUE(answer->body == body);
        test.loop.stop();
    });
    test.run();
}

TEST(HttpClient, AnswersOthersWhileALongPollWaits)
{
    TestLoop test;
    TinyServer server{test.loop, [](const HttpRequest& request) -> std::optional<HttpResponse> {
                          if (request.path == "/longpoll") return {};
                          return HttpResponse{.body = "quick"};
                      }};
    HttpClient client{test.loop};
    std::string order;
    client.call(call_to(server.url("/longpoll")), [&](const Result<HttpAnswer>& answer) {
        ASSERT_TRUE(answer) << answer.error().detail;
        order += "long";
        test.loop.stop();
    });
    int quick = 0;
    std::function<void()> next = [&] {
        client.call(call_to(server.url("/quick")), [&](const Result<HttpAnswer>& answer) {
            ASSERT_TRUE(answer) << answer.error().detail;
            order += "q";
            if (++quick < 10 || server.waiting() == 0) return next();
            server.release({.body = "news"});
        });
    };
    next();
    test.run();
    EXPECT_GE(quick, 10);
    EXPECT_TRUE(order.ends_with("qlong")) << order;
    EXPECT_LE(server.connections(), 2);
}

TEST(HttpClient, SaysThatTheServerHungUp)
{
    TestLoop test;
    std::unique_ptr<TcpConn> peer;
    const auto listener = TcpListener::listen(
        test.loop, {.address = {"127.0.0.1", 0}}, [&](std::unique_ptr<TcpConn> conn) {
            peer = std::move(conn);
            peer->start({.on_bytes = [&](auto) { peer.reset(); }, .on_close = {}});
        });
    ASSERT_TRUE(listener);
    HttpClient client{test.loop};
    const std::string url = "http://127.0.0.1:" + std::to_string((*listener)->port()) + "/";
    client.call(call_to(url), [&](const Result<HttpAnswer>& answer) {
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code, Error::Code::unavailable);
        EXPECT_TRUE(answer.error().detail.starts_with(url + ": ")) << answer.error().detail;
        test.loop.stop();
    });
    test.run();
}

TEST(HttpClient, DroppedWithCallsInFlightCallsNobody)
{
    TestLoop test;
    TinyServer server{test.loop, [](const HttpRequest&) { return std::optional<HttpResponse>{}; }};
    const auto held = std::make_shared<int>(0);
    std::optional<HttpClient> client;
    client.emplace(test.loop);
    for (int i = 0; i < 3; ++i) {
        client->call(call_to(server.url()),
                     [held](const Result<HttpAnswer>&) { ADD_FAILURE() << "dropped"; });
    }
    Watch drop = test.loop.at_turn_end([&] {
        if (server.waiting() == 3) client.reset();
        if (!client && server.open() == 0) test.loop.stop();
    });
    test.run();
    EXPECT_EQ(held.use_count(), 1);
}

TEST(HttpClient, MayBeDroppedInsideADoneWithOthersDueInTheSameTurn)
{
    TestLoop test;
    auto client = std::make_unique<HttpClient>(test.loop);
    int calls = 0;
    // Refused before any socket is opened, hence together.
    for (int i = 0; i < 3; ++i) {
        client->call(call_to("gopher://127.0.0.1/"), [&](const Result<HttpAnswer>&) {
            ++calls;
            client.reset();
            test.loop.stop();
        });
    }
    test.run();
    EXPECT_EQ(calls, 1);
}

TEST(HttpClient, MayOutliveItsLoop)
{
    std::optional<TestLoop> test;
    test.emplace();
    auto server = std::make_unique<TinyServer>(
        test->loop, [&](const HttpRequest&) { return std::optional<HttpResponse>{}; });
    HttpClient client{test->loop};
    int answers = 0;
    client.call(call_to(server->url()), [&](const Result<HttpAnswer>&) { ++answers; });
    Watch until = test->loop.at_turn_end([&] {
        if (server->waiting() == 1) test->loop.stop();
    });
    test->run();
    server.reset();
    test.reset();
    EXPECT_EQ(answers, 0) << "nobody is called from a loop that is gone";
}

}  // namespace
}  // namespace pool
