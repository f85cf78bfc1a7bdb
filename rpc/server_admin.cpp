#include "rpc/server_admin.h"

#include <chrono>
#include <optional>
#include <utility>

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

}  // namespace

AdminEdge::AdminEdge(pool::Loop& loop, Router& router, const Authenticator& auth, PoolView& view,
                     HttpHandler pages, std::size_t worker_metrics)
    : loop_(loop),
      router_(router),
      auth_(auth),
      view_(view),
      pages_(std::move(pages)),
      worker_metrics_(worker_metrics)
{
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
    if (reads) return get(request, host, std::move(respond));
    router_.call(request.body, *caller,
                 [respond = std::move(respond)](std::optional<std::string> reply) {
                     respond(rpc_answer(std::move(reply)));
                 });
}

void AdminEdge::get(const pool::HttpRequest& request, const std::string& host, Respond respond)
{
    if (request.path == "/metrics/workers" && worker_metrics_ > 0) {
        return workers(std::move(respond));
    }
    if (request.path != "/api/v1/operator") return pages_(request, host, std::move(respond));
    view_.operator_info([respond = std::move(respond)](const pool::Result<OperatorInfo>& info) {
        if (!info) {
            return respond(error_response(503, "unavailable", "the pool cannot tell right now"));
        }
        HttpResponse response;
        response.body = operator_json(*info);
        response.headers.emplace_back("Cache-Control", "no-store");
        respond(std::move(response));
    });
}

// On this port, for it names accounts that are private, and each worker is several series.
void AdminEdge::workers(Respond respond)
{
    view_.workers(worker_metrics_, "",
                  [respond = std::move(respond)](const pool::Result<std::vector<WorkerLine>>& all) {
                      if (!all) {
                          return respond(
                              error_response(503, "unavailable", "the pool cannot tell right now"));
                      }
                      HttpResponse response;
                      response.content_type = std::string{exposition_content_type};
                      response.body = worker_exposition(*all);
                      response.headers.emplace_back("Cache-Control", "no-store");
                      respond(std::move(response));
                  });
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
