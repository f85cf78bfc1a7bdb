#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/time.h"

/// Who may read of an account that was made under a name. One that is an address is public, as the
/// chain is; a named one is seen by the bearers of its tokens only, unless it was made public.
namespace payouts {

/// What a token lets its bearer read. One of both at least.
struct TokenScopes {
    bool hashrate = false;  ///< hash rates, shares, workers
    bool earnings = false;  ///< balances, what blocks paid, payouts, the payout address
    friend bool operator==(TokenScopes, TokenScopes) = default;
};

/// Reads "hashrate", "earnings" or both with a comma. Errors: invalid.
pool::Result<TokenScopes> parse_scopes(std::string_view text);

/// Somebody's leave to read an account. Its secret is not kept, only that secret's digest.
struct AccountToken {
    std::uint64_t id = 0;
    std::string label;  ///< for whom it is, for people
    TokenScopes scopes;
    std::string made_by;
    pool::UnixMillis made_at;
    std::optional<pool::UnixMillis> expires_at;
    std::string revoked_by;  ///< "" while it is good
    std::optional<pool::UnixMillis> revoked_at;
};

struct TokenWish {
    std::string label;  ///< at most token_label_max bytes
    TokenScopes scopes;
    std::optional<std::chrono::hours> good_for;  ///< nothing: until it is revoked
};
inline constexpr std::size_t token_label_max = 64;

/// A token at the only moment at which its secret is known.
struct NewToken {
    AccountToken token;
    std::string secret;
};

/// 20 bytes of the system's randomness as 40 lower-case hex digits. Errors: io.
pool::Result<std::string> new_token_secret();
/// What is kept of a secret; nothing for what is none by its form.
std::optional<pool::Digest> token_digest(std::string_view secret);

/// All that decides who may read which named account, as it stood at one version.
struct AccessSheet {
    struct Pass {
        std::string account;
        std::string label;
        TokenScopes scopes;
        std::optional<pool::UnixMillis> expires_at;
    };
    std::uint64_t version = 0;
    std::set<std::string, std::less<>> public_names;
    std::map<pool::Digest, Pass> passes;  ///< good ones, by the digest of their secret
};

}  // namespace payouts
