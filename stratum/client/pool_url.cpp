#include "stratum/client/pool_url.h"

#include <algorithm>
#include <array>

namespace stratum::client {

pool::Result<PoolUrl> parse_pool_url(std::string_view url)
{
    constexpr std::string_view v1_scheme = "stratum+tcp://";
    constexpr std::array<std::string_view, 3> v2_schemes{"stratum2+tcp://", "stratum+sv2://",
                                                         "sv2+tcp://"};
    PoolUrl out;
    const auto* const scheme =
        std::find_if(v2_schemes.begin(), v2_schemes.end(),
                     [url](std::string_view one) { return url.starts_with(one); });
    if (scheme == v2_schemes.end()) {
        if (url.starts_with(v1_scheme)) url.remove_prefix(v1_scheme.size());
        out.address = url;
        return out;
    }
    url.remove_prefix(scheme->size());
    out.v2 = true;
    const std::size_t slash = std::min(url.find('/'), url.size());
    out.address = url.substr(0, slash);
    const std::string key{url.substr(std::min(slash + 1, url.size()))};
    out.authority = v2::decode_authority(key);
    if (!key.empty() && !out.authority) {
        return pool::fail(pool::Error::Code::invalid,
                          "'" + key + "' is no authority's key: they begin with a 9");
    }
    return out;
}

std::string_view warning_of(const PoolUrl& url)
{
    if (!url.v2 || url.authority) return {};
    return "The URL names no authority's key: whoever answers is trusted, and may be another than "
           "the pool you mean. The pool's pages show its URL with the key.";
}

}  // namespace stratum::client
