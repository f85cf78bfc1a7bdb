#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <cstdint>
#include <netinet/in.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <system_error>

#include "pool/runtime/socket_address.h"
#include "pool/runtime/tcp.h"

namespace pool {

namespace {

std::optional<std::uint16_t> read_port(std::string_view text)
{
    if (text.empty() || (text.size() > 1 && text.front() == '0')) return {};
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    if (error != std::errc{} || stop != end) return {};
    return port;
}

std::string print_address(int family, const void* address)
{
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (inet_ntop(family, address, text.data(), text.size()) == nullptr) return {};
    return text.data();
}

}  // namespace

Result<Endpoint> parse_endpoint(std::string_view text)
{
    const auto refuse = [text] {
        return fail(Error::Code::invalid,
                    "\"" + std::string{text} +
                        "\" is no address: write 127.0.0.1:3333 or [::1]:3333 (numbers, no names)");
    };
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return refuse();
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (bracketed != (host.find(':') != std::string_view::npos)) return refuse();

    const auto port = read_port(text.substr(colon + 1));
    if (!port || host.find('\0') != std::string_view::npos) return refuse();
    const auto address = to_socket_address({std::string{host}, *port});
    if (!address) return refuse();
    // Printed back, so that equal addresses are equal texts.
    const int family = address->storage.ss_family;
    const void* const bytes =
        family == AF_INET
            ? static_cast<const void*>(
                  &reinterpret_cast<const sockaddr_in*>(&address->storage)->sin_addr)
            : static_cast<const void*>(
                  &reinterpret_cast<const sockaddr_in6*>(&address->storage)->sin6_addr);
    return Endpoint{print_address(family, bytes), *port};
}

std::string to_string(const Endpoint& endpoint)
{
    const bool brackets = endpoint.host.find(':') != std::string::npos;
    return (brackets ? "[" + endpoint.host + "]" : endpoint.host) + ":" +
           std::to_string(endpoint.port);
}

Result<SocketAddress> to_socket_address(const Endpoint& endpoint)
{
    SocketAddress out;
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&out.storage);
    if (inet_pton(AF_INET, endpoint.host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(endpoint.port);
        out.length = sizeof(sockaddr_in);
        return out;
    }
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
    if (inet_pton(AF_INET6, endpoint.host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(endpoint.port);
        out.length = sizeof(sockaddr_in6);
        return out;
    }
    return fail(Error::Code::invalid, "\"" + endpoint.host + "\" is no numeric IP address");
}

Endpoint to_endpoint(const SocketAddress& address)
{
    if (address.storage.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.storage);
        return {print_address(AF_INET, &v4.sin_addr), ntohs(v4.sin_port)};
    }
    if (address.storage.ss_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            return {print_address(AF_INET, v6.sin6_addr.s6_addr + 12), ntohs(v6.sin6_port)};
        }
        return {print_address(AF_INET6, &v6.sin6_addr), ntohs(v6.sin6_port)};
    }
    return {};
}

}  // namespace pool
