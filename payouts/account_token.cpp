#include "payouts/account_token.h"

#include <algorithm>
#include <array>
#include <sys/random.h>

#include "pool/base/bytes.h"
#include "pool/crypto/sha256.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

constexpr std::size_t secret_bytes = 20;

}  // namespace

Result<TokenScopes> parse_scopes(std::string_view text)
{
    TokenScopes scopes;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(','), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (word == "hashrate") {
            scopes.hashrate = true;
        } else if (word == "earnings") {
            scopes.earnings = true;
        } else {
            return fail(Error::Code::invalid, "scopes are hashrate, earnings or hashrate,earnings");
        }
    }
    if (scopes == TokenScopes{}) return fail(Error::Code::invalid, "a token shows something");
    return scopes;
}

Result<std::string> new_token_secret()
{
    std::array<std::uint8_t, secret_bytes> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        return fail(Error::Code::io, "the system gives no random bytes for a token");
    }
    return pool::to_hex(random);
}

std::optional<pool::Digest> token_digest(std::string_view secret)
{
    const bool whole = secret.size() == 2 * secret_bytes &&
                       secret.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (!whole) return std::nullopt;
    return pool::sha256(pool::as_bytes(secret));
}

}  // namespace payouts
