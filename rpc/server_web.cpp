#include "rpc/server_web.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "rpc/exposition.h"
#include "rpc/qr_svg.h"
#include "rpc/server_answers.h"
#include "rpc/server_pages.h"
#include "rpc/views.h"

namespace rpc {
namespace {

using pool::HttpRequest;
using pool::HttpResponse;

constexpr std::uint32_t blocks_default = 20;
constexpr std::uint32_t blocks_max = 100;
constexpr std::uint32_t luck_blocks = 250;  // the longest span of luck_json
constexpr std::uint32_t same_height_max = 100;
constexpr std::size_t hash_length = 64;
constexpr std::uint32_t payouts_default = 20;
constexpr std::uint32_t payouts_max = 100;
constexpr std::string_view connect_path = "/connect.svg";

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
                        {"Access-Control-Allow-Headers", "If-None-Match, Authorization"},
                        {"Access-Control-Max-Age", "86400"}};
    return response;
}

AnswerCache::Limits bounds(const WebEdge::Limits& limits)
{
    AnswerCache::Limits bounds;
    bounds.questions = {.of_network = limits.questions_per_address,
                        .of_prefix = limits.questions_per_prefix,
                        .spare_loopback = limits.spare_loopback};
    return bounds;
}

}  // namespace

WebEdge::WebEdge(PoolView& view, const Limits& limits,
                 std::function<void(std::vector<Metric>&)> own_metrics)
    : view_(view),
      answers_(bounds(limits), [] { return pool::read_clock().steady; }),
      accounts_(view, answers_),
      events_(view, answers_, accounts_),
      shims_(view, answers_, accounts_),
      requests_(limits.requests_per_second),
      spare_loopback_(limits.spare_loopback),
      own_metrics_(std::move(own_metrics))
{
}

void WebEdge::handle(const HttpRequest& request, const std::string& host, Respond respond)
{
    const std::string& path = request.path;
    const bool own_api = path.starts_with("/api/");
    const bool api_like = own_api || path.starts_with("/users/") || path.starts_with("/pool/");
    if (api_like && request.method == "OPTIONS") return respond(preflight());
    if (request.method != "GET" && request.method != "HEAD") return respond(wrong_method());
    // Health and pages cost nothing and must answer when somebody asks too much; so must the
    // metrics for whoever watches from this machine.
    const bool watcher = spare_loopback_ && is_loopback(host);
    const bool metered = api_like || path == connect_path || (path == "/metrics" && !watcher);
    if (metered && !requests_.allow(network_of(host), pool::read_clock().steady)) {
        return respond(too_many());
    }
    if (api_like) {
        if (path.starts_with("/api/v1/")) return api(request, host, std::move(respond));
        return shims_.handle(request, host, std::move(respond));
    }

    if (path == connect_path) return connect_code(request, std::move(respond));
    if (request.path == "/healthz") {
        return respond(ok_response("application/json", "{\"status\":\"ok\"}\n", "no-store"));
    }
    if (request.path == "/readyz") {
        return view_.readiness([respond = std::move(respond)](pool::Result<Readiness> result) {
            const Readiness readiness = result ? *std::move(result) : Readiness{};
            HttpResponse response =
                ok_response("application/json", readiness_json(readiness) + "\n", "no-store");
            response.status = readiness.ready ? 200 : 503;
            respond(std::move(response));
        });
    }
    if (request.path == "/metrics") return metrics(host, std::move(respond));

    if (auto page = page_at(request)) return respond(std::move(*page));
    respond(error_response(404, "not_found", "there is no such page"));
}

