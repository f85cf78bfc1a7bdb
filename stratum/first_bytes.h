#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace stratum {

/// What the first bytes of a connection say about who is calling.
enum class Caller : std::uint8_t {
    more,        ///< not decided: come back with more bytes
    stratum_v1,  ///< JSON lines
    stratum_v2,  ///< a first act of Noise: 64 bytes that look random
    http,        ///< a browser, a health check, a getwork miner
    tls,         ///< a ClientHello
    proxy,       ///< a PROXY header, version 1 or 2
    nobody,      ///< text that is no protocol served here
};

/// So many always decide.
inline constexpr std::size_t first_bytes_max = 24;

/// Decides by what has arrived so far, all of it: on sixteen bytes, on a whole line that holds an
/// object, or as soon as no other reading is left (charter, decision 10).
///
/// The first act of v2 is uniformly random, so that it may begin like anything. It is taken for
/// another protocol in fewer than one of ten million calls, however it is cut.
Caller caller_of(std::string_view arrived);

/// The whole answer to an HTTP caller.
inline constexpr std::string_view http_refusal =
    "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

}  // namespace stratum
