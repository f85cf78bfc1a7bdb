// Who sees what of an account on the web, and of the pool on the admin port.
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/rpc_running.h"

namespace rpc::testing {
namespace {

using nlohmann::json;

const std::vector<std::string> hashrate_paths{"/api/v1/users/hidden/workers",
                                              "/api/v1/users/hidden/history",
                                              "/api/v1/users/hidden/workers/rig",
                                              "/api/v1/users/hidden/workers/rig/history",
                                              "/users/hidden",
                                              "/api/client/hidden"};
const std::vector<std::string> earnings_paths{
    "/api/v1/users/hidden/earnings", "/api/v1/users/hidden/window", "/api/v1/users/hidden/payouts"};

std::vector<std::string> all_paths()
{
    std::vector<std::string> all{"/api/v1/users/hidden"};
    all.insert(all.end(), hashrate_paths.begin(), hashrate_paths.end());
    all.insert(all.end(), earnings_paths.begin(), earnings_paths.end());
    return all;
}

TEST(RpcAccess, ShowsNothingOfAPrivateAccountWithoutItsToken)
{
    const Running server;
    for (const std::string& path : all_paths()) {
        for (const std::string& token : {std::string{}, other_token}) {
            const std::string answer = get_by(server.web(), path, token);
            EXPECT_EQ(status_of(answer), "401") << path;
            EXPECT_TRUE(header_of(answer, "WWW-Authenticate").starts_with("Bearer realm=")) << path;
            EXPECT_EQ(header_of(answer, "Cache-Control"), "no-store") << path;
            EXPECT_FALSE(has(answer, "hidden")) << answer;
        }
    }
}

TEST(RpcAccess, TellsAPrivateAccountFromNoneByNothing)
{
    const Running server;
    for (const std::string& path : all_paths()) {
        std::string nobody = path;
        nobody.replace(nobody.find("hidden"), 6, "hidden-or-not");
        EXPECT_EQ(get(server.web(), path), get(server.web(), nobody)) << path;
        EXPECT_EQ(get_by(server.web(), path, other_token),
                  get_by(server.web(), nobody, other_token))
            << path;
    }
    // Nor does a bad question tell: whoever may not ask hears only that.
    EXPECT_EQ(status_of(get(server.web(), "/api/v1/users/hidden/workers?limit=x")), "401");
    EXPECT_EQ(status_of(get(server.web(), "/api/v1/users/hidden/history?range=x")), "401");
}

TEST(RpcAccess, ShowsTheBearerWhatTheTokenIsFor)
{
    const Running server;
    for (const std::string& path : all_paths()) {
        EXPECT_EQ(status_of(get_by(server.web(), path, both_token)), "200") << path;
    }
    for (const std::string& path : hashrate_paths) {
        EXPECT_EQ(status_of(get_by(server.web(), path, hashrate_token)), "200") << path;
        const std::string lacking = get_by(server.web(), path, earnings_token);
        EXPECT_EQ(status_of(lacking), "403") << path;
        EXPECT_TRUE(has(header_of(lacking, "WWW-Authenticate"),
                        "error=\"insufficient_scope\", scope=\"hashrate\""));
    }
    for (const std::string& path : earnings_paths) {
        EXPECT_EQ(status_of(get_by(server.web(), path, earnings_token)), "200") << path;
        EXPECT_EQ(status_of(get_by(server.web(), path, hashrate_token)), "403") << path;
    }
}

TEST(RpcAccess, LeavesOutOfTheAccountWhatTheTokenDoesNotShow)
{
    const Running server;
    const auto seen_by = [&](const std::string& token) {
        return json::parse(body_of(get_by(server.web(), "/api/v1/users/hidden", token)));
    };
    const json rates = seen_by(hashrate_token);
    EXPECT_TRUE(rates.at("available_sat").is_null());
    EXPECT_TRUE(rates.at("payout_address").is_null());
    EXPECT_EQ(rates.at("worker_count"), 1);
    const json money = seen_by(earnings_token);
    EXPECT_EQ(money.at("available_sat"), 4'950'000'000);
    EXPECT_TRUE(money.at("hashrate_1h").is_null());
    EXPECT_TRUE(money.at("worker_count").is_null());
    EXPECT_EQ(rates.size(), money.size());
}

TEST(RpcAccess, KeepsWhatATokenShowsOutOfSharedCaches)
{
    const Running server;
    const std::string first = get_by(server.web(), "/api/v1/users/hidden", both_token);
    EXPECT_EQ(header_of(first, "Cache-Control"), "private, no-cache");
    EXPECT_EQ(header_of(first, "Vary"), "Authorization");
    const std::string again = ask(
        server.web(), "GET /api/v1/users/hidden HTTP/1.1\r\nAuthorization: Bearer " + both_token +
                          "\r\nIf-None-Match: " + header_of(first, "ETag") + "\r\n");
    EXPECT_EQ(status_of(again), "304");
    EXPECT_EQ(header_of(again, "Cache-Control"), "private, no-cache");
    // Who knows what the answer was is not told that it is still so.
    EXPECT_EQ(status_of(ask(server.web(), "GET /api/v1/users/hidden HTTP/1.1\r\nIf-None-Match: " +
                                              header_of(first, "ETag") + "\r\n")),
              "401");
}

TEST(RpcAccess, NamesNoFinderWhoIsNotPublic)
{
    const Running server;
    const std::string answer = get(server.web(), "/api/v1/blocks?limit=2");
    const json blocks = json::parse(body_of(answer));
    EXPECT_EQ(blocks.at(0).at("finder"), "miner");
    EXPECT_EQ(blocks.at(1).at("finder"), "");
    EXPECT_EQ(blocks.at(1).at("worker"), "");
    EXPECT_FALSE(has(answer, "hidden")) << answer;
    EXPECT_FALSE(has(answer, "secret-rig")) << answer;
}

TEST(RpcAccess, TellsTheBearerWhoseTokenItIs)
{
    const Running server;
    const std::string answer = get_by(server.web(), "/api/v1/watch", hashrate_token);
    const json watch = json::parse(body_of(answer));
    EXPECT_EQ(watch.at("account"), "hidden");
    EXPECT_EQ(watch.at("scopes"), json::array({"hashrate"}));
    EXPECT_TRUE(watch.at("expires_at").is_null());
    EXPECT_EQ(header_of(answer, "Cache-Control"), "private, no-cache");
    EXPECT_EQ(status_of(get(server.web(), "/api/v1/watch")), "401");
    EXPECT_EQ(status_of(get_by(server.web(), "/api/v1/watch", std::string(40, '9'))), "401");
}

// All visitors have the address of the proxy that they come through.
TEST(RpcAccess, TellsWhoGuessesTokensToWaitAndTakesAGoodOneAllTheSame)
{
    const Running server;
    for (const std::string path : {"/api/v1/users/hidden", "/api/v1/watch"}) {
        std::string answer;
        for (int guess = 0; guess < 100 && !has(answer, " 429 "); ++guess) {
            std::string token = std::to_string(guess);
            token.insert(0, 40 - token.size(), '0');
            answer = get_by(server.web(), path, token);
            EXPECT_EQ(status_of(get_by(server.web(), path, both_token)), "200");
        }
        EXPECT_EQ(status_of(answer), "429") << answer;
        EXPECT_EQ(header_of(answer, "Retry-After"), "1");
        EXPECT_EQ(status_of(get_by(server.web(), path, both_token)), "200");
    }
    EXPECT_EQ(status_of(get(server.web(), "/api/v1/users/miner")), "200") << "without a token";
}

TEST(RpcAccess, LetsPagesOfOtherSitesSendATokenAndNoCookie)
{
    const Running server;
    const std::string answer = ask(server.web(), "OPTIONS /api/v1/watch HTTP/1.1\r\n");
    EXPECT_TRUE(has(header_of(answer, "Access-Control-Allow-Headers"), "Authorization"));
    EXPECT_EQ(header_of(answer, "Access-Control-Allow-Credentials"), "");
}

TEST(RpcAccess, ShowsTheServersOwnStateToOperatorsAlone)
{
    const Running server;
    const std::string operator_request = "GET /api/v1/operator HTTP/1.1\r\n";
    EXPECT_EQ(status_of(get(server.web(), "/api/v1/operator")), "404");
    const std::string nobody = ask(server.admin(), operator_request);
    EXPECT_EQ(status_of(nobody), "401");
    EXPECT_EQ(header_of(nobody, "WWW-Authenticate"), "Basic realm=\"zubr\"");
    EXPECT_EQ(status_of(ask(server.admin(), "GET / HTTP/1.1\r\n")), "401");
    EXPECT_EQ(status_of(ask(server.admin(), "GET / HTTP/1.1\r\n" + alice_header)), "200");
    const std::string answer = ask(server.admin(), operator_request + alice_header);
    const json info = json::parse(body_of(answer));
    EXPECT_EQ(header_of(answer, "Cache-Control"), "no-store");
    EXPECT_EQ(info.at("ready"), true);
    EXPECT_EQ(info.at("loops").at(0).at("lag_ms"), 2);
    EXPECT_EQ(info.at("loops").at(1).at("connections"), 7);
    EXPECT_EQ(info.at("nodes").at(0).at("name"), "node1");
    EXPECT_EQ(info.at("nodes").at(0).at("template_age_ms"), 1200);
    EXPECT_EQ(info.at("bans"), 1);
    EXPECT_EQ(info.at("banned"), json::parse(R"([{"network":"192.0.2.0/24","seconds_left":60}])"));
    EXPECT_EQ(info.at("ledger_difference_sat"), 0);
}

/// Rows by who, as what, from where and what.
class Rows final : public AuditLog {
public:
    void write(AuditRecord record, Done<std::uint64_t> done) override
    {
        const std::lock_guard held{mutex_};
        rows_.push_back(record.kind + " " + record.actor + " " + record.role + " " + record.host +
                        " " + record.method + " " + record.params);
        done(rows_.size());
    }
    void list(std::uint32_t, std::uint64_t, const std::string&,
              Done<std::vector<AuditRecord>> done) override
    {
        done(std::vector<AuditRecord>{});
    }
    void verify(Done<AuditVerdict> done) override { done(AuditVerdict{}); }
    std::vector<std::string> rows()
    {
        const std::lock_guard held{mutex_};
        return rows_;
    }

private:
    std::mutex mutex_;
    std::vector<std::string> rows_;
};

TEST(RpcAccess, WritesDownWhoReadsByGetWhatNotEverybodyMaySee)
{
    Rows log;
    Auditor auditor{log};
    ServerOptions options;
    options.auditor = &auditor;
    options.worker_metrics = 2;
    const Running server{options};
    const auto get_as = [&](const std::string& who, const std::string& path) {
        return status_of(ask(server.admin(), "GET " + path + " HTTP/1.1\r\n" + who));
    };
    for (const std::string path : {"/", "/api/v1/pool", "/metrics", "/healthz"}) {
        EXPECT_EQ(get_as(alice_header, path), "200") << path;
    }
    EXPECT_TRUE(log.rows().empty()) << "everybody may see these";
    EXPECT_EQ(get_as(alice_wrong_header, "/api/v1/operator"), "401");
    EXPECT_EQ(get_as(alice_header, "/api/v1/operator"), "200");
    EXPECT_EQ(get_as(alice_header, "/api/v1/operator"), "200") << "told with the next row";
    EXPECT_EQ(get_as(alice_header, "/metrics/workers"), "200");
    EXPECT_EQ(get_as(cookie_header, "/api/v1/operator"), "200");
    EXPECT_EQ(log.rows(), (std::vector<std::string>{
                              "call alice viewer 127.0.0.1 GET /api/v1/operator {}",
                              "call alice viewer 127.0.0.1 GET /metrics/workers {}",
                              "call __cookie__ admin 127.0.0.1 GET /api/v1/operator {}"}));
}

TEST(RpcAccess, TellsAViewerByNoOtherWayWhatAMethodRefusesHim)
{
    const Running server;
    const std::string operator_request = "GET /api/v1/operator HTTP/1.1\r\n";
    EXPECT_TRUE(has(ask(server.admin(), operator_request + cookie_header), "a strange transfer"));
    const std::string seen = ask(server.admin(), operator_request + alice_header);
    EXPECT_FALSE(has(seen, "bob") || has(seen, "transfer")) << "getpayoutinfo's to tell: " << seen;
    EXPECT_TRUE(has(seen, "\"trouble\":\"payouts_held\"")) << seen;

    const std::string account = rpc_call("getuser", R"(["miner"])");
    EXPECT_TRUE(has(rpc(server, cookie_header, account), "\"available_sat\":4950000000"));
    const std::string told = rpc(server, alice_header, account);
    EXPECT_TRUE(has(told, "\"available_sat\":null")) << told;
    EXPECT_TRUE(has(told, "\"payout_address\":null")) << "getaccount's to tell: " << told;
    EXPECT_TRUE(has(told, "\"worker_count\":1")) << told;
}

TEST(RpcAccess, TakesCallsFromAddressesThatMayAskAndFromNoOther)
{
    ServerOptions options;
    options.admin_allows = [](const std::string& host) { return host == "127.0.0.1"; };
    const Running server{options};
    const std::string call = rpc_call("uptime");
    const std::string request = "POST / HTTP/1.1\r\nHost: pool\r\n" + cookie_header +
                                "Content-Length: " + std::to_string(call.size()) +
                                "\r\nConnection: close\r\n\r\n" + call;
    const auto from = [&](std::uint32_t byte) {
        Client client{server.admin(), byte};
        client.send(request);
        return status_of(client.rest());
    };
    EXPECT_EQ(from(1), "200");
    EXPECT_EQ(from(2), "403");
}

TEST(RpcAccess, KeepsPlacesForAdminsWhoeverElseConnectsToTheirPort)
{
    ServerOptions options;
    options.connections_max = 3;
    options.connections_kept = 1;
    options.admin_connections_per_address = 1;
    options.admin_allows = [](const std::string& host) { return host != "127.0.0.9"; };
    options.spare_loopback = false;  // or all of 127.0.0.0/8 may have any number
    const Running server{options};
    const std::string call = rpc_call("uptime");
    const std::string request = "POST / HTTP/1.1\r\nHost: pool\r\n" + cookie_header +
                                "Content-Length: " + std::to_string(call.size()) + "\r\n\r\n" +
                                call;
    const auto answered = [&](Client& client) {
        client.send(request);
        return status_of(client.until("\"id\":1}\n"));
    };
    std::vector<std::unique_ptr<Client>> strangers;
    for (int i = 0; i < 3; ++i) {
        strangers.push_back(std::make_unique<Client>(server.admin(), 9));
        EXPECT_EQ(status_of(strangers.back()->rest()), "403") << "without a word of his own";
    }
    Client first{server.admin()};
    EXPECT_EQ(answered(first), "200");
    Client second{server.admin()};
    EXPECT_EQ(second.rest(), "") << "one of an address";
    Client other{server.admin(), 2};
    EXPECT_EQ(answered(other), "200");
    Client third{server.admin(), 3};
    EXPECT_EQ(third.rest(), "") << "the last place is this machine's";
}

TEST(RpcAccess, DoesNothingForPagesOfOtherSitesWithAnOperatorsPassword)
{
    const Running server;
    for (const std::string foreign :
         {"Origin: http://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n",
          "Sec-Fetch-Site: same-site\r\n"}) {
        EXPECT_EQ(status_of(ask(server.admin(), "POST / HTTP/1.1\r\n" + cookie_header + foreign,
                                rpc_call("stop"))),
                  "403");
        EXPECT_EQ(status_of(ask(server.admin(),
                                "GET /api/v1/operator HTTP/1.1\r\n" + cookie_header + foreign)),
                  "403");
    }
    EXPECT_FALSE(server.pool.stopped);
    EXPECT_EQ(status_of(ask(server.admin(),
                            "POST / HTTP/1.1\r\n" + cookie_header + "Origin: http://pool\r\n",
                            rpc_call("uptime"))),
              "200")
        << "Host is pool";
}

TEST(RpcAccess, TellsStrangersWhatANodeSaidAndAdminsAloneWhyItWasNotReached)
{
    const Running server;
    const std::string hash(64, 'a');
    const std::string address = "10.0.0.5";
    const auto reasons = [](const json& answers) {
        std::vector<std::string> out;
        for (const json& answer : answers) out.push_back(answer.at("reason").get<std::string>());
        return out;
    };
    const std::string shown = get(server.web(), "/api/v1/blocks/" + hash);
    EXPECT_FALSE(has(shown, address)) << shown;
    EXPECT_EQ(
        reasons(json::parse(body_of(shown)).at("answers")),
        (std::vector<std::string>{"", "", "prev-blk-not-found", "time-too-new", "high-hash"}));
    const std::string told = rpc(server, cookie_header, rpc_call("getblock", "[\"" + hash + "\"]"));
    EXPECT_EQ(reasons(json::parse(body_of(told)).at("result")).at(1),
              "http://10.0.0.5:8332/ refused the connection");
}

}  // namespace
}  // namespace rpc::testing
