#include "rpc/server_admin.h"

#include <chrono>
#include <optional>
#include <utility>

#include "pool/base/log.h"
#include "pool/base/time.h"

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
        error_response(429, "too_many_failures", "wrong passwords from this address: wait");
    response.headers.emplace_back("Retry-After", "2");
    return response;
}

HttpResponse wrong_method()
{
    HttpResponse response = error_response(405, "wrong_method", "JSON-RPC goes by POST");
    response.headers.emplace_back("Allow", "POST");
    return response;
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

AdminEdge::AdminEdge(pool::Loop& loop, Router& router, const Authenticator& auth)
    : loop_(loop), router_(router), auth_(auth)
{
}

void AdminEdge::handle(const pool::HttpRequest& request, const std::string& host, Respond respond)
{
    if (request.path != "/") {
        return respond(error_response(404, "not_found", "the admin RPC is at /"));
    }
    if (request.method != "POST") return respond(wrong_method());

    const std::string_view authorization = request.header("authorization");
    if (authorization.empty()) return respond(unauthorized());
    const std::optional<Credentials> credentials = parse_basic(authorization);
    const bool by_cookie = credentials && credentials->user == cookie_user;
    if (failures_.holding(host, pool::read_clock().steady) && !by_cookie) {
        return respond(too_many_failures());
    }
    std::optional<Caller> caller = credentials ? auth_.identify(*credentials) : std::nullopt;
    if (!caller) return refuse(host, std::move(respond));
    caller->host = host;

    // The cookie says nothing about who guesses passwords from the same machine.
    if (!by_cookie) failures_.succeeded(host);
    router_.call(request.body, *caller,
                 [respond = std::move(respond)](std::optional<std::string> reply) {
                     respond(rpc_answer(std::move(reply)));
                 });
}

void AdminEdge::refuse(const std::string& host, Respond respond)
{
    const pool::SteadyTime now = pool::read_clock().steady;
    if (held_.contains(host) || held_.size() >= FailureDelays::addresses_max) {
        return respond(too_many_failures());
    }
    const std::chrono::milliseconds delay = failures_.failed(host, now);
    pool::log::warn("rpc_login_failed", {{"host", host}, {"delay_ms", delay.count()}});
    // libuv counts whole milliseconds and may be one early.
    held_[host] = loop_.after(
        delay + std::chrono::milliseconds{1}, [this, host, respond = std::move(respond)] {
            const Respond answer = respond;  // erasing the timer frees what it has captured
            held_.erase(host);
            answer(unauthorized());
        });
}

}  // namespace rpc
