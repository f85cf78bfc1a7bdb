// What every path of the web and every method of the admin answers to those who mean ill: a refusal
// in JSON, and nothing of what they said.
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/integration/rpc_running.h"

namespace rpc::testing {
namespace {

using nlohmann::json;

const std::string marker = "x9q7";

std::string encoded(std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out.append(1, '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    }
    return out;
}

/// As they stand in a target. The last ones are random bytes, the same in each run.
std::vector<std::string> hostile_texts()
{
    std::vector<std::string> texts{"-1",
                                   "0",
                                   "18446744073709551616",
                                   "1e9",
                                   "NaN",
                                   "%",
                                   "%zz",
                                   "null",
                                   "[]",
                                   "{}",
                                   "",
                                   "..",
                                   "%2e",
                                   "+",
                                   "1%00",
                                   "*",
                                   ";",
                                   "%2F%2F",
                                   marker,
                                   std::string(300, 'a') + marker};
    for (const char* const text :
         {"<img src=x9q7 onerror=alert(1)>", "';drop table account;--x9q7", "x9q7\r\nX-Evil: 1",
          "../../etc/passwd?x9q7", "x9q7\"}],\"a\":[{\"", "\xE2\x80\xAEx9q7", "\xC0\xAFx9q7",
          "x9q7\x1b[2J", "%s%n%x9q7"}) {
        texts.push_back(encoded(text));
    }
    std::mt19937 random{7};
    for (int i = 0; i < 20; ++i) {
        std::string text;
        for (int length = 0; length < 24; ++length) text += static_cast<char>(random() & 255);
        texts.push_back(encoded(text));
    }
    return texts;
}

/// Each path that is described, and those of the shims and of the operator; "{…}" is to be filled.
std::vector<std::string> all_paths(const Running& server)
{
    std::vector<std::string> paths{"/",
                                   "/healthz",
                                   "/readyz",
                                   "/metrics",
                                   "/{}",
                                   "/lang/{}",
                                   "/pool/pool.status",
                                   "/pool/{}",
                                   "/users/{}",
                                   "/api/{}",
                                   "/api/v1/{}",
                                   "/api/info",
                                   "/api/info/chart",
                                   "/api/pool",
                                   "/api/network",
                                   "/api/client/{}",
                                   "/api/client/{}/chart",
                                   "/api/client/miner/{}",
                                   "/api/v1/operator",
                                   "/connect.svg"};
    const json document = json::parse(body_of(get(server.web(), "/api/v1/openapi.json")));
    for (const auto& [path, what] : document.at("paths").items()) {
        if (!path.ends_with("/events")) paths.push_back(path);  // those have no end
    }
    return paths;
}

std::string filled(std::string path, const std::string& text)
{
    for (std::size_t at = path.find('{'); at != std::string::npos;
         at = path.find('{', at + text.size())) {
        path.replace(at, path.find('}', at) + 1 - at, text);
    }
    return path;
}

/// "" or what is wrong with the answer.
std::string fault_of(const std::string& answer)
{
    const std::string status = status_of(answer);
    const std::string body = body_of(answer);
    if (answer.find(marker) != std::string::npos) return "it repeats what was asked";
    if (answer.find("X-Evil") != std::string::npos) return "a header came through";
    if (status == "200") return "";
    if (status.size() != 3 || status[0] != '4') return "status " + status;
    if (!has(answer, "Content-Type: application/json\r\n")) return "a refusal is JSON";
    const json refusal = json::parse(body, nullptr, false);
    if (refusal.is_discarded() || !refusal.contains("error")) return "a refusal says why: " + body;
    return "";
}

TEST(RpcHostile, IsRefusedInJsonByEveryPathAndNeverRepeated)
{
    const Running server;
    const std::vector<std::string> texts = hostile_texts();
    std::size_t refused = 0;
    for (const std::string& path : all_paths(server)) {
        std::vector<std::string> targets{
            path.find('{') == std::string::npos ? path : filled(path, "miner")};
        const std::string good = targets.front();
        for (const std::string& text : texts) {
            if (path.find('{') != std::string::npos) targets.push_back(filled(path, text));
            for (const char* const name : {"limit", "cursor", "before", "range", "host"}) {
                targets.push_back(good + "?" + name + "=" + text);
            }
            targets.push_back(good + "?" + text + "&" + text + "=" + text);
        }
        for (const std::string& target : targets) {
            const std::string answer = get(server.web(), target);
            ASSERT_EQ(fault_of(answer), "") << target << "\n" << answer;
            if (status_of(answer) != "200") ++refused;
        }
    }
    EXPECT_GT(refused, 2000U) << "most of it is no request";
    EXPECT_EQ(status_of(get(server.web(), "/healthz")), "200");
}

TEST(RpcHostile, IsAnsweredOnceByEveryMethodWhateverItsParameters)
{
    const Running server;
    const auto call = [&server](const std::string& body) {
        return ask(server.admin(),
                   "POST / HTTP/1.1\r\n" + cookie_header + "Content-Type: application/json\r\n",
                   body);
    };
    const auto result = [&call](const std::string& method, const json& params) {
        const json request{{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", params}};
        const std::string answer =
            call(request.dump(-1, ' ', true, json::error_handler_t::replace));
        const json reply = json::parse(body_of(answer), nullptr, false);
        EXPECT_EQ(status_of(answer), "200") << method << params;
        EXPECT_TRUE(reply.is_object() && reply.contains("result") != reply.contains("error"))
            << method << params << answer;
        return reply;
    };
    const json methods = result("getrpcinfo", json::array()).at("result").at("methods");
    ASSERT_GT(methods.size(), 15U);
    const std::vector<json> values{nullptr,
                                   true,
                                   -1,
                                   1.5,
                                   18446744073709551615U,
                                   "';drop table account;--",
                                   "\x1b[2J<script>",
                                   std::string(5000, 'a'),
                                   json::array({1, json::object()}),
                                   json::object({{"a", json::array()}})};
    std::size_t errors = 0;
    for (const json& method : methods) {
        if (method == "stop") continue;
        for (const json& value : values) {
            for (const json& params :
                 {json::array({value}), json::array({value, value, value}),
                  json::object({{"limit", value}, {"account", value}}), value}) {
                if (result(method, params).contains("error")) ++errors;
            }
        }
    }
    EXPECT_GT(errors, 400U);
    EXPECT_FALSE(server.pool.stopped);
}

/// By a line that each has, and no message.
std::size_t answers_in(const std::string& text)
{
    const std::string line = "\r\nX-Content-Type-Options: nosniff\r\n";
    std::size_t count = 0;
    for (std::size_t at = text.find(line); at != text.npos; at = text.find(line, at + 1)) ++count;
    return count;
}

// A proxy before the port reads one request, we would read two: the second is somebody else's, and
// comes with an admin's password.
TEST(RpcHostile, IsNeverReadAsTwoRequestsWhereAnotherReaderSeesOne)
{
    const Running server;
    const std::string call = rpc_call("stop");
    const std::string stop = "POST / HTTP/1.1\r\nHost: p\r\n" + cookie_header +
                             "Content-Length: " + std::to_string(call.size()) + "\r\n\r\n" + call;
    const std::string length = "Content-Length: " + std::to_string(5 + stop.size()) + "\r\n";
    const std::string chunked = "Transfer-Encoding: chunked\r\n";
    const std::string end = "0\r\n\r\n";
    const std::vector<std::string> heads{
        length + chunked,
        chunked + length,
        length + "Content-Length: 5\r\n",
        "Content-Length: 5\r\n" + length,
        "Content-Length: 5, " + std::to_string(5 + stop.size()) + "\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: +5\r\n",
        length + "Transfer-Encoding : chunked\r\n",
        length + "Transfer-Encoding: xchunked\r\n",
        length + "Transfer-Encoding: identity\r\n",
        length + "Transfer-Encoding:\r\n chunked\r\n",
        length + "X: y\nTransfer-Encoding: chunked\r\n",
        length + "X: y\rTransfer-Encoding: chunked\r\n",
        length + std::string{"X\0: y\r\n", 7} + chunked,
        chunked + chunked,
        "Transfer-Encoding: chunked, identity\r\n"};
    for (const std::uint16_t port : {server.web(), server.admin()}) {
        for (const std::string& head : heads) {
            Client client{port};
            client.send("POST / HTTP/1.1\r\nHost: p\r\n" + cookie_header + head + "\r\n" + end +
                        stop);
            const std::string answer = client.rest();
            EXPECT_EQ(status_of(answer), "400") << head << answer;
            EXPECT_EQ(answers_in(answer), 1U) << head << answer;
        }
        Client one{port};  // what everybody reads as one is one
        one.send("POST / HTTP/1.1\r\nHost: p\r\nConnection: close\r\n" + cookie_header +
                 "Content-Length: " + std::to_string(stop.size()) + "\r\n\r\n" + stop);
        EXPECT_EQ(answers_in(one.rest()), 1U);
    }
    EXPECT_FALSE(server.pool.stopped);
}

TEST(RpcHostile, IsToldThatItIsTooLargeBeforeAllOfItHasCome)
{
    const Running server;
    const std::string head = "POST / HTTP/1.1\r\nHost: p\r\n";
    const std::string mebibyte = std::to_string(1 << 20);
    for (const std::uint16_t port : {server.web(), server.admin()}) {
        Client announced{port};
        announced.send(head + "Content-Length: " + mebibyte + "\r\n\r\n");
        EXPECT_EQ(status_of(announced.rest()), "413");
        Client endless{port};
        endless.send(head + "Transfer-Encoding: chunked\r\n\r\n");
        for (int i = 0; i < 9; ++i) endless.send("8000\r\n" + std::string(0x8000, 'x') + "\r\n");
        EXPECT_EQ(status_of(endless.rest()), "413");
        Client headed{port};
        headed.send(head);
        for (int i = 0; i < 40; ++i) headed.send("X: " + std::string(500, 'x') + "\r\n");
        EXPECT_EQ(status_of(headed.rest()), "413");
    }
}

}  // namespace
}  // namespace rpc::testing
