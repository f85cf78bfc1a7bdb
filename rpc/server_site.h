#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "pool/base/time.h"
#include "pool/runtime/http_message.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/tcp.h"
#include "rpc/address_counts.h"

namespace rpc {

/// What one request is answered with. May be called during the handler or later, once.
using Respond = std::function<void(pool::HttpResponse)>;
/// host: the peer's address without its port. The request is valid during the call.
using HttpHandler =
    std::function<void(const pool::HttpRequest& request, const std::string& host, Respond respond)>;

/// An answer of this type has no end: its body is the first events, and the connection stays for
/// what Site::tell_listeners() sends.
inline constexpr std::string_view event_stream_type = "text/event-stream";

class EventStreams;

struct SiteOptions {
    pool::Endpoint address;
    AddressCounts::Limits connections{};  ///< one more is closed at once
    /// Who may connect, by address; others are told so, take no place and are closed at once.
    /// None: everybody.
    std::function<bool(const std::string& host)> allows{};
    std::chrono::milliseconds idle_max{0};
    std::size_t body_max = std::size_t{256} << 10;  ///< of a request
    std::string unix_path{};  ///< instead of `address`: see pool::ListenOptions
    /// Answers that peers have not taken in, of all connections together; beyond it those go that
    /// hold the most. 0 means any number.
    std::size_t unread_all_max = 0;
    /// How long an answer may take us: idle_max, too, or as long as it takes, where who asks is
    /// trusted and may ask for work of hours (a backup, verifyaudit).
    bool answers_are_bounded = true;
    /// What listeners to events hear next: asked as they have asked. None: nothing.
    HttpHandler tells_on{};
};

/// How a listener has been used since it began.
struct SiteCounts {
    std::uint64_t connections = 0;  ///< open now
    std::uint64_t connections_refused = 0;
    std::uint64_t refused_by_address = 0;  ///< of those, because one network or prefix had enough
    std::uint64_t streams = 0;             ///< of those, the ones that listen to events
    std::uint64_t unread_bytes = 0;        ///< of answers, held for peers that do not read
    std::uint64_t unread_dropped = 0;      ///< connections closed for unread_all_max
    std::uint64_t answers_2xx = 0;         ///< and 304
    std::uint64_t answers_4xx = 0;
    std::uint64_t answers_5xx = 0;
};

/// A listener and its HTTP connections. Requests of a connection are answered one at a time, in
/// order, however they were pipelined; HEAD is answered as GET without the body. On the loop's
/// thread. Dropping it closes everything; a Respond called later does nothing.
class Site {
public:
    /// Requests that may wait on a connection; more end it with 503.
    static constexpr std::size_t pipeline_max = 64;
    /// And of what they hold: whoever waits for an answer may not have us keep megabytes meanwhile.
    static constexpr std::size_t pipeline_bytes_max = std::size_t{512} << 10;
    /// Answers that the peer has not taken in; a new request finds the connection closed.
    static constexpr std::size_t unread_bytes_max = std::size_t{1} << 20;

    /// Listeners to events; one more is answered 503.
    static constexpr std::size_t streams_max = 512;
    /// Events that a listener has not taken in; then its connection is closed.
    static constexpr std::size_t untold_bytes_max = std::size_t{64} << 10;

    static pool::Result<std::unique_ptr<Site>> listen(pool::Loop& loop, const SiteOptions& options,
                                                      HttpHandler handler);
    ~Site();
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;

    std::uint16_t port() const { return listener_->port(); }
    SiteCounts counts() const;
    /// Sends the events of now to all who listen.
    void tell_listeners();

private:
    struct Connection;
    using Connections = std::list<std::shared_ptr<Connection>>;

    Site(const SiteOptions& options, HttpHandler handler);
    void accept(std::unique_ptr<pool::TcpConn> socket);
    void on_bytes(Connection& connection, std::string_view bytes);
    void pump(const std::shared_ptr<Connection>& connection);
    void send(const std::shared_ptr<Connection>& connection, const pool::HttpRequest& request,
              pool::HttpResponse response);
    void write(Connection& connection, std::string_view text);
    void begin_stream(const std::shared_ptr<Connection>& connection,
                      const pool::HttpRequest& request, const pool::HttpResponse& response);
    void tell(Connection& connection, std::string_view events);
    void drop(Connection& connection);
    std::size_t unread_bytes() const;
    void bound_unread();
    void sweep();

    SiteOptions options_;
    HttpHandler handler_;
    SiteCounts counts_;
    AddressCounts addresses_;
    std::unique_ptr<EventStreams> streams_;
    Connections connections_;
    std::size_t unread_at_most_ = 0;
    pool::Watch sweeper_;
    std::unique_ptr<pool::TcpListener> listener_;
};

/// Those that every answer has: pages load nothing that we did not serve, and nobody frames them.
void add_security_headers(pool::HttpResponse& response);

/// {"error": {"code": …, "message": …}}: every refusal of both listeners. Neither text may come
/// from a request.
pool::HttpResponse error_response(int status, std::string_view code, std::string_view message);

}  // namespace rpc
