#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/rpc_running.h"

namespace rpc::testing {
namespace {

TEST(RpcCache, AsksThePoolOnceForAllWhoWantOneAccountInTheSameMoment)
{
    Running server;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(std::make_unique<Client>(server.web()));
        clients.back()->send(
            "GET /api/v1/users/slow HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n");
    }
    // Connections are served in turn: when this one is answered, the others' questions are there.
    EXPECT_EQ(status_of(get(server.web(), "/healthz")), "200");
    server.on_loop([&] { std::exchange(server.pool.waiting, nullptr)(); });
    for (const auto& client : clients) {
        EXPECT_TRUE(has(client->rest(), "\"account\":\"slow\""));
    }
    EXPECT_EQ(server.pool.asked, 1);
}

// They are the dearest answer of all, and whoever asks for the head alone does not even read it.
TEST(RpcCache, AsksThePoolOnceForTheMetricsThatManyWant)
{
    Running server;
    server.pool.metrics_wait = true;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(std::make_unique<Client>(server.web()));
        clients.back()->send("HEAD /metrics HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n");
    }
    EXPECT_EQ(status_of(get(server.web(), "/healthz")), "200");
    server.on_loop([&] { std::exchange(server.pool.waiting, nullptr)(); });
    for (const auto& client : clients) EXPECT_EQ(status_of(client->rest()), "200");
    EXPECT_EQ(server.pool.asked, 1);
}

TEST(RpcCache, SaysTheSameToWhoStaysAsToWhoGoes)
{
    const Running server;
    for (const std::string target : {"/api/v1/pool", "/api/v1/users/miner", "/api/v1/blocks"}) {
        const std::string goes = get(server.web(), target);
        std::string stays = goes;
        const std::string closes = "Connection: close\r\n";
        stays.replace(stays.find(closes), closes.size(), "Connection: keep-alive\r\n");
        Client client{server.web()};
        const std::string line = " " + target + " HTTP/1.1\r\nHost: p\r\n";
        client.send("GET" + line + "\r\nGET" + line + "\r\nHEAD" + line + "\r\nGET" + line +
                    "Connection: close\r\nIf-None-Match: " + header_of(goes, "ETag") + "\r\n\r\n");
        const std::string all = client.rest();
        ASSERT_EQ(all.substr(0, 2 * stays.size()), stays + stays);
        const std::string head = stays.substr(0, stays.find("\r\n\r\n") + 4);
        ASSERT_EQ(all.substr(2 * stays.size(), head.size()), head);
        EXPECT_EQ(status_of(all.substr(2 * stays.size() + head.size())), "304") << all;
    }
}

TEST(RpcCache, AnswersAnewWhenThePoolHasChanged)
{
    Running server;
    for (int i = 0; i < 3; ++i) get(server.web(), "/api/v1/users/miner");
    EXPECT_EQ(server.pool.asked, 1);
    ++server.pool.changes;
    get(server.web(), "/api/v1/users/miner");
    EXPECT_EQ(server.pool.asked, 2);
}

TEST(RpcCache, GivesNobodyWhatItHasKeptForTheBearerOfAToken)
{
    Running server;
    const std::vector<std::string> paths{"",         "/workers", "/history",    "/earnings",
                                         "/payouts", "/window",  "/workers/rig"};
    for (const std::string& path : paths) {
        const std::string target = "/api/v1/users/hidden" + path;
        EXPECT_EQ(status_of(get_by(server.web(), target, both_token)), "200") << path;
        const std::string stranger = get(server.web(), target);
        EXPECT_EQ(status_of(stranger), "401") << path;
        EXPECT_EQ(stranger, get(server.web(), "/api/v1/users/hidden-none" + path)) << path;
        EXPECT_EQ(status_of(get_by(server.web(), target, other_token)), "401") << path;
    }
}

