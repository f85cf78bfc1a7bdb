#include <chrono>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "rpc/server_site.h"
#include "rpc/views.h"
#include "tests/integration/openapi_schema.h"
#include "tests/integration/rpc_running.h"

namespace rpc::testing {
namespace {

using nlohmann::json;

TEST(RpcApi, TellsListenersAsItsOpenApiDocumentSays)
{
    const Running server;
    const Schema schema = described(server);
    const json& kinds = schema.document().at("components").at("schemas");
    for (const std::string& token : {both_token, hashrate_token, earnings_token}) {
        Client listener{server.web()};
        listener.send(
            "GET /api/v1/users/hidden/events HTTP/1.1\r\nHost: pool\r\n"
            "Authorization: Bearer " +
            token + "\r\n\r\n");
        std::string text;
        while (!has(text, "event: user") || !text.ends_with("\n\n")) text += listener.until("\n");
        std::istringstream said{text};
        std::map<std::string, json> told;
        std::string name;
        for (std::string line; std::getline(said, line);) {
            if (line.starts_with("event: ")) name = line.substr(7);
            if (line.starts_with("data: ")) told[name] = json::parse(line.substr(6));
        }
        ASSERT_EQ(told.size(), 2U);
        EXPECT_EQ(schema.fault(kinds.at("Pool"), told.at("pool"), "pool"), "");
        EXPECT_EQ(schema.fault(kinds.at("User"), told.at("user"), "user"), "");
    }
    for (const std::string& token : {std::string{}, other_token}) {
        const std::string refused = get_by(server.web(), "/api/v1/users/hidden/events", token);
        EXPECT_EQ(schema.fault_of_answer("/api/v1/users/{account}/events", refused), "");
    }
}

TEST(RpcApi, AnswersAsItsOpenApiDocumentSays)
{
    const Running server;
    const Schema schema = described(server);
    const std::vector<std::pair<std::string, std::string>> asked{
        {"/api/v1/pool", "/api/v1/pool"},
        {"/api/v1/network", "/api/v1/network"},
        {"/api/v1/terms", "/api/v1/terms"},
        {"/api/v1/luck", "/api/v1/luck"},
        {"/api/v1/blocks", "/api/v1/blocks?limit=2"},
        {"/api/v1/blocks", "/api/v1/blocks?limit=0"},
        {"/api/v1/blocks", "/api/v1/blocks?cursor=812:" + std::string(64, 'a')},
        {"/api/v1/blocks", "/api/v1/blocks?cursor=812"},
        {"/api/v1/blocks/{block}", "/api/v1/blocks/812"},
        {"/api/v1/blocks/{block}", "/api/v1/blocks/x"},
        {"/api/v1/users/{account}", "/api/v1/users/miner"},
        {"/api/v1/users/{account}", "/api/v1/users/nobody"},
        {"/api/v1/users/{account}/workers", "/api/v1/users/farm/workers"},
        {"/api/v1/users/{account}/workers", "/api/v1/users/farm/workers?limit=x"},
        {"/api/v1/pool/history", "/api/v1/pool/history?range=7d"},
        {"/api/v1/pool/history", "/api/v1/pool/history?range=8d"},
        {"/api/v1/users/{account}/history", "/api/v1/users/miner/history"},
        {"/api/v1/users/{account}/history", "/api/v1/users/nobody/history?range=6h"},
        {"/api/v1/users/{account}/workers/{worker}/history",
         "/api/v1/users/miner/workers/rig/history?range=30d"},
        {"/api/v1/pool/history", "/api/v1/pool/history?range=2y"},
        {"/api/v1/pool/history", "/api/v1/pool/history?step=7m"},
        {"/api/v1/users/{account}/history", "/api/v1/users/miner/history?range=24h&step=1m"},
        {"/api/v1/users/{account}/workers/{worker}/history",
         "/api/v1/users/miner/workers/rig/history?range=1y"},
        {"/api/v1/users/{account}/sites", "/api/v1/users/miner/sites"},
        {"/api/v1/users/{account}/sites", "/api/v1/users/nobody/sites"},
        {"/api/v1/users/{account}/sites/{site}/history", "/api/v1/users/miner/sites/brest/history"},
        {"/api/v1/users/{account}/sites/{site}/history", "/api/v1/users/miner/sites/none/history"},
        {"/api/v1/users/{account}/sites/{site}/history",
         "/api/v1/users/miner/sites/brest/history?step=1s"},
        {"/api/v1/users/{account}/earnings", "/api/v1/users/miner/earnings?limit=3"},
        {"/api/v1/users/{account}/earnings", "/api/v1/users/miner/earnings?cursor=7"},
        {"/api/v1/users/{account}/payouts", "/api/v1/users/miner/payouts?cursor=x"},
        {"/api/v1/users/{account}/earnings", "/api/v1/users/miner/earnings?limit=1001"},
        {"/api/v1/users/{account}/window", "/api/v1/users/miner/window"},
        {"/api/v1/users/{account}/window", "/api/v1/users/nobody/window"},
        {"/api/v1/users/{account}/payouts", "/api/v1/users/miner/payouts"},
        {"/api/v1/users/{account}/payouts", "/api/v1/users/nobody/payouts"},
        {"/api/v1/users/{account}/payouts", "/api/v1/users/miner/payouts?limit=0"},
        {"/api/v1/users/{account}/workers/{worker}", "/api/v1/users/miner/workers/rig"},
        {"/api/v1/users/{account}/workers/{worker}", "/api/v1/users/miner/workers/none"},
        {"/api/v1/blocks/{block}", "/api/v1/blocks/" + std::string(64, 'a')},
        {"/api/v1/blocks/{block}", "/api/v1/blocks/" + std::string(64, 'b')},
        {"/api/v1/payouts", "/api/v1/payouts"},
        {"/api/v1/payouts", "/api/v1/payouts?limit=1&cursor=7"},
        {"/api/v1/payouts", "/api/v1/payouts?limit=101"},
    };
    std::set<std::string> covered{"/api/v1/events", "/api/v1/users/{account}/events"};  // below
    for (const auto& [path, target] : asked) {
        EXPECT_EQ(schema.fault_of_answer(path, get(server.web(), target)), "") << target;
        covered.insert(path);
    }
    const std::vector<std::pair<std::string, std::string>> asked_by_token{
        {"/api/v1/watch", "/api/v1/watch"},
        {"/api/v1/users/{account}", "/api/v1/users/hidden"},
        {"/api/v1/users/{account}/workers", "/api/v1/users/hidden/workers"},
        {"/api/v1/users/{account}/earnings", "/api/v1/users/hidden/earnings"},
        {"/api/v1/users/{account}/window", "/api/v1/users/hidden/window"},
        {"/api/v1/users/{account}/history", "/api/v1/users/hidden/history"},
        {"/api/v1/users/{account}/sites", "/api/v1/users/hidden/sites"},
        {"/api/v1/users/{account}/sites/{site}/history", "/api/v1/users/hidden/sites/main/history"},
        {"/api/v1/users/{account}/payouts", "/api/v1/users/hidden/payouts"},
        {"/api/v1/users/{account}/workers/{worker}", "/api/v1/users/hidden/workers/rig"},
        {"/api/v1/users/{account}/workers/{worker}/history",
         "/api/v1/users/hidden/workers/rig/history"},
    };
    for (const std::string& token : {both_token, hashrate_token, earnings_token, std::string{}}) {
        for (const auto& [path, target] : asked_by_token) {
            const std::string answer = get_by(server.web(), target, token);
            EXPECT_EQ(schema.fault_of_answer(path, answer), "") << target << " by " << token;
            covered.insert(path);
        }
    }
    for (const auto& [path, what] : schema.document().at("paths").items()) {
        EXPECT_TRUE(covered.contains(path)) << path << " is described and not tested";
    }
}

// One of two paths that differ in the names of their parts alone would never be asked.
TEST(RpcApi, DescribesEachPathOnceAndEachPartOfIt)
{
    const Running server;
    const Schema schema = described(server);
    std::map<std::string, std::string> shapes;
    const std::regex part{"\\{([^{}]*)\\}"};
    for (const auto& [path, what] : schema.document().at("paths").items()) {
        const auto [known, is_new] = shapes.emplace(std::regex_replace(path, part, "{}"), path);
        EXPECT_TRUE(is_new) << path << " is the same path as " << known->second;
        std::set<std::string> named;
        for (std::sregex_iterator at{path.begin(), path.end(), part}, end; at != end; ++at) {
            named.insert((*at)[1]);
        }
        std::set<std::string> told;
        for (const json& each : what.at("get").value("parameters", json::array())) {
            if (each.value("in", "") != "path") continue;
            EXPECT_TRUE(each.at("required")) << path;
            told.insert(each.at("name"));
        }
        EXPECT_EQ(told, named) << path;
    }
}

TEST(RpcApi, GivesAListOfTheBlocksOfAHeightAndTheOneBlockOfAHash)
{
    const Running server;
    const auto asked = [&server](const std::string& block) {
        return json::parse(body_of(get(server.web(), "/api/v1/blocks/" + block)));
    };
    EXPECT_TRUE(asked("812").is_array());
    EXPECT_TRUE(asked(std::string(64, 'a')).is_object());
}

TEST(RpcApi, TellsByWhatTermsItPaysAndWhenTheDifficultyChanges)
{
    const Running server;
    EXPECT_EQ(json::parse(body_of(get(server.web(), "/api/v1/terms"))),
              (json{{"scheme", "PPLNS-SU/1"},
                    {"fee_bps", 100},
                    {"window", 2.125},
                    {"minimum_payout_sat", 100'000},
                    {"next_payout_at", 7},
                    {"explorer", "https://x/{txid}"}}));
    const json network = json::parse(body_of(get(server.web(), "/api/v1/network")));
    EXPECT_EQ(network.at("retarget_height"), 2016);
    EXPECT_EQ(network.at("retarget_change"), -0.25);
    EXPECT_TRUE(json::parse(network_json({})).at("retarget_height").is_null());
}

TEST(RpcApi, DrawsTheAddressOfItsMinersPort)
{
    const Running server;
    const std::string one = get(server.web(), "/connect.svg?host=pool.example.org");
    EXPECT_EQ(status_of(one), "200");
    EXPECT_EQ(header_of(one, "Content-Type"), "image/svg+xml");
    EXPECT_NE(body_of(one), body_of(get(server.web(), "/connect.svg?host=pool.example.com")));
    EXPECT_EQ(status_of(get(server.web(), "/connect.svg?host=%5B::1%5D")), "200");
    for (const char* const wrong : {"", "?host=", "?host=a%20b", "?host=a/b", "?host=a:1"}) {
        EXPECT_EQ(status_of(get(server.web(), std::string{"/connect.svg"} + wrong)), "400")
            << wrong;
    }
}

TEST(RpcApi, SaysSoWhenTheDocumentAndAnAnswerDiffer)
{
    const Running server;
    const Schema schema = described(server);
    const std::string answer = get(server.web(), "/api/v1/network");
    EXPECT_NE(schema.fault_of_answer("/api/v1/pool", answer), "");
    EXPECT_NE(schema.fault_of_answer("/api/v1/blocks", answer), "");
    EXPECT_NE(schema.fault_of_answer("/api/v1/blocks/{block}", answer), "") << "none of its two";
    const json text{{"type", "string"}};
    const json number{{"type", "integer"}};
    EXPECT_EQ(schema.fault({{"oneOf", {number, text}}}, 1, "it"), "");
    EXPECT_NE(schema.fault({{"oneOf", {number, text}}}, nullptr, "it"), "");
    EXPECT_NE(schema.fault({{"oneOf", {number, number}}}, 1, "it"), "") << "one, not both";
}

TEST(RpcApi, GivesAnAccountOfTenThousandWorkersInAsFewBytesAsOneOfOne)
{
    const Running server;
    const std::string farm = body_of(get(server.web(), "/api/v1/users/farm"));
    EXPECT_EQ(json::parse(farm).at("worker_count"), 10'000);
    EXPECT_LT(farm.size(), 1024U);
}

TEST(RpcApi, SendsNothingAnewToWhoeverHasItAlready)
{
    const Running server;
    const std::string first = get(server.web(), "/api/v1/pool");
    const std::string tag = header_of(first, "ETag");
    ASSERT_EQ(tag.size(), 18U);
    const std::string again =
        ask(server.web(), "GET /api/v1/pool HTTP/1.1\r\nIf-None-Match: " + tag + "\r\n");
    EXPECT_EQ(status_of(again), "304");
    EXPECT_EQ(body_of(again), "");
    EXPECT_EQ(header_of(again, "ETag"), tag);
    EXPECT_EQ(status_of(ask(server.web(),
                            "GET /api/v1/network HTTP/1.1\r\nIf-None-Match: " + tag + "\r\n")),
              "200");
}

TEST(RpcApi, SendsItsDocumentAndThePagesOnceToWhoeverAsksAgain)
{
    const Running server;
    for (const std::string path : {"/api/v1/openapi.json", "/", "/app.js"}) {
        const std::string tag = header_of(get(server.web(), path), "ETag");
        ASSERT_EQ(tag.size(), 18U) << path;
        const auto again = [&](const std::string& headers) {
            return ask(server.web(),
                       "GET " + path + " HTTP/1.1\r\nIf-None-Match: " + tag + "\r\n" + headers);
        };
        EXPECT_EQ(status_of(again("")), "304") << path;
        EXPECT_EQ(body_of(again("")), "") << path;
        EXPECT_EQ(status_of(again("Accept-Encoding: gzip\r\n")), "200") << "other bytes";
    }
}

TEST(RpcApi, LetsPagesOfOtherSitesReadAndNothingElse)
{
    const Running server;
    const std::string answer = ask(server.web(), "OPTIONS /api/v1/pool HTTP/1.1\r\n");
    EXPECT_EQ(status_of(answer), "204");
    EXPECT_EQ(header_of(answer, "Access-Control-Allow-Methods"), "GET, HEAD");
    EXPECT_EQ(header_of(answer, "Access-Control-Allow-Credentials"), "");
    EXPECT_EQ(status_of(ask(server.web(), "OPTIONS /metrics HTTP/1.1\r\n")), "405");
}

TEST(RpcApi, TellsAnAddressThatAsksTooOftenToWait)
{
    ServerOptions options;
    options.requests_per_second = 1;
    const Running server{options};
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(status_of(get(server.web(), "/api/v1/pool")), "200");
    }
    std::string refused = get(server.web(), "/api/v1/pool");
    for (int i = 0; i < 4 && status_of(refused) == "200"; ++i) {  // a slow machine refills
        refused = get(server.web(), "/users/miner");
    }
    EXPECT_EQ(status_of(refused), "429");
    EXPECT_TRUE(has(header_of(refused, "Access-Control-Expose-Headers"), "Retry-After"))
        << "or a page of another origin cannot read it";
    EXPECT_EQ(header_of(refused, "Retry-After"), "1");
    EXPECT_EQ(described(Running{}).fault_of_answer("/api/v1/pool", refused), "");
    EXPECT_EQ(status_of(get(server.web(), "/healthz")), "200");
    EXPECT_EQ(status_of(get(server.web(), "/metrics")), "200");
}

TEST(RpcApi, LetsStrangersReadTheMetricsAsOftenAsTheApiAndThisMachineAnyTime)
{
    ServerOptions options;
    options.requests_per_second = 0.25;  // one, and then one in four seconds
    const auto often = [](const Running& server) {
        std::string answer = get(server.web(), "/metrics");
        for (int i = 0; i < 8 && status_of(answer) == "200"; ++i) {
            answer = get(server.web(), "/metrics");
        }
        return status_of(answer);
    };
    EXPECT_EQ(often(Running{options}), "200");
    options.spare_loopback = false;
    const Running server{options};
    EXPECT_EQ(often(server), "429");
    EXPECT_EQ(status_of(get(server.web(), "/healthz")), "200");
}

TEST(RpcApi, TellsListenersHowThePoolIsDoing)
{
    ServerOptions options;
    options.event_every = std::chrono::milliseconds{20};
    const Running server{options};
    Client client{server.web()};
    client.send("GET /api/v1/events HTTP/1.1\r\nHost: pool\r\n\r\n");
    const std::string first = client.until("\n\n");
    EXPECT_EQ(header_of(first, "Content-Type"), "text/event-stream");
    EXPECT_EQ(header_of(first, "Content-Length"), "");
    const std::string next = client.until("\n\n");
    ASSERT_TRUE(has(next, "event: pool\ndata: {")) << next;
    EXPECT_TRUE(
        has(get(server.web(), "/metrics"), "zubr_http_event_listeners{listener=\"web\"} 1"));
}

// The operator's page lives there.
TEST(RpcApi, TellsListenersOfTheAdminPortToo)
{
    ServerOptions options;
    options.event_every = std::chrono::milliseconds{20};
    const Running server{options};
    Client client{server.admin()};
    client.send("GET /api/v1/events HTTP/1.1\r\nHost: pool\r\n" + alice_header + "\r\n");
    EXPECT_EQ(header_of(client.until("\n\n"), "Content-Type"), "text/event-stream");
    for (int i = 0; i < 2; ++i) {
        const std::string next = client.until("\n\n");
        EXPECT_TRUE(has(next, "event: pool\ndata: {")) << next;
    }
}

TEST(RpcApi, ServesOthersWhileOneAddressHasTenThousandIdleListeners)
{
    ServerOptions options;
    options.connections_per_address = 64;
    options.spare_loopback = false;
    const Running server{options};
    ::rlimit files{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
    std::vector<std::unique_ptr<Client>> idle;
    for (int i = 0; i < 10'000; ++i) {
        idle.push_back(std::make_unique<Client>(server.web()));
        idle.back()->send("GET /api/v1/events HTTP/1.1\r\nHost: pool\r\n\r\n");
    }
    Client other{server.web(), 2};
    other.send("GET /metrics HTTP/1.1\r\nHost: pool\r\nConnection: close\r\n\r\n");
    const std::string metrics = other.rest();
    EXPECT_TRUE(has(metrics, "zubr_http_connections{listener=\"web\"} 65\n")) << metrics;
    EXPECT_TRUE(has(metrics, "zubr_http_event_listeners{listener=\"web\"} 64\n")) << metrics;
    EXPECT_TRUE(has(metrics, "refused_total{listener=\"web\",reason=\"address\"} 9936\n"))
        << metrics;
}

TEST(RpcApi, TakesSoManyListenersAndNoMore)
{
    ServerOptions options;
    options.connections_max = Site::streams_max + 8;
    const Running server{options};
    std::vector<std::unique_ptr<Client>> listeners;
    for (std::size_t i = 0; i < Site::streams_max; ++i) {
        listeners.push_back(std::make_unique<Client>(server.web()));
        listeners.back()->send("GET /api/v1/events HTTP/1.1\r\nHost: pool\r\n\r\n");
        ASSERT_TRUE(has(listeners.back()->until("\n\n"), "event: pool")) << i;
    }
    EXPECT_EQ(status_of(get(server.web(), "/api/v1/events")), "503");
    EXPECT_EQ(status_of(get(server.web(), "/api/v1/pool")), "200");
}

TEST(RpcApi, TellsWhyAWorkersSharesWereRefused)
{
    const Running server;
    const json worker = json::parse(body_of(get(server.web(), "/api/v1/users/miner/workers/rig")));
    std::map<std::string, int> rejects;
    for (const json& each : worker.at("rejects")) rejects[each.at("reason")] = each.at("count");
    EXPECT_EQ(rejects, (std::map<std::string, int>{{"stale", 2},
                                                   {"duplicate", 3},
                                                   {"low_difficulty", 1},
                                                   {"unknown_job", 0},
                                                   {"time", 1},
                                                   {"version", 2},
                                                   {"other", 2}}));
}

TEST(RpcApi, TellsHowLongAWorkersConnectionsTakeFromAJobToItsFirstShare)
{
    const Running server;
    const json worker = json::parse(body_of(get(server.web(), "/api/v1/users/miner/workers/rig")));
    const json& sessions = worker.at("sessions");
    EXPECT_EQ(sessions.at(0).at("first_share_ms"), 640);
    EXPECT_EQ(sessions.at(0).at("first_share_mean_ms"), 4200);
    EXPECT_TRUE(sessions.at(1).at("first_share_ms").is_null()) << "it had none yet";
    EXPECT_TRUE(sessions.at(1).at("first_share_mean_ms").is_null());
}

TEST(RpcApi, TellsOfABlockWithoutItsPrivateFinderWhatEachNodeSaid)
{
    const Running server;
    const std::string answer = get(server.web(), "/api/v1/blocks/" + std::string(64, 'a'));
    const json block = json::parse(body_of(answer));
    EXPECT_EQ(block.at("height"), 812);
    EXPECT_EQ(block.at("answers").at(0).at("took_ms"), 7);
    EXPECT_FALSE(has(answer, "hidden") || has(answer, "secret-rig")) << answer;
}

TEST(RpcApi, GivesPagesOfBlocksByTheLastOneShownAndTellsWhatItPaid)
{
    const Running server;
    const json first = json::parse(body_of(get(server.web(), "/api/v1/blocks?limit=1")));
    EXPECT_EQ(first.at(0).at("coinbase_txid"), std::string(64, 'c'));
    EXPECT_EQ(first.at(0).at("reward_sat"), 5'000'000'123);
    EXPECT_EQ(first.at(0).at("subsidy_sat"), 5'000'000'000);
    EXPECT_EQ(first.at(0).at("fees_sat"), 123);
    const std::string behind = "/api/v1/blocks?limit=1&cursor=812:" + std::string(64, 'a');
    const json next = json::parse(body_of(get(server.web(), behind)));
    EXPECT_EQ(next.at(0).at("height"), 812) << "two of ours may share a height";
    EXPECT_NE(next.at(0).at("hash"), first.at(0).at("hash"));
    for (const std::string bad : {"?cursor=812", "?cursor=x", "?before=0"}) {
        EXPECT_EQ(status_of(get(server.web(), "/api/v1/blocks" + bad)), "400") << bad;
    }
    EXPECT_EQ(status_of(get(server.web(), behind + "&before=812")), "400");
}

TEST(RpcApi, GivesPagesOfPayouts)
{
    const Running server;
    const json first = json::parse(body_of(get(server.web(), "/api/v1/payouts?limit=1")));
    EXPECT_EQ(first.at("payouts").at(0).at("txid"), std::string(64, 'a'));
    EXPECT_EQ(first.at("next"), "7");
    const json next = json::parse(body_of(get(server.web(), "/api/v1/payouts?limit=1&cursor=7")));
    EXPECT_EQ(next.at("payouts").at(0).at("payout"), 6);
    EXPECT_TRUE(next.at("payouts").at(0).at("txid").is_null()) << "it is not on its way yet";
    EXPECT_TRUE(json::parse(body_of(get(server.web(), "/api/v1/payouts"))).at("next").is_null());
}

}  // namespace
}  // namespace rpc::testing
