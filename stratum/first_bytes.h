#pragma once

#include <cstdint>
#include <string_view>

namespace stratum {

/// What the first bytes of a connection say about who is calling.
enum class Caller : std::uint8_t {
    more,     ///< not decided: come back with more bytes
    stratum,  ///< Stratum v1: JSON lines
    http,     ///< a browser, a health check, a getwork miner
    nobody,   ///< no protocol that is served here
};

/// Decides on at most five bytes. TLS, PROXY and Stratum v2 will be told apart here, too.
Caller caller_of(std::string_view first_bytes);

/// The whole answer to an HTTP caller.
inline constexpr std::string_view http_refusal =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

}  // namespace stratum