TEST(RpcCache, KeepsApartWhatTokensOfOneAccountMaySee)
{
    Running server;
    const std::string target = "/api/v1/users/hidden";
    for (int round = 0; round < 2; ++round) {
        EXPECT_TRUE(has(get_by(server.web(), target, both_token), "\"available_sat\":4950000000"));
        const std::string rates = get_by(server.web(), target, hashrate_token);
        EXPECT_TRUE(has(rates, "\"available_sat\":null")) << rates;
        EXPECT_TRUE(has(rates, "\"worker_count\":1")) << rates;
        const std::string money = get_by(server.web(), target, earnings_token);
        EXPECT_TRUE(has(money, "\"available_sat\":4950000000")) << money;
        EXPECT_TRUE(has(money, "\"worker_count\":null")) << money;
    }
    EXPECT_EQ(server.pool.asked, 3) << "one question for each kind of token";
}

TEST(RpcCache, KeepsAnswersOfDifferentQuestionsApart)
{
    Running server;
    const std::string first = get(server.web(), "/api/v1/users/farm/workers?limit=1");
    const std::string second = get(server.web(), "/api/v1/users/farm/workers?limit=2");
    EXPECT_LT(first.size(), second.size());
    EXPECT_NE(body_of(get(server.web(), "/users/farm")),
              body_of(get(server.web(), "/api/client/farm")));
    EXPECT_NE(body_of(get(server.web(), "/api/pool")), body_of(get(server.web(), "/api/v1/pool")));
}

/// Twelve questions of one address, none of which is answered before all have been asked.
class TwelveQuestions {
public:
    explicit TwelveQuestions(const Running& server)
    {
        for (int i = 0; i < 12; ++i) {
            clients_.push_back(std::make_unique<Client>(server.web()));
            clients_.back()->send("GET /api/v1/users/slow" + std::to_string(i) +
                                  " HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n");
        }
        // Connections are served in turn: when this one is answered, the others have asked.
        EXPECT_EQ(status_of(get(server.web(), "/healthz")), "200");
    }
    int answered(Running& server) const
    {
        server.on_loop([&] { std::exchange(server.pool.waiting, nullptr)(); });
        int answered = 0;
        for (const auto& client : clients_) {
            const std::string status = status_of(client->rest());
            EXPECT_TRUE(status == "200" || status == "429") << status;
            if (status == "200") ++answered;
        }
        return answered;
    }

private:
    std::vector<std::unique_ptr<Client>> clients_;
};

TEST(RpcCache, AsksForOthersWhileOneAddressInventsQuestions)
{
    ServerOptions options;
    options.spare_loopback = false;
    Running server{options};
    const TwelveQuestions questions{server};
    EXPECT_EQ(server.pool.asked, 8);
    Client other{server.web(), 2};
    other.send("GET /api/v1/users/miner HTTP/1.1\r\nHost: p\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(status_of(other.rest()), "200");
    EXPECT_EQ(questions.answered(server), 8);
    EXPECT_EQ(status_of(get(server.web(), "/api/v1/users/miner")), "200");
}

TEST(RpcCache, BoundsQuestionsByAddressAndPrefixAsItIsTold)
{
    ServerOptions options;
    options.spare_loopback = false;
    options.questions_per_address = 5;
    Running few{options};
    EXPECT_EQ(TwelveQuestions{few}.answered(few), 5);
    options.questions_per_address = 0;
    options.questions_per_prefix = 6;
    Running prefix{options};
    EXPECT_EQ(TwelveQuestions{prefix}.answered(prefix), 6);
}

// All visitors behind a proxy on another machine have its address.
TEST(RpcCache, AnswersAllOfOneAddressWhereQuestionsAreNotBounded)
{
    ServerOptions options;
    options.spare_loopback = false;
    options.questions_per_address = 0;
    options.questions_per_prefix = 0;
    Running server{options};
    EXPECT_EQ(TwelveQuestions{server}.answered(server), 12);
}

}  // namespace
}  // namespace rpc::testing
