#include "rpc/auth.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "pool/base/base64.h"
#include "pool/base/bytes.h"
#include "rpc/address_counts.h"

namespace rpc {
namespace {

using pool::Error;
using pool::fail;

// Far above what rpcauth.py and people make; keeps one header from costing much hashing.
constexpr std::size_t authorization_bytes_max = 1024;

bool same(pool::ByteSpan a, pool::ByteSpan b)
{
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool is_scheme(std::string_view scheme, std::string_view wanted)
{
    return std::equal(scheme.begin(), scheme.end(), wanted.begin(), wanted.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

}  // namespace

pool::Digest hmac_sha256(std::string_view key, std::string_view text)
{
    pool::Digest digest{};
    unsigned int length = 0;
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    const unsigned char* const done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                                           bytes, text.size(), digest.data(), &length);
    pool::check(done != nullptr && length == digest.size(), "OpenSSL has SHA-256");
    return digest;
}

pool::Result<RpcUser> parse_rpc_user(std::string_view line)
{
    const std::size_t name_end = line.find(':');
    const std::size_t salt_end = line.find('$', name_end == line.npos ? line.size() : name_end);
    const std::size_t hash_end = line.find(':', salt_end == line.npos ? line.size() : salt_end);
    if (name_end == line.npos || salt_end == line.npos || hash_end == line.npos) {
        return fail(Error::Code::invalid, "an rpcauth entry reads user:salt$hmac:role");
    }

    RpcUser user;
    user.name = line.substr(0, name_end);
    user.salt = line.substr(name_end + 1, salt_end - name_end - 1);
    if (user.name.empty() || user.salt.empty()) {
        return fail(Error::Code::invalid, "an rpcauth entry has an empty user or salt");
    }
    if (user.name == cookie_user) {
        return fail(Error::Code::invalid, "the user __cookie__ is the server's own");
    }
    if (!pool::hex_into(line.substr(salt_end + 1, hash_end - salt_end - 1), user.password_hmac)) {
        return fail(Error::Code::invalid,
                    "the hmac of rpcauth user '" + user.name + "' is not 64 hex digits");
    }
    const std::optional<Role> role = role_from(line.substr(hash_end + 1));
    if (!role) {
        return fail(Error::Code::invalid,
                    "rpcauth user '" + user.name +
                        "' needs a role: viewer, operator, accountant, approver, auditor or admin");
    }
    user.role = *role;
    return user;
}

std::optional<Credentials> parse_basic(std::string_view authorization)
{
    if (authorization.size() > authorization_bytes_max) return std::nullopt;
    const std::size_t space = authorization.find(' ');
    if (space == authorization.npos || !is_scheme(authorization.substr(0, space), "basic")) {
        return std::nullopt;
    }
    const auto bytes = pool::from_base64(authorization.substr(space + 1));
    if (!bytes) return std::nullopt;
    const std::string plain(bytes->begin(), bytes->end());
    const std::size_t colon = plain.find(':');
    if (colon == plain.npos) return std::nullopt;
    return Credentials{plain.substr(0, colon), plain.substr(colon + 1)};
}

std::string_view parse_bearer(std::string_view authorization)
{
    const std::size_t space = authorization.find(' ');
    if (authorization.size() > authorization_bytes_max || space == authorization.npos ||
        !is_scheme(authorization.substr(0, space), "bearer")) {
        return {};
    }
    return authorization.substr(space + 1);
}

Authenticator::Authenticator(std::vector<RpcUser> users, std::string cookie_secret)
    : users_(std::move(users)), cookie_secret_(std::move(cookie_secret))
{
}

std::optional<Caller> Authenticator::identify(const Credentials& credentials) const
{
    if (credentials.user == cookie_user) {
        const bool right =
            same(pool::as_bytes(credentials.password), pool::as_bytes(cookie_secret_));
        if (!right || cookie_secret_.empty()) return std::nullopt;
        return Caller{std::string{cookie_user}, Role::admin, ""};
    }

    // An unknown name is measured against this entry, which no HMAC can meet but by chance.
    static const RpcUser nobody{"", "nobody", {}, Role::viewer};
    const auto found = std::find_if(users_.begin(), users_.end(), [&](const RpcUser& user) {
        return user.name == credentials.user;
    });
    const bool known = found != users_.end();
    const RpcUser& user = known ? *found : nobody;
    const bool right = same(hmac_sha256(user.salt, credentials.password), user.password_hmac);
    if (!right || !known) return std::nullopt;
    return Caller{user.name, user.role, ""};
}

std::string FailureDelays::name(const std::string& host, const std::string& user)
{
    return network_of(host) + ' ' + user;
}

bool FailureDelays::holding(const std::string& who, pool::SteadyTime now) const
{
    const auto held = [now](const auto& item) { return now < item.second.until; };
    const auto found = entries_.find(who);
    if (found != entries_.end()) return held(*found);
    if (network_is_full(who, now)) return true;
    return entries_.size() >= entries_max && std::all_of(entries_.begin(), entries_.end(), held);
}

bool FailureDelays::network_is_full(const std::string& who, pool::SteadyTime now) const
{
    const std::string network = who.substr(0, who.find(' ') + 1);  // with the space
    std::size_t held = 0;
    for (auto at = entries_.lower_bound(network);
         at != entries_.end() && at->first.starts_with(network); ++at) {
        if (now < at->second.until && ++held >= of_network_max) return true;
    }
    return false;
}

std::chrono::milliseconds FailureDelays::failed(const std::string& who, pool::SteadyTime now)
{
    if (!entries_.contains(who)) make_room(now);
    Entry& entry = entries_[who];
    const bool fresh = entry.delay.count() == 0 || now - entry.until > forgotten_after;
    entry.delay = fresh ? first : std::min(entry.delay * 2, longest);
    entry.until = now + entry.delay;
    return entry.delay;
}

void FailureDelays::succeeded(const std::string& who) { entries_.erase(who); }

void FailureDelays::make_room(pool::SteadyTime now)
{
    if (entries_.size() < entries_max) return;
    std::erase_if(entries_,
                  [&](const auto& item) { return now - item.second.until > forgotten_after; });
    if (entries_.size() < entries_max) return;
    entries_.erase(std::min_element(
        entries_.begin(), entries_.end(),
        [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
}

}  // namespace rpc
