#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pool {

/// Where Redis listens: a unix socket when `socket` is set, else host and port.
struct RedisOptions {
    std::string socket;  ///< path, at most 107 bytes
    std::string host = "127.0.0.1";
    std::uint16_t port = 6379;
    std::string key_prefix = "zubr:sh:";  ///< tests use one of their own
};

/// The stream of one producer.
inline std::string stream_key(const RedisOptions& options, std::string_view producer)
{
    return options.key_prefix + std::string{producer};
}

}  // namespace pool
