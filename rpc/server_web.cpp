#include "rpc/server_web.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "rpc/exposition.h"
#include "rpc/views.h"
#include "rpc/web_assets.h"

namespace rpc {
namespace {

using pool::HttpRequest;
using pool::HttpResponse;

constexpr std::string_view users_prefix = "/api/v1/users/";
constexpr std::size_t account_length_max = 128;  // the longest bech32m address is 90
constexpr std::uint32_t blocks_default = 20;
constexpr std::uint32_t blocks_max = 100;

HttpResponse ok(std::string content_type, std::string body, std::string_view cache)
{
    HttpResponse response;
    response.content_type = std::move(content_type);
    response.body = std::move(body);
    response.headers.emplace_back("Cache-Control", cache);
    return response;
}

/// Everybody may read the API from their own page.
HttpResponse api_ok(std::string body)
{
    HttpResponse response = ok("application/json", std::move(body), "public, max-age=5");
    response.headers.emplace_back("Access-Control-Allow-Origin", "*");
    return response;
}

HttpResponse api_error(int status, std::string_view code, std::string_view message)
{
    HttpResponse response = error_response(status, code, message);
    response.headers.emplace_back("Access-Control-Allow-Origin", "*");
    return response;
}

/// An error of the view, without its detail: that is a sentence for operators.
HttpResponse api_error(const pool::Error& error)
{
    if (error.code == pool::Error::Code::not_found || error.code == pool::Error::Code::invalid) {
        return api_error(404, "not_found", "nothing is known of it");
    }
    HttpResponse response = api_error(503, "unavailable", "the pool cannot tell right now");
    response.headers.emplace_back("Retry-After", "5");
    return response;
}

HttpResponse wrong_method()
{
    HttpResponse response = error_response(405, "wrong_method", "this is read by GET");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
}

/// Could it be an address or a registered name? What is neither is not asked for.
bool could_be_account(std::string_view text)
{
    const auto fits = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= account_length_max &&
           std::all_of(text.begin(), text.end(), fits);
}

/// The number that parameter `name` of the query holds: `absent` without it, nothing for what is
/// no number of min to max.
std::optional<std::uint32_t> query_number(const HttpRequest& request, std::string_view name,
                                          std::uint32_t min, std::uint32_t max,
                                          std::uint32_t absent)
{
    for (const auto& [key, text] : request.query) {
        if (key != name) continue;
        std::uint32_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole = error == std::errc{} && end == text.data() + text.size();
        if (!whole || value < min || value > max) return std::nullopt;
        return value;
    }
    return absent;
}

template <typename T, typename Render>
PoolView::Done<T> answer(Respond respond, Render render)
{
    return [respond = std::move(respond), render](pool::Result<T> result) {
        respond(result ? api_ok(render(*result)) : api_error(result.error()));
    };
}

}  // namespace

WebEdge::WebEdge(PoolView& view, std::function<void(std::vector<Metric>&)> own_metrics)
    : view_(view), own_metrics_(std::move(own_metrics))
{
}

void WebEdge::handle(const HttpRequest& request, const std::string&, Respond respond)
{
    if (request.method != "GET" && request.method != "HEAD") return respond(wrong_method());
    if (request.path.starts_with("/api/")) return api(request, std::move(respond));

    if (request.path == "/healthz") {
        return respond(ok("application/json", "{\"status\":\"ok\"}\n", "no-store"));
    }
    if (request.path == "/readyz") {
        return view_.readiness([respond = std::move(respond)](pool::Result<Readiness> result) {
            const Readiness readiness = result ? *std::move(result) : Readiness{};
            HttpResponse response =
                ok("application/json", readiness_json(readiness) + "\n", "no-store");
            response.status = readiness.ready ? 200 : 503;
            respond(std::move(response));
        });
    }
    if (request.path == "/metrics") return metrics(std::move(respond));

    std::string_view path = request.path;
    if (path == "/") path = "/index.html";
    for (const WebAsset& asset : web_assets()) {
        if (asset.path != path) continue;
        return respond(
            ok(std::string{asset.content_type}, std::string{asset.body}, "public, max-age=5"));
    }
    respond(error_response(404, "not_found", "there is no such page"));
}

void WebEdge::api(const HttpRequest& request, Respond respond)
{
    if (request.path == "/api/v1/pool") {
        return view_.pool_info(answer<PoolInfo>(std::move(respond), public_pool_json));
    }
    if (request.path == "/api/v1/blocks") return blocks(request, std::move(respond));
    if (request.path.starts_with(users_prefix)) {
        return user(std::string_view{request.path}.substr(users_prefix.size()), std::move(respond));
    }
    respond(api_error(404, "not_found", "the API has no such path"));
}

void WebEdge::user(std::string_view account, Respond respond)
{
    if (!could_be_account(account)) {
        return respond(api_error(404, "not_found", "this is no address and no account name"));
    }
    view_.user(std::string{account}, answer<UserInfo>(std::move(respond), user_json));
}

void WebEdge::blocks(const HttpRequest& request, Respond respond)
{
    const auto limit = query_number(request, "limit", 1, blocks_max, blocks_default);
    const auto before = query_number(request, "before", 1, UINT32_MAX, 0);
    if (!limit || !before) {
        return respond(api_error(400, "bad_query", "limit is 1 to 100, before is a height"));
    }
    std::optional<pool::Height> below;
    if (*before != 0) below = pool::Height{*before};
    view_.blocks(*limit, below, answer<std::vector<BlockInfo>>(std::move(respond), blocks_json));
}

void WebEdge::metrics(Respond respond)
{
    // Counted now, not when the view answers: this edge may be gone by then.
    std::vector<Metric> own;
    own_metrics_(own);
    view_.metrics([own = std::move(own),
                   respond = std::move(respond)](pool::Result<std::vector<Metric>> result) {
        // A scrape that fails is an alarm by itself; what the edge knows would hide it.
        if (!result) return respond(api_error(result.error()));
        result->insert(result->end(), own.begin(), own.end());
        respond(ok(std::string{exposition_content_type}, exposition(*result), "no-store"));
    });
}

}  // namespace rpc
