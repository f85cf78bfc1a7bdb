#include "rpc/server_web.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include "rpc/exposition.h"
#include "rpc/shims.h"
#include "rpc/views.h"
#include "rpc/web_assets.h"

namespace rpc {
namespace {

using pool::HttpRequest;
using pool::HttpResponse;

constexpr std::size_t account_length_max = 128;  // the longest bech32m address is 90
constexpr std::uint32_t blocks_default = 20;
constexpr std::uint32_t blocks_max = 100;
constexpr std::uint32_t same_height_max = 100;
constexpr std::uint32_t earnings_default = 50;
constexpr std::uint32_t earnings_max = 1000;
constexpr std::size_t worker_length_max = 64;
constexpr std::uint32_t workers_default = 100;
constexpr std::uint32_t workers_max = 1000;

/// Names a body: FNV-1a, so that every server of a pool gives the same bytes the same name.
std::string etag(std::string_view body)
{
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : body) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    std::array<char, 20> text{};
    std::snprintf(text.data(), text.size(), "\"%016llx\"", static_cast<unsigned long long>(hash));
    return text.data();
}

HttpResponse ok(std::string content_type, std::string body, std::string_view cache)
{
    HttpResponse response;
    response.content_type = std::move(content_type);
    response.body = std::move(body);
    response.headers.emplace_back("Cache-Control", cache);
    return response;
}

/// Everybody may read the API from their own page.
HttpResponse api_ok(std::string body, std::string_view known_tag)
{
    const std::string tag = etag(body);
    HttpResponse response = ok("application/json", std::move(body), "public, max-age=5");
    if (tag == known_tag) response.status = 304;  // render() leaves the body out
    response.headers.emplace_back("ETag", tag);
    response.headers.emplace_back("Access-Control-Allow-Origin", "*");
    response.headers.emplace_back("Access-Control-Expose-Headers", "ETag, Retry-After");
    return response;
}

HttpResponse api_error(int status, std::string_view code, std::string_view message)
{
    HttpResponse response = error_response(status, code, message);
    response.headers.emplace_back("Access-Control-Allow-Origin", "*");
    return response;
}

std::optional<HttpResponse> page_at(std::string_view path)
{
    for (const WebAsset& asset : web_assets()) {
        if (asset.path != path) continue;
        return ok(std::string{asset.content_type}, std::string{asset.body}, "public, max-age=5");
    }
    return std::nullopt;
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

/// What a browser asks before a page of another site may send its own headers.
HttpResponse preflight()
{
    HttpResponse response;
    response.status = 204;
    response.headers = {{"Access-Control-Allow-Origin", "*"},
                        {"Access-Control-Allow-Methods", "GET, HEAD"},
                        {"Access-Control-Allow-Headers", "If-None-Match"},
                        {"Access-Control-Max-Age", "86400"}};
    return response;
}

HttpResponse too_many()
{
    HttpResponse response = api_error(429, "too_many_requests", "this address asks too often");
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

/// "/a/b/c" -> a, b, c; what is between the slashes may be empty.
std::vector<std::string_view> segments(std::string_view path)
{
    std::vector<std::string_view> out;
    while (path.starts_with('/')) {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        out.push_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return out;
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

std::optional<std::uint32_t> whole_number(std::string_view text, std::uint32_t min,
                                          std::uint32_t max)
{
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    if (!whole || value < min || value > max) return std::nullopt;
    return value;
}

/// The number that parameter `name` of the query holds: `absent` without it, nothing for what is
/// no number of min to max.
std::optional<std::uint32_t> query_number(const HttpRequest& request, std::string_view name,
                                          std::uint32_t min, std::uint32_t max,
                                          std::uint32_t absent)
{
    for (const auto& [key, text] : request.query) {
        if (key == name) return whole_number(text, min, max);
    }
    return absent;
}

std::string_view query_text(const HttpRequest& request, std::string_view name)
{
    for (const auto& [key, text] : request.query) {
        if (key == name) return text;
    }
    return {};
}

/// Of `range`: 0 for what is none.
std::uint64_t hours_of(const HttpRequest& request)
{
    constexpr std::array<std::pair<std::string_view, std::uint64_t>, 5> ranges{
        {{"", 24}, {"6h", 6}, {"24h", 24}, {"7d", 168}, {"30d", 720}}};
    const std::string_view wanted = query_text(request, "range");
    for (const auto& [name, hours] : ranges) {
        if (name == wanted) return hours;
    }
    return 0;
}

template <typename T, typename Render>
PoolView::Done<T> answer(const HttpRequest& request, Respond respond, const Render& render)
{
    std::string known{request.header("if-none-match")};
    return
        [respond = std::move(respond), known = std::move(known), render](pool::Result<T> result) {
            respond(result ? api_ok(render(*result), known) : api_error(result.error()));
        };
}

}  // namespace

std::string pool_event(const PoolInfo& info)
{
    return "event: pool\ndata: " + public_pool_json(info) + "\n\n";
}

WebEdge::WebEdge(PoolView& view, double requests_per_second,
                 std::function<void(std::vector<Metric>&)> own_metrics)
    : view_(view), limits_(requests_per_second), own_metrics_(std::move(own_metrics))
{
}

void WebEdge::handle(const HttpRequest& request, const std::string& host, Respond respond)
{
    const std::string& path = request.path;
    const bool own_api = path.starts_with("/api/");
    const bool api_like = own_api || path.starts_with("/users/") || path.starts_with("/pool/");
    if (api_like && request.method == "OPTIONS") return respond(preflight());
    if (request.method != "GET" && request.method != "HEAD") return respond(wrong_method());
    if (api_like) {
        // Health, metrics and pages cost nothing and must answer when somebody asks too much.
        if (!limits_.allow(host, pool::read_clock().steady)) return respond(too_many());
        if (path.starts_with("/api/v1/")) return api(request, std::move(respond));
        return shim(request, std::move(respond));
    }

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

    if (auto page = page_at(path == "/" ? "/index.html" : path)) return respond(std::move(*page));
    respond(error_response(404, "not_found", "there is no such page"));
}

void WebEdge::api(const HttpRequest& request, Respond respond)
{
    const std::vector<std::string_view> path = segments(request.path);  // "api", "v1", …
    const std::string_view first = path[2];
    if (path.size() == 3 && (first == "pool" || first == "network")) {
        const auto render = first == "pool" ? public_pool_json : network_json;
        return view_.pool_info(answer<PoolInfo>(request, std::move(respond), render));
    }
    if (path.size() == 3 && first == "events") return events(std::move(respond));
    if (path.size() == 3 && first == "openapi.json") {
        std::optional<HttpResponse> page = page_at(request.path);
        if (!page) return respond(api_error(404, "not_found", "this build has no document"));
        page->headers.emplace_back("Access-Control-Allow-Origin", "*");
        return respond(*std::move(page));
    }
    if (path.size() <= 4 && first == "blocks") return blocks(request, path, std::move(respond));
    if (path.size() == 4 && first == "users") {
        return user(request, path[3], user_json, std::move(respond));
    }
    if (path.size() == 5 && first == "users" && path[4] == "workers") {
        return workers(request, path[3], std::move(respond));
    }
    if (path.size() == 4 && first == "pool" && path[3] == "history") {
        return history(request, {}, std::move(respond));
    }
    if (path.size() > 4 && first == "users") return user_past(request, path, std::move(respond));
    respond(api_error(404, "not_found", "the API has no such path"));
}

/// Interfaces of other pools, at the paths where their dashboards look.
void WebEdge::shim(const HttpRequest& request, Respond respond)
{
    const std::vector<std::string_view> path = segments(request.path);
    if (request.path == "/pool/pool.status") {
        const auto render = [](const PoolInfo& info) {
            return shims::ckpool_status(info, pool::read_clock().wall);
        };
        return view_.pool_info(answer<PoolInfo>(request, std::move(respond), render));
    }
    if (path.size() == 2 && path[0] == "users") {
        return user(request, path[1], shims::ckpool_user, std::move(respond));
    }
    if (request.path == "/api/pool" || request.path == "/api/network") {
        const auto render =
            path[1] == "pool" ? shims::public_pool_pool : shims::public_pool_network;
        return view_.pool_info(answer<PoolInfo>(request, std::move(respond), render));
    }
    if (path.size() == 3 && path[1] == "client") {
        return user(request, path[2], shims::public_pool_client, std::move(respond));
    }
    respond(api_error(404, "not_found", "the API has no such path"));
}

template <typename Render>
void WebEdge::user(const HttpRequest& request, std::string_view account, const Render& render,
                   Respond respond)
{
    if (!could_be_account(account)) {
        return respond(api_error(404, "not_found", "this is no address and no account name"));
    }
    view_.user(std::string{account}, answer<UserInfo>(request, std::move(respond), render));
}

void WebEdge::workers(const HttpRequest& request, std::string_view account, Respond respond)
{
    const auto limit = query_number(request, "limit", 1, workers_max, workers_default);
    if (!limit) return respond(api_error(400, "bad_query", "limit is 1 to 1000"));
    const auto render = [limit = *limit, after = std::string{query_text(request, "cursor")}](
                            const UserInfo& user) { return workers_json(user, limit, after); };
    user(request, account, render, std::move(respond));
}

void WebEdge::history(const HttpRequest& request, HistoryQuestion question, Respond respond)
{
    question.hours = hours_of(request);
    if (question.hours == 0) {
        return respond(api_error(400, "bad_query", "range is 6h, 24h, 7d or 30d"));
    }
    view_.history(question, answer<HistoryInfo>(request, std::move(respond), history_json));
}

/// What an account or a worker did and got.
void WebEdge::user_past(const HttpRequest& request, const std::vector<std::string_view>& path,
                        Respond respond)
{
    const std::string account{path[3]};
    if (!could_be_account(account)) {
        return respond(api_error(404, "not_found", "this is no address and no account name"));
    }
    if (path.size() == 5 && path[4] == "history") {
        return history(request, {account, "", 0}, std::move(respond));
    }
    if (path.size() == 7 && path[4] == "workers" && path[6] == "history" &&
        path[5].size() <= worker_length_max && !path[5].empty()) {
        return history(request, {account, std::string{path[5]}, 0}, std::move(respond));
    }
    if (path.size() == 5 && path[4] == "window") {
        return view_.window(account, answer<WindowInfo>(request, std::move(respond), window_json));
    }
    if (path.size() == 5 && path[4] == "earnings") {
        const auto limit = query_number(request, "limit", 1, earnings_max, earnings_default);
        if (!limit) return respond(api_error(400, "bad_query", "limit is 1 to 1000"));
        return view_.earnings(
            account, *limit,
            answer<std::vector<EarningInfo>>(request, std::move(respond), earnings_json));
    }
    respond(api_error(404, "not_found", "the API has no such path"));
}

void WebEdge::blocks(const HttpRequest& request, const std::vector<std::string_view>& path,
                     Respond respond)
{
    if (path.size() == 4) {
        const auto height = whole_number(path[3], 0, UINT32_MAX - 1);
        if (!height) return respond(api_error(404, "not_found", "a block is named by its height"));
        const auto one =
            [respond = answer<std::vector<BlockInfo>>(request, std::move(respond), blocks_json),
             height = pool::Height{*height}](auto found) {
                // Several of ours may share a height: all but one of them are orphans.
                if (found) std::erase_if(*found, [&](const auto& b) { return b.height != height; });
                if (found && found->empty()) {
                    return respond(pool::fail(pool::Error::Code::not_found, "no block of ours"));
                }
                respond(std::move(found));
            };
        return view_.blocks(same_height_max, pool::Height{*height + 1}, one);
    }
    const auto limit = query_number(request, "limit", 1, blocks_max, blocks_default);
    const auto before = query_number(request, "before", 1, UINT32_MAX, 0);
    if (!limit || !before) {
        return respond(api_error(400, "bad_query", "limit is 1 to 100, before is a height"));
    }
    std::optional<pool::Height> below;
    if (*before != 0) below = pool::Height{*before};
    view_.blocks(*limit, below,
                 answer<std::vector<BlockInfo>>(request, std::move(respond), blocks_json));
}

void WebEdge::events(Respond respond)
{
    view_.pool_info([respond = std::move(respond)](pool::Result<PoolInfo> info) {
        if (!info) return respond(api_error(info.error()));
        HttpResponse response = ok(std::string{event_stream_type}, pool_event(*info), "no-store");
        response.headers.emplace_back("Access-Control-Allow-Origin", "*");
        respond(std::move(response));
    });
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
