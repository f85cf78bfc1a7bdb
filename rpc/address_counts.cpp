#include "rpc/address_counts.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <netinet/in.h>

#include "pool/base/bytes.h"
#include "pool/base/result.h"

namespace rpc {
namespace {

constexpr std::size_t subscriber_bytes = 8;  // a /64

using Ipv6 = std::array<std::uint8_t, 16>;

bool read_ipv6(const std::string& host, Ipv6& bytes)
{
    return ::inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
}

/// ::ffff:a.b.c.d
bool holds_ipv4(const Ipv6& bytes)
{
    return std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t b) { return b == 0; }) &&
           bytes[10] == 0xff && bytes[11] == 0xff;
}

}  // namespace

std::string network_of(const std::string& host)
{
    Ipv6 bytes{};
    if (!read_ipv6(host, bytes) || holds_ipv4(bytes)) return host;
    return pool::to_hex(pool::ByteSpan{bytes}.first(subscriber_bytes));
}

bool is_loopback(const std::string& host)
{
    if (host.starts_with("127.")) return true;
    Ipv6 bytes{};
    if (!read_ipv6(host, bytes)) return false;
    if (holds_ipv4(bytes)) return bytes[12] == 127;
    return bytes[15] == 1 &&
           std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t b) { return b == 0; });
}

bool AddressCounts::counted(const std::string& host) const
{
    return max_ > 0 && !(spare_loopback_ && is_loopback(host));
}

bool AddressCounts::take(const std::string& host)
{
    if (!counted(host)) return true;
    std::size_t& count = counts_[network_of(host)];
    if (count >= max_) return false;
    ++count;
    return true;
}

void AddressCounts::give_back(const std::string& host)
{
    if (!counted(host)) return;
    const auto found = counts_.find(network_of(host));
    pool::check(found != counts_.end() && found->second > 0, "it was counted when it came");
    if (--found->second == 0) counts_.erase(found);
}

}  // namespace rpc
