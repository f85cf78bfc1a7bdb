#include "stratum/proxy_header.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "pool/base/result.h"
#include "stratum/ip_address.h"
#include "tests/fuzz/targets.h"

namespace tests::fuzz {
namespace {

using stratum::ProxyHeader;
using stratum::read_proxy_header;

bool same(const ProxyHeader& a, const ProxyHeader& b)
{
    return a.state == b.state && a.length == b.length && a.source == b.source &&
           a.source_port == b.source_port;
}

void check_header(std::string_view bytes)
{
    const ProxyHeader header = read_proxy_header(bytes);
    pool::check(
        header.state != ProxyHeader::State::more || bytes.size() < stratum::proxy_v2_bytes_max,
        "so many bytes decide");
    if (header.state != ProxyHeader::State::whole) return;
    pool::check(header.length > 0 && header.length <= bytes.size(), "a header that is there");
    pool::check(same(header, read_proxy_header(std::string{bytes} + "\r\nx")),
                "what follows changes nothing");
    for (std::size_t size = 0; size < header.length; ++size) {
        pool::check(read_proxy_header(bytes.substr(0, size)).state == ProxyHeader::State::more,
                    "a shorter front is undecided");
    }
    if (!header.source) return;
    pool::check(stratum::parse_ip(to_string(*header.source)) == header.source,
                "an address is read as it is written");
}

void check_network(std::string_view text)
{
    const auto network = stratum::parse_network(text);
    if (!network) return;
    const auto again = stratum::parse_network(to_string(*network));
    pool::check(again.has_value(), "a network is read as it is written");
    pool::check(again->first == network->first && again->bits == network->bits, "the same one");
    pool::check(network->holds(network->first), "a network holds its own address");
}

}  // namespace

void proxy_header(Input input)
{
    const std::string_view bytes{reinterpret_cast<const char*>(input.data()), input.size()};
    check_header(bytes);
    check_network(bytes.substr(0, 64));
    // Most inputs find no start by themselves.
    check_header(std::string{stratum::proxy_v1_start} + std::string{bytes});
    check_header(std::string{stratum::proxy_v2_start} + std::string{bytes});
}

}  // namespace tests::fuzz
