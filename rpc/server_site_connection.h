#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "pool/runtime/http_message.h"
#include "pool/runtime/tcp.h"
#include "rpc/server_site.h"

namespace rpc {

/// One peer of a Site. Only the sources of Site include it.
struct Site::Connection {
    explicit Connection(std::size_t body_max) : parser({.body_max = body_max}) {}

    std::unique_ptr<pool::TcpConn> socket;  // empty: closed, whoever still holds us lets go
    std::string host;
    pool::HttpParser parser;
    std::deque<pool::HttpRequest> waiting;
    std::size_t waiting_bytes = 0;
    std::optional<pool::HttpResponse> last_words;  // behind `waiting`, then the end
    bool busy = false;                             // a handler has not answered yet
    bool pumping = false;
    bool closing = false;
    std::optional<std::uint64_t> stream;  // events only, from here on
    pool::SteadyTime since;               // the last answer, or the start of the request at work
    Connections::iterator place;
};

}  // namespace rpc
