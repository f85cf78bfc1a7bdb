#include "stratum/ip_address.h"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstdint>

#include "pool/base/secret_hash.h"

namespace stratum {
namespace {

constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr std::size_t text_max = 45;
constexpr std::size_t v6_customer_bytes = 8;
constexpr std::size_t v6_site_bytes = 6;
constexpr std::size_t v4_neighbours_bytes = 15;  // of the mapped form

IpAddress cut_to(IpAddress address, std::size_t bytes)
{
    std::fill(address.bytes.begin() + static_cast<std::ptrdiff_t>(bytes), address.bytes.end(),
              std::uint8_t{0});
    return address;
}

}  // namespace

bool IpAddress::is_v4() const { return std::equal(mapped.begin(), mapped.end(), bytes.begin()); }

IpAddress IpAddress::prefix() const { return is_v4() ? *this : cut_to(*this, v6_customer_bytes); }

IpAddress IpAddress::wide_prefix() const
{
    return cut_to(*this, is_v4() ? v4_neighbours_bytes : v6_site_bytes);
}

std::optional<IpAddress> parse_ip(std::string_view text)
{
    if (text.size() > text_max) return std::nullopt;
    const std::string zero_ended{text};
    IpAddress address;
    if (inet_pton(AF_INET6, zero_ended.c_str(), address.bytes.data()) == 1) return address;
    std::copy(mapped.begin(), mapped.end(), address.bytes.begin());
    if (inet_pton(AF_INET, zero_ended.c_str(), address.bytes.data() + mapped.size()) == 1) {
        return address;
    }
    return std::nullopt;
}

std::optional<IpAddress> parse_peer(std::string_view text)
{
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return parse_ip(host);
}

std::string to_string(const IpAddress& address)
{
    std::array<char, text_max + 1> text{};
    const bool v4 = address.is_v4();
    const std::uint8_t* from = address.bytes.data() + (v4 ? mapped.size() : 0);
    inet_ntop(v4 ? AF_INET : AF_INET6, from, text.data(), text.size());
    return text.data();
}

IpAddress first_bits(IpAddress address, std::uint8_t bits)
{
    const std::size_t whole = bits / 8U;
    if (whole >= address.bytes.size()) return address;
    const auto kept = static_cast<std::uint8_t>(0xff00U >> bits % 8U);
    address.bytes[whole] &= kept;
    return cut_to(address, whole + 1);
}

std::size_t IpHash::operator()(const IpAddress& address) const
{
    return static_cast<std::size_t>(pool::secret_hash(address.bytes));
}

bool Network::holds(const IpAddress& address) const
{
    const std::size_t whole = bits / 8U;
    if (!std::equal(first.bytes.begin(), first.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                    address.bytes.begin())) {
        return false;
    }
    const unsigned rest = bits % 8U;
    if (rest == 0) return true;
    const unsigned shift = 8 - rest;
    return first.bytes[whole] >> shift == address.bytes[whole] >> shift;
}

std::string to_string(const Network& network)
{
    if (network.bits == 128) return to_string(network.first);
    const unsigned bits = network.first.is_v4() ? network.bits - 96U : network.bits;
    return to_string(network.first) + "/" + std::to_string(bits);
}

std::optional<Network> parse_network(std::string_view text)
{
    const std::size_t slash = text.find('/');
    const auto address = parse_ip(text.substr(0, slash));
    if (!address) return std::nullopt;
    if (slash == std::string_view::npos) return Network{*address, 128};

    const std::string_view digits = text.substr(slash + 1);
    unsigned bits = 0;
    const auto [at, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    const unsigned most = address->is_v4() ? 32 : 128;
    if (error != std::errc{} || at != digits.data() + digits.size() || bits > most) {
        return std::nullopt;
    }
    return Network{*address, static_cast<std::uint8_t>(bits + 128 - most)};
}

}  // namespace stratum
