#include "rpc/server_admin.h"

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "pool/base/log.h"
#include "pool/base/time.h"
#include "rpc/address_counts.h"
#include "rpc/exposition.h"
#include "rpc/views.h"
#include "rpc/worker_exposition.h"

namespace rpc {
namespace {

using pool::HttpResponse;

HttpResponse unauthorized()
{
    HttpResponse response =
        error_response(401, "unauthorized", "this needs the cookie or an rpcauth user");
    response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"zubr\"");
    return response;
}

HttpResponse too_many_failures()
{
    HttpResponse response =
        error_response(429, "too_many_failures", "wrong passwords for this user: wait");
    response.headers.emplace_back("Retry-After", "2");
    return response;
}

HttpResponse wrong_method()
{
    HttpResponse response =
        error_response(405, "wrong_method", "JSON-RPC goes by POST, pages by GET");
    response.headers.emplace_back("Allow", "GET, HEAD, POST");
    return response;
}

/// Does a page of another site send this, with the password that the browser keeps for ours?
bool from_another_site(const pool::HttpRequest& request)
{
    const std::string_view site = request.header("sec-fetch-site");
    if (!site.empty() && site != "same-origin" && site != "none") return true;
    std::string_view origin = request.header("origin");
    if (origin.empty()) return false;
    const std::size_t scheme = origin.find("://");
    if (scheme != origin.npos) origin.remove_prefix(scheme + 3);
    return origin != request.header("host");
}

HttpResponse rpc_answer(std::optional<std::string> reply)
{
    HttpResponse response;
    if (reply) {
        response.body = std::move(*reply) + "\n";
    } else {
        response.status = 204;  // notifications only: nobody asked for an answer
    }
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

/// Who has stopped payouts and why, and what their wallet says, is getpayoutinfo's to tell.
void hide_words_of_payouts(OperatorInfo& info)
{
    for (Dependency& part : info.readiness.dependencies) {
        if (part.name != "payouts" || part.ok) continue;
        part.state = "not as it should be: getpayoutinfo tells those whose role may call it";
        part.detail.clear();
    }
}

/// A method of the audit's table that is read by GET, not by JSON-RPC.
Method read_by_get(std::string_view path)
{
    Method method;
    method.name = "GET " + std::string{path};
    method.reads_only = true;
    return method;
}

constexpr std::string_view json_type = "application/json";
constexpr std::string_view operator_path = "/api/v1/operator";
constexpr std::string_view workers_path = "/metrics/workers";

Method operator_method(PoolView& view)
{
    Method method = read_by_get(operator_path);
    method.handler = [&view](const Caller& caller, const Arguments&, Reply reply) {
        const bool whole = books_roles.holds(caller.role);
        view.operator_info([whole, reply = std::move(reply)](pool::Result<OperatorInfo> info) {
            if (!info) return reply(tl::unexpected{to_rpc_error(info.error())});
            if (!whole) hide_words_of_payouts(*info);
            reply(operator_json(*info));
        });
    };
    return method;
}

// On this port, for it names accounts that are private, as listworkers does, and each worker is
// several series.
Method workers_method(PoolView& view, std::size_t limit)
{
    Method method = read_by_get(workers_path);
    method.handler = [&view, limit](const Caller&, const Arguments&, Reply reply) {
        view.workers(limit, "",
                     [reply = std::move(reply)](const pool::Result<std::vector<WorkerLine>>& all) {
                         if (!all) return reply(tl::unexpected{to_rpc_error(all.error())});
                         reply(worker_exposition(*all));
                     });
    };
    return method;
}

}  // namespace

AdminEdge::AdminEdge(pool::Loop& loop, Router& router, const Authenticator& auth, Auditor* auditor,
                     PoolView& view, HttpHandler pages, std::size_t worker_metrics)
    : loop_(loop),
      router_(router),
      auth_(auth),
      auditor_(auditor),
      pages_(std::move(pages)),
      operator_(operator_method(view))
{
    if (worker_metrics > 0) workers_ = workers_method(view, worker_metrics);
}

void AdminEdge::handle(const pool::HttpRequest& request, const std::string& host, Respond respond)
{
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (!reads && request.method != "POST") return respond(wrong_method());
    if (!reads && request.path != "/") {
        return respond(error_response(404, "not_found", "the admin RPC is at /"));
    }
    if (from_another_site(request)) {
        return respond(
            error_response(403, "another_site", "pages of other sites may not ask this"));
    }

    const std::string_view authorization = request.header("authorization");
    if (authorization.empty()) return respond(unauthorized());
    const std::optional<Credentials> credentials = parse_basic(authorization);
    const bool by_cookie = credentials && credentials->user == cookie_user;
    const std::string who = FailureDelays::name(host, credentials ? credentials->user : "");
    if (failures_.holding(who, pool::read_clock().steady) && !by_cookie) {
        return respond(too_many_failures());
    }
    std::optional<Caller> caller = credentials ? auth_.identify(*credentials) : std::nullopt;
    if (!caller) return refuse(who, host, std::move(respond));
    caller->host = host;

    // The cookie says nothing about who guesses passwords from the same machine.
    if (!by_cookie) failures_.succeeded(who);
    if (reads) return get(request, *caller, std::move(respond));
    router_.call(request.body, *caller,
                 [respond = std::move(respond)](std::optional<std::string> reply) {
                     respond(rpc_answer(std::move(reply)));
                 });
}

void AdminEdge::get(const pool::HttpRequest& request, const Caller& caller, Respond respond)
{
    if (request.path == operator_path) {
        return read(operator_, caller, json_type, std::move(respond));
    }
    if (workers_ && request.path == workers_path) {
        return read(*workers_, caller, exposition_content_type, std::move(respond));
    }
    pages_(request, caller.host, std::move(respond));
}

void AdminEdge::read(const Method& method, const Caller& caller, std::string_view content_type,
                     Respond respond)
{
    const Reply reply = [type = std::string{content_type},
                         respond = std::move(respond)](RpcResult result) {
        if (!result && result.error().code == ErrorCode::forbidden) {
            return respond(error_response(403, "forbidden", result.error().message));
        }
        if (!result) {
            return respond(error_response(503, "unavailable", "the pool cannot tell right now"));
        }
        HttpResponse response;
        response.content_type = type;
        response.body = *std::move(result);
        response.headers.emplace_back("Cache-Control", "no-store");
        respond(std::move(response));
    };
    const bool allowed = method.roles.holds(caller.role);
    if (auditor_ != nullptr) return auditor_->run(method, caller, {}, allowed, reply);
    if (!allowed) return reply(tl::unexpected{forbidden(method, caller)});
    method.handler(caller, {}, reply);
}

void AdminEdge::refuse(const std::string& who, const std::string& host, Respond respond)
{
    const pool::SteadyTime now = pool::read_clock().steady;
    if (held_.contains(who)) return respond(too_many_failures());
    const std::chrono::milliseconds delay = failures_.failed(who, now);
    if (logged_.allow(network_of(host), now)) {
        pool::log::warn("rpc_login_failed", {{"host", host}, {"delay_ms", delay.count()}});
    }
    // libuv counts whole milliseconds and may be one early.
    held_[who] = loop_.after(
        delay + std::chrono::milliseconds{1}, [this, who, respond = std::move(respond)] {
            const Respond answer = respond;  // erasing the timer frees what it has captured
            held_.erase(who);
            answer(unauthorized());
        });
}

}  // namespace rpc
