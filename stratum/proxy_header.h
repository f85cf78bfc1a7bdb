#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "stratum/ip_address.h"

namespace stratum {

inline constexpr std::string_view proxy_v1_start = "PROXY ";
inline constexpr std::string_view proxy_v2_start{"\r\n\r\n\0\r\nQUIT\n", 12};
inline constexpr std::size_t proxy_v1_bytes_max = 107;
inline constexpr std::size_t proxy_v2_bytes_max = 536;

/// What a PROXY header says of who is behind the proxy.
struct ProxyHeader {
    enum class State : std::uint8_t {
        more,   ///< so far it may be one: come back with more bytes
        whole,  ///< `length` bytes are the header, what follows is the client's
        bad,    ///< it is none, or one that makes no sense
    };
    State state = State::more;
    std::size_t length = 0;
    /// Nothing for UNKNOWN, LOCAL (the proxy's own health check) and unix sockets: the address of
    /// the connection itself counts.
    std::optional<IpAddress> source{};
    std::uint16_t source_port = 0;
};

/// Reads the front of a connection as a PROXY protocol header, version 1 or 2. Pure. Looks at no
/// more than proxy_v2_bytes_max bytes: with so many the state is never `more`.
ProxyHeader read_proxy_header(std::string_view bytes);

}  // namespace stratum
