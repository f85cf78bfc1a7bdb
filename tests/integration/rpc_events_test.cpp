// What listeners to /api/v1/events and to an account's events hear, and for how long.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/rpc_running.h"

namespace rpc::testing {
namespace {

using nlohmann::json;

ServerOptions soon()
{
    ServerOptions options;
    options.event_every = std::chrono::milliseconds{20};
    return options;
}

std::string listening(const std::string& path, const std::string& token = "")
{
    const std::string by = token.empty() ? "" : "Authorization: Bearer " + token + "\r\n";
    return "GET " + path + " HTTP/1.1\r\nHost: pool\r\n" + by + "\r\n";
}

/// Who listens, from the head of the answer on.
class Ear {
public:
    /// from: as Client has it.
    Ear(std::uint16_t port, const std::string& path, const std::string& token = "",
        std::uint32_t from = 1)
        : client_(port, from)
    {
        client_.send(listening(path, token));
    }
    /// The data of the next event, which is to have that name; nothing when there is none.
    json next(const std::string& name)
    {
        const std::string mark = "event: " + name + "\ndata: ";
        std::size_t at = heard_.find("event: ");
        while (at == std::string::npos || heard_.find("\n\n", at) == std::string::npos) {
            const std::string more = client_.until("\n\n");
            if (more.empty()) return {};
            heard_ += more;
            at = heard_.find("event: ");
        }
        head_ += heard_.substr(0, at);
        const std::string event = heard_.substr(at, heard_.find("\n\n", at) - at);
        heard_.erase(0, at + event.size() + 2);
        EXPECT_TRUE(event.starts_with(mark)) << event;
        return event.starts_with(mark) ? json::parse(event.substr(mark.size())) : json{};
    }
    const std::string& head() const { return head_; }
    /// All that comes until the end.
    std::string rest() { return client_.rest(); }

private:
    Client client_;
    std::string heard_;
    std::string head_;
};

TEST(RpcEvents, TellOfAnAccountAfterThePoolWhatItsOwnAnswerSays)
{
    const Running server{soon()};
    const json whole = json::parse(body_of(get(server.web(), "/api/v1/users/miner")));
    EXPECT_EQ(whole.at("last_share"), 1'700'000'400);
    Ear ear{server.web(), "/api/v1/users/miner/events"};
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(ear.next("pool").at("height"), 812);
        EXPECT_EQ(ear.next("user"), whole);
    }
    EXPECT_EQ(header_of(ear.head(), "Content-Type"), "text/event-stream");
}

TEST(RpcEvents, ShowABearerWhatTheTokenShowsAndNobodyElseAnything)
{
    const Running server{soon()};
    for (const std::string& token : {both_token, hashrate_token, earnings_token}) {
        Ear ear{server.web(), "/api/v1/users/hidden/events", token};
        const json whole =
            json::parse(body_of(get_by(server.web(), "/api/v1/users/hidden", token)));
        for (int round = 0; round < 3; ++round) {
            ear.next("pool");
            EXPECT_EQ(ear.next("user"), whole);
        }
    }
    for (const std::string& token : {std::string{}, other_token}) {
        const std::string refused = get_by(server.web(), "/api/v1/users/hidden/events", token);
        EXPECT_EQ(status_of(refused), "401");
        EXPECT_FALSE(has(refused, "hidden") || has(refused, "event:")) << refused;
    }
    EXPECT_EQ(status_of(get(server.web(), "/api/v1/users/nobody/events")), "404");
}

TEST(RpcEvents, EndWhenTheTokenIsTakenBack)
{
    Running server{soon()};
    Ear ear{server.web(), "/api/v1/users/hidden/events", both_token};
    ear.next("pool");
    ear.next("user");
    server.pool.tokens_revoked = true;
    ear.rest();  // comes to an end
    EXPECT_TRUE(has(get(server.web(), "/metrics"), "event_listeners{listener=\"web\"} 0\n"));
}

// A page that is open costs no reading of its own, however slow the pool lets addresses ask.
TEST(RpcEvents, CountAsNoRequestsOfTheListener)
{
    ServerOptions options = soon();
    options.requests_per_second = 0.25;  // one, and then one in four seconds
    options.spare_loopback = false;
    const Running server{options};
    Ear ear{server.web(), "/api/v1/users/miner/events"};
    for (int round = 0; round < 20; ++round) {
        ASSERT_FALSE(ear.next("pool").is_null()) << round;
        ASSERT_FALSE(ear.next("user").is_null()) << round;
    }
}

// Somebody listened to the account first, and keeps as many slow questions open as he may have.
TEST(RpcEvents, OfAnAccountAreToldThoughItsFirstListenerHasAskedEnough)
{
    ServerOptions options = soon();
    options.spare_loopback = false;
    Running server{options};
    Ear first{server.web(), "/api/v1/users/miner/events", "", 2};
    Ear owner{server.web(), "/api/v1/users/miner/events", "", 3};
    ASSERT_FALSE(first.next("pool").is_null());
    ASSERT_FALSE(owner.next("pool").is_null());
    std::vector<std::unique_ptr<Client>> slow;
    for (int i = 0; i < 8; ++i) {
        slow.push_back(std::make_unique<Client>(server.web(), 2));
        slow.back()->send("GET /api/v1/users/slow" + std::to_string(i) +
                          " HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n");
    }
    // Connections are served in turn: when this one is answered, the others have asked.
    EXPECT_EQ(status_of(get(server.web(), "/healthz")), "200");
    for (int round = 0; round < 5; ++round) {
        ++server.pool.changes;  // what is kept answers nobody
        ASSERT_FALSE(owner.next("user").is_null()) << round;
        ASSERT_FALSE(owner.next("pool").is_null()) << round;
    }
    server.on_loop([&] { std::exchange(server.pool.waiting, nullptr)(); });
}

TEST(RpcEvents, AreAStreamForGetAloneAndHaveAnEndForHead)
{
    const Running server{soon()};
    const std::string head = ask(server.web(), "HEAD /api/v1/users/miner/events HTTP/1.1\r\n");
    EXPECT_EQ(status_of(head), "200");
    EXPECT_EQ(body_of(head), "");
}

}  // namespace
}  // namespace rpc::testing
