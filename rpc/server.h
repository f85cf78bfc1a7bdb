#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "pool/base/result.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/tcp.h"
#include "rpc/auth.h"
#include "rpc/pool_view.h"
#include "rpc/router.h"

namespace rpc {

struct ServerOptions {
    std::optional<pool::Endpoint> admin;  ///< JSON-RPC by POST /; none: not served
    std::string admin_socket{};           ///< the same on a unix socket; "": none
    /// Who may ask at `admin`, by address, whatever he knows; none: everybody.
    std::function<bool(const std::string& host)> admin_allows{};
    /// Writes down who reads by GET at `admin` what not everybody may see; outlives the server.
    /// Null: nobody does.
    Auditor* auditor = nullptr;
    /// Of so many workers /metrics/workers of the admin's shows figures, the strongest first; 0:
    /// there is no such page.
    std::size_t worker_metrics = 0;
    std::optional<pool::Endpoint> web;   ///< pages, API, health, metrics; none: not served
    std::size_t connections_max = 1024;  ///< a listener; one more is closed at once
    std::size_t connections_kept = 16;   ///< of a port's, for this machine: it asks for health
    /// Connections to `admin` that one address may have, so that nobody locks the others out; 0
    /// means any number.
    std::size_t admin_connections_per_address = 64;
    /// How long a connection may take from one answer to the next whole request, and to take in
    /// an answer; and how long an answer of the web may take us. An admin's takes what it takes.
    std::chrono::milliseconds idle_max{30'000};
    /// Requests to the API and /metrics that one address may make on the long run; 0 means any
    /// number.
    double requests_per_second = 0;
    /// Connections to the web that one address may have; 0 means any number.
    std::size_t connections_per_address = 0;
    std::size_t connections_per_prefix = 0;  ///< of an IPv4 /24 or an IPv6 /48
    /// Questions to the pool and the books that one address may have without an answer; 0 means any
    /// number.
    std::size_t questions_per_address = 8;
    std::size_t questions_per_prefix = 32;  ///< of an IPv4 /24 or an IPv6 /48
    /// This machine may have any number of connections and questions, for it may be a proxy's, and
    /// read /metrics at any rate.
    bool spare_loopback = true;
    /// Of a listener's answers, held for all who do not read them; those go that hold the most.
    std::size_t unread_all_max = std::size_t{64} << 20;
    std::chrono::milliseconds event_every{5'000};  ///< of /api/v1/events
};

/// The HTTP edge: two listeners on one loop, bytes -> router or pages -> bytes. Lives on the
/// loop's thread; what it is given outlives it.
class Server {
public:
    /// Errors: unavailable, with a sentence that names the address; invalid.
    static pool::Result<std::unique_ptr<Server>> start(pool::Loop& loop,
                                                       const ServerOptions& options, Router& router,
                                                       const Authenticator& auth, PoolView& view);
    ~Server();  ///< closes all connections at once; answers that come later go nowhere
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::uint16_t admin_port() const;  ///< 0 when not served
    std::uint16_t web_port() const;

private:
    struct Impl;
    explicit Server(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace rpc
