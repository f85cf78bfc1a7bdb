#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pool {

/// Where Redis listens: a unix socket when `socket` is set, else host and port.
struct RedisOptions {
    std::string socket;  ///< path, at most 107 bytes
    std::string host = "127.0.0.1";
    std::uint16_t port = 6379;
    std::string user{};                   ///< of its ACL; empty: the default user
    std::string password{};               ///< empty: no AUTH is sent
    std::string key_prefix = "zubr:sh:";  ///< tests use one of their own
};

/// What is said first on each connection; empty: nothing.
inline std::vector<std::string_view> auth_words(const RedisOptions& options)
{
    if (options.password.empty()) return {};
    if (options.user.empty()) return {"AUTH", options.password};
    return {"AUTH", options.user, options.password};
}

/// The stream of one producer.
inline std::string stream_key(const RedisOptions& options, std::string_view producer)
{
    return options.key_prefix + std::string{producer};
}

}  // namespace pool