void WebEdge::api(const HttpRequest& request, const std::string& host, Respond respond)
{
    const std::vector<std::string_view> path = segments(request.path);  // "api", "v1", …
    const std::string_view first = path[2];
    if (path.size() == 3 && first == "pool") {
        return pool_as(request, host, "pool", std::move(respond), public_pool_json);
    }
    if (path.size() == 3 && first == "network") {
        return pool_as(request, host, "network", std::move(respond), network_json);
    }
    if (path.size() == 3 && first == "terms") {
        return tell(request, host, "terms", std::move(respond), [&](AnswerCache::Take take) {
            view_.terms(rendered<TermsInfo>(std::move(take), terms_json));
        });
    }
    if (path.size() == 3 && first == "luck") {
        return tell(request, host, "luck", std::move(respond), [&](AnswerCache::Take take) {
            view_.blocks(luck_blocks, std::nullopt,
                         rendered<std::vector<BlockInfo>>(std::move(take), luck_json));
        });
    }
    const bool of_account = path.size() == 5 && first == "users" && path[4] == "events";
    if (of_account || (path.size() == 3 && first == "events")) {
        return events_.handle(request, host, std::move(respond));
    }
    if (path.size() == 3 && first == "openapi.json") {
        std::optional<HttpResponse> page = page_at(request);
        if (!page) return respond(api_error(404, "not_found", "this build has no document"));
        open_to_pages(*page);
        return respond(*std::move(page));
    }
    if (path.size() == 3 && first == "payouts") return payouts(request, host, std::move(respond));
    if (path.size() <= 4 && first == "blocks") {
        return blocks(request, host, path, std::move(respond));
    }
    if (path.size() >= 4 && first == "users") {
        return accounts_.user(request, path, host, std::move(respond));
    }
    if (path.size() == 3 && first == "watch") {
        return accounts_.watch(request, host, std::move(respond));
    }
    if (path.size() == 4 && first == "pool" && path[3] == "history") {
        return history(request, host, std::move(respond));
    }
    respond(api_error(404, "not_found", "the API has no such path"));
}

void WebEdge::history(const HttpRequest& request, const std::string& host, Respond respond)
{
    const auto span = span_of(request, HistoryOf::pool_or_account);
    if (!span) return respond(api_error(400, "bad_query", history_span_refusal));
    const std::string key =
        "history " + std::to_string(span->hours) + " " + std::to_string(span->step_s);
    tell(request, host, key, std::move(respond), [&](AnswerCache::Take take) {
        view_.history({.account = "", .span = *span},
                      rendered<HistoryInfo>(std::move(take), history_json));
    });
}

void WebEdge::tell(const HttpRequest& request, const std::string& host, const std::string& key,
                   Respond respond, const AnswerCache::Ask& ask)
{
    answers_.get(key, view_.generation(), host, ask,
                 reply(Asked{request, host}, Shown::to_everybody, std::move(respond)));
}

void WebEdge::pool_as(const HttpRequest& request, const std::string& host, const std::string& key,
                      Respond respond, std::string (*render)(const PoolInfo&))
{
    tell(request, host, key, std::move(respond), [&](AnswerCache::Take take) {
        view_.pool_info(rendered<PoolInfo>(std::move(take), render));
    });
}

void WebEdge::payouts(const HttpRequest& request, const std::string& host, Respond respond)
{
    const auto limit = query_number(request, "limit", 1, payouts_max, payouts_default);
    const auto before = query_number(request, "cursor", 1, UINT32_MAX, 0);
    if (!limit || !before) {
        return respond(api_error(400, "bad_query", "limit is 1 to 100, cursor is what next said"));
    }
    std::optional<std::uint64_t> below;
    if (*before != 0) below = *before;
    const auto render = [limit = *limit](const std::vector<PayoutInfo>& payouts) {
        return payouts_json(payouts, limit);
    };
    tell(request, host, "payouts " + std::to_string(*limit) + " " + std::to_string(*before),
         std::move(respond), [&](AnswerCache::Take take) {
             view_.payouts(*limit, below,
                           rendered<std::vector<PayoutInfo>>(std::move(take), render));
         });
}

void WebEdge::block(const HttpRequest& request, const std::string& host, const std::string& hash,
                    Respond respond)
{
    const auto ask = [this, &hash](AnswerCache::Take take) {
        view_.block(hash, [this, alive = std::weak_ptr{life_}, hash,
                           take = std::move(take)](const pool::Result<BlockInfo>& block) {
            if (alive.expired()) return;
            if (!block) return take(pool::fail(block.error()));
            const auto render = [block = *block](const std::vector<BlockAnswerInfo>& answers) {
                return block_detail_json(block, answers);
            };
            view_.block_answers(hash, rendered<std::vector<BlockAnswerInfo>>(take, render));
        });
    };
    tell(request, host, "block " + hash, std::move(respond), ask);
}

