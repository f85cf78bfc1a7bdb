#include "tests/support/json_rpc.h"

#include <chrono>

#include <nlohmann/json.hpp>

#include "pool/runtime/http_client.h"
#include "pool/runtime/loop.h"
#include "tests/support/process.h"

namespace tests {
namespace {

pool::Result<pool::HttpAnswer> blocking_call(pool::HttpCall call)
{
    pool::Loop loop;
    pool::HttpClient client{loop};
    pool::Result<pool::HttpAnswer> out = pool::fail(pool::Error::Code::unavailable, "no answer");
    client.call(std::move(call), [&](pool::Result<pool::HttpAnswer> answer) {
        out = std::move(answer);
        loop.stop();
    });
    loop.run();
    return out;
}

}  // namespace

pool::Result<std::string> json_rpc(const std::string& url, const std::string& cookie_file,
                                   const std::string& method, const std::string& params_json)
{
    const std::string cookie = read_file(cookie_file);
    const auto colon = cookie.find(':');
    pool::HttpCall call;
    call.url = url;
    if (colon != std::string::npos) {
        call.user = cookie.substr(0, colon);
        call.password = cookie.substr(colon + 1);
        while (call.password.ends_with('\n')) call.password.pop_back();
    }
    pool::JsonWriter writer{call.body};
    writer.begin_object().key("jsonrpc").string("2.0").key("id").integer(1);
    writer.key("method").string(method).key("params").raw(params_json).end_object();
    const auto answer = blocking_call(std::move(call));
    if (!answer) return pool::fail(answer.error());
    const auto json = nlohmann::json::parse(answer->body, nullptr, false);
    if (!json.is_object()) {
        return pool::fail(pool::Error::Code::unavailable,
                          "HTTP " + std::to_string(answer->status) + ": " + answer->body);
    }
    if (json.contains("error") && !json["error"].is_null()) {
        return pool::fail(pool::Error::Code::refused, json["error"].dump());
    }
    return json.value("result", nlohmann::json{}).dump();
}

Page http_get(const std::string& url, const std::string& header)
{
    pool::HttpCall call;
    call.url = url;
    if (!header.empty()) call.headers.push_back(header);
    const auto answer = blocking_call(std::move(call));
    if (!answer) return {0, answer.error().detail};
    return {answer->status, answer->body};
}

std::optional<double> number_in(const std::string& object_json, const std::string& key)
{
    const auto json = nlohmann::json::parse(object_json, nullptr, false);
    if (!json.is_object() || !json.contains(key) || !json[key].is_number()) return std::nullopt;
    return json[key].get<double>();
}

}  // namespace tests
