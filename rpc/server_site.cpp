#include "rpc/server_site.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "pool/base/json.h"
#include "rpc/server_site_connection.h"
#include "rpc/server_streams.h"

namespace rpc {
namespace {

using pool::HttpRequest;
using pool::HttpResponse;

constexpr std::string_view content_security_policy =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'";

std::size_t bytes_of(const HttpRequest& request)
{
    std::size_t bytes = request.path.size() + request.body.size();
    for (const auto* const list : {&request.query, &request.headers}) {
        for (const auto& [name, value] : *list) bytes += name.size() + value.size();
    }
    return bytes;
}

HttpResponse answer_to(const pool::Error& error)
{
    if (error.code == pool::Error::Code::limit) {
        return error_response(413, "too_large", "the request is larger than we accept");
    }
    return error_response(400, "bad_request", "this is not an HTTP/1.1 request");
}

}  // namespace

void add_security_headers(HttpResponse& response)
{
    response.headers.emplace_back("Content-Security-Policy", content_security_policy);
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
}

HttpResponse error_response(int status, std::string_view code, std::string_view message)
{
    HttpResponse response;
    response.status = status;
    pool::JsonWriter json{response.body};
    json.begin_object().key("error").begin_object();
    json.key("code").string(code).key("message").string(message);
    json.end_object().end_object();
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

pool::Result<std::unique_ptr<Site>> Site::listen(pool::Loop& loop, const SiteOptions& options,
                                                 HttpHandler handler)
{
    std::unique_ptr<Site> site{new Site{options, std::move(handler)}};
    Site* const self = site.get();
    auto listener = pool::TcpListener::listen(
        loop, {.address = options.address, .unix_path = options.unix_path},
        [self](std::unique_ptr<pool::TcpConn> socket) { self->accept(std::move(socket)); });
    if (!listener) return pool::fail(std::move(listener.error()));
    site->listener_ = std::move(*listener);

    const auto period = std::clamp(options.idle_max / 4, std::chrono::milliseconds{10},
                                   std::chrono::milliseconds{1000});
    site->sweeper_ = loop.every(period, [self] { self->sweep(); });
    return site;
}

Site::Site(const SiteOptions& options, HttpHandler handler)
    : options_(options),
      handler_(std::move(handler)),
      addresses_(options.connections),
      streams_(std::make_unique<EventStreams>(options.tells_on))
{
}

Site::~Site() = default;

SiteCounts Site::counts() const
{
    SiteCounts counts = counts_;
    counts.connections = connections_.size();
    counts.streams = streams_->size();
    counts.unread_bytes = unread_bytes();
    return counts;
}

void Site::accept(std::unique_ptr<pool::TcpConn> socket)
{
    const std::string host = socket->peer().host;
    if (options_.allows && !options_.allows(host)) {
        ++counts_.answers_4xx;
        HttpResponse refusal = error_response(403, "address", "this address may not ask here");
        add_security_headers(refusal);
        socket->write(pool::render(refusal, false));
        return;
    }
    const bool full = addresses_.full_for(host);
    if (!addresses_.take(host)) {
        ++counts_.connections_refused;
        if (!full) ++counts_.refused_by_address;
        return;
    }
    const auto connection = std::make_shared<Connection>(options_.body_max);
    connection->socket = std::move(socket);
    connection->host = host;
    connection->since = pool::read_clock().steady;
    connection->place = connections_.insert(connections_.end(), connection);

    const std::weak_ptr<Connection> weak = connection;
    connection->socket->start({
        .on_bytes =
            [this, weak](std::span<const std::uint8_t> bytes) {
                const auto held = weak.lock();
                if (held == nullptr) return;
                on_bytes(*held, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
                pump(held);
            },
        .on_close =
            [this, weak](pool::CloseReason) {
                const auto held = weak.lock();
                if (held != nullptr) drop(*held);
            },
    });
}

void Site::on_bytes(Connection& connection, std::string_view bytes)
{
    if (connection.closing || connection.stream || connection.last_words) return;
    pool::Result<std::vector<HttpRequest>> requests = connection.parser.feed(bytes);
    if (!requests) {
        connection.last_words = answer_to(requests.error());
        return;
    }
    for (HttpRequest& request : *requests) {
        const std::size_t held = bytes_of(request);
        const bool many = connection.waiting_bytes + held > pipeline_bytes_max;
        if (connection.waiting.size() >= pipeline_max || many) {
            connection.last_words =
                error_response(503, "pipeline_full", "too many requests without waiting");
            return;
        }
        connection.waiting.push_back(std::move(request));
        connection.waiting_bytes += held;
    }
}

// A loop, not a recursion: handlers may answer during the call, one request after the other.
void Site::pump(const std::shared_ptr<Connection>& connection)
{
    if (connection->pumping) return;
    connection->pumping = true;
    while (connection->socket != nullptr && !connection->busy && !connection->closing &&
           !connection->stream) {
        if (connection->waiting.empty()) {
            std::optional<HttpResponse> words = std::move(connection->last_words);
            if (!words) break;
            HttpRequest nobody;
            nobody.keep_alive = false;
            send(connection, nobody, std::move(*words));
            break;
        }
        if (connection->socket->write_queue_bytes() > unread_bytes_max) {
            drop(*connection);
            break;
        }
        const auto request = std::make_shared<HttpRequest>(std::move(connection->waiting.front()));
        connection->waiting.pop_front();
        connection->waiting_bytes -= bytes_of(*request);
        connection->busy = true;
        connection->since = pool::read_clock().steady;
        const std::weak_ptr<Connection> weak = connection;
        handler_(*request, connection->host, [this, weak, request](HttpResponse response) {
            const auto held = weak.lock();
            if (held == nullptr || held->socket == nullptr) return;
            pool::check(held->busy, "a request is answered once");
            held->busy = false;
            send(held, *request, std::move(response));
            pump(held);
        });
    }
    connection->pumping = false;
}

void Site::send(const std::shared_ptr<Connection>& held, const HttpRequest& request,
                HttpResponse response)
{
    Connection& connection = *held;
    const bool endless = response.content_type == event_stream_type && request.method == "GET";
    if (endless && streams_->size() >= streams_max) {
        response = error_response(503, "too_many_listeners", "enough others listen to events");
    }
    const int kind = response.status / 100;
    ++(kind <= 3 ? counts_.answers_2xx : kind == 4 ? counts_.answers_4xx : counts_.answers_5xx);
    if (response.whole != nullptr) return write(connection, *response.whole);
    add_security_headers(response);
    if (endless && response.status == 200) return begin_stream(held, request, response);
    std::string text = pool::render(response, request.keep_alive);
    if (request.method == "HEAD") {
        const std::size_t head_end = text.find("\r\n\r\n");
        pool::check(head_end != text.npos, "an answer has an empty line behind its head");
        text.resize(head_end + 4);
    }

    write(connection, text);
    if (request.keep_alive || connection.socket == nullptr) return;
    connection.closing = true;
    connection.waiting.clear();
    connection.socket->close_after_write();
}

void Site::write(Connection& connection, std::string_view text)
{
    pool::TcpConn& socket = *connection.socket;
    const std::size_t before = socket.write_queue_bytes();
    socket.set_write_queue_max(before + text.size() + pool::TcpConn::write_queue_default);
    socket.write(text);
    connection.since = pool::read_clock().steady;
    unread_at_most_ += socket.write_queue_bytes() - before;
    if (options_.unread_all_max > 0 && unread_at_most_ > options_.unread_all_max) bound_unread();
}

// Ends with the connection, so it needs neither a length nor chunks.
void Site::begin_stream(const std::shared_ptr<Connection>& connection, const HttpRequest& request,
                        const HttpResponse& response)
{
    std::string text = pool::render(response, false);
    const std::size_t length = text.find("Content-Length: ");
    text.erase(length, text.find("\r\n", length) + 2 - length);
    const std::weak_ptr<Connection> weak = connection;
    connection->stream = streams_->add(request, connection->host,
                                       {.tell =
                                            [this, weak](std::string_view events) {
                                                if (const auto held = weak.lock())
                                                    tell(*held, events);
                                            },
                                        .end =
                                            [this, weak] {
                                                if (const auto held = weak.lock()) drop(*held);
                                            }});
    connection->waiting.clear();
    connection->since = pool::read_clock().steady;
    connection->socket->write(text);
}

void Site::tell_listeners()
{
    if (options_.tells_on) streams_->round();
}

void Site::tell(Connection& connection, std::string_view events)
{
    if (connection.socket->write_queue_bytes() > untold_bytes_max) return drop(connection);
    connection.socket->write(events);
    connection.since = pool::read_clock().steady;
}

void Site::drop(Connection& connection)
{
    if (connection.socket == nullptr) return;
    if (connection.stream) streams_->remove(*connection.stream);
    addresses_.give_back(connection.host);
    connection.socket.reset();
    connections_.erase(connection.place);
}

}  // namespace rpc
