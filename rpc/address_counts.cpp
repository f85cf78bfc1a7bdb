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
constexpr std::size_t site_bytes = 6;        // a /48

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

std::string prefix_of(const std::string& host)
{
    Ipv6 bytes{};
    if (!read_ipv6(host, bytes) || holds_ipv4(bytes)) return host.substr(0, host.rfind('.'));
    return pool::to_hex(pool::ByteSpan{bytes}.first(site_bytes));
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

bool AddressCounts::spared(const std::string& host) const
{
    return limits_.spare_loopback && is_loopback(host);
}

std::size_t AddressCounts::count(const std::string& name) const
{
    const auto found = counts_.find(name);
    return found == counts_.end() ? 0 : found->second;
}

bool AddressCounts::full_for(const std::string& host) const
{
    if (limits_.all == 0) return false;
    const std::size_t kept = spared(host) ? 0 : std::min(limits_.kept, limits_.all);
    return all_ >= limits_.all - kept;
}

bool AddressCounts::take(const std::string& host)
{
    if (full_for(host)) return false;
    if (!spared(host)) {
        const std::string network = network_of(host);
        const std::string prefix = prefix_of(host);
        if (limits_.of_network > 0 && count(network) >= limits_.of_network) return false;
        if (limits_.of_prefix > 0 && count(prefix) >= limits_.of_prefix) return false;
        ++counts_[network];
        ++counts_[prefix];
    }
    ++all_;
    return true;
}

void AddressCounts::give_back(const std::string& host)
{
    pool::check(all_ > 0, "it was counted when it came");
    --all_;
    if (spared(host)) return;
    for (const std::string& name : {network_of(host), prefix_of(host)}) {
        const auto found = counts_.find(name);
        pool::check(found != counts_.end(), "it was counted when it came");
        if (--found->second == 0) counts_.erase(found);
    }
}

}  // namespace rpc
