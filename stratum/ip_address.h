#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stratum {

/// An IPv4 or IPv6 address; IPv4 in its mapped form, so that both compare and hash alike.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};

    bool is_v4() const;
    /// Whom limits are for: an IPv4 address as it is, of IPv6 the /64 that one customer has.
    IpAddress prefix() const;
    /// Whom its neighbours' limits are for: of IPv4 the /24, of IPv6 the /48 that one site has.
    IpAddress wide_prefix() const;
    friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

/// "192.0.2.1", "2001:db8::1". Nothing for anything else.
std::optional<IpAddress> parse_ip(std::string_view text);
/// Of a peer as it is written with its port: "192.0.2.1:4000", "[2001:db8::1]:4000".
std::optional<IpAddress> parse_peer(std::string_view text);
std::string to_string(const IpAddress& address);

/// The network that an address is in: its first bits (of the mapped form), the others 0.
IpAddress first_bits(IpAddress address, std::uint8_t bits);

/// Whoever has many addresses can't choose those that fall into one bucket (pool::secret_hash).
struct IpHash {
    std::size_t operator()(const IpAddress& address) const;
};

/// "10.0.0.0/8", "2001:db8::/32", or an address alone.
struct Network {
    IpAddress first;
    std::uint8_t bits = 128;  ///< of the mapped form: an IPv4 /8 is 104
    bool holds(const IpAddress& address) const;
};
std::string to_string(const Network& network);
std::optional<Network> parse_network(std::string_view text);

}  // namespace stratum