void WebEdge::blocks(const HttpRequest& request, const std::string& host,
                     const std::vector<std::string_view>& path, Respond respond)
{
    if (path.size() == 4 && path[3].size() == hash_length) {
        return block(request, host, std::string{path[3]}, std::move(respond));
    }
    if (path.size() == 4) {
        const auto height = whole_number(path[3], 0, UINT32_MAX - 1);
        if (!height)
            return respond(
                api_error(404, "not_found", "a block is named by its height or its hash"));
        const auto ask = [this, height = pool::Height{*height}](AnswerCache::Take take) {
            const auto one = [height, done = rendered<std::vector<BlockInfo>>(
                                          std::move(take), public_blocks_json)](auto found) {
                // Several of ours may share a height: all but one of them are orphans.
                if (found) std::erase_if(*found, [&](const auto& b) { return b.height != height; });
                if (found && found->empty()) {
                    return done(pool::fail(pool::Error::Code::not_found, "no block of ours"));
                }
                done(std::move(found));
            };
            view_.blocks(same_height_max, BlockCursor{pool::Height{height.value + 1}, ""}, one);
        };
        return tell(request, host, "height " + std::to_string(*height), std::move(respond), ask);
    }
    const auto limit = query_number(request, "limit", 1, blocks_max, blocks_default);
    const auto before = query_number(request, "before", 1, UINT32_MAX, 0);
    const std::string_view cursor = query_text(request, "cursor");
    std::optional<BlockCursor> after = parse_block_cursor(cursor);
    if (!limit || !before || (!after && !cursor.empty()) || (after && *before != 0)) {
        return respond(api_error(400, "bad_query",
                                 "limit is 1 to 100; before is a height, or cursor the height and "
                                 "the hash of the last block shown, as 812:HASH"));
    }
    if (*before != 0) after = BlockCursor{pool::Height{*before}, ""};
    tell(request, host, "blocks " + std::to_string(*limit) + " " + (after ? to_text(*after) : ""),
         std::move(respond), [&](AnswerCache::Take take) {
             view_.blocks(*limit, after,
                          rendered<std::vector<BlockInfo>>(std::move(take), public_blocks_json));
         });
}

// The page names its host: a proxy before us may have another name for it.
void WebEdge::connect_code(const HttpRequest& request, Respond respond)
{
    const std::string host{query_text(request, "host")};
    if (!is_host(host)) {
        return respond(api_error(400, "bad_query", "host is a name or an address, without a port"));
    }
    view_.pool_info([host, respond = std::move(respond)](const pool::Result<PoolInfo>& info) {
        if (!info) return respond(api_error(info.error()));
        const auto code =
            qr_svg("stratum+tcp://" + host + ":" + std::to_string(info->stratum_port));
        pool::check(code.has_value(), "a host and a port fit a QR code");
        respond(ok_response("image/svg+xml", *code, "public, max-age=60"));
    });
}

// Kept for a moment, however many ask: it is the dearest of all answers.
void WebEdge::metrics(const std::string& host, Respond respond)
{
    const auto ask = [this](AnswerCache::Take take) {
        // Counted now, not when the view answers: this edge may be gone by then.
        std::vector<Metric> own;
        own_metrics_(own);
        const auto render = [own = std::move(own)](std::vector<Metric> metrics) {
            metrics.insert(metrics.end(), own.begin(), own.end());
            return exposition(metrics);
        };
        view_.metrics(rendered<std::vector<Metric>>(std::move(take), render));
    };
    answers_.get(
        "metrics", view_.generation(), host, ask,
        [respond = std::move(respond)](const pool::Result<AnswerPtr>& answer) {
            // A scrape that fails is an alarm by itself; what the edge knows would hide it.
            if (!answer) return respond(api_error(answer.error()));
            respond(ok_response(std::string{exposition_content_type}, (*answer)->body, "no-store"));
        });
}

}  // namespace rpc
