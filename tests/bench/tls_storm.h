#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace bench {

struct TlsStorm {
    double seconds = 0;           ///< until the last had its first job
    std::size_t turned_away = 0;  ///< connections that the server ended, whose miner came again
};

/// So many miners connect to a port of 127.0.0.1 as fast as one thread can play them, each by TLS,
/// say `hello` and wait for work; who is turned away comes again. They are gone when it returns.
/// Ends the process when not all are in by `limit`.
TlsStorm storm_by_tls(std::uint16_t port, std::size_t count, std::string_view hello,
                      std::chrono::seconds limit);

}  // namespace bench
