#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/time.h"
#include "stratum/v2/noise_keys.h"

namespace stratum::v2 {

/// A token is good for so long: declarators keep some in store for templates to come.
inline constexpr std::chrono::seconds token_lifetime{3600};

/// Stands for an account inside a token: 64 bits of a hash of its canonical name.
using AccountMark = std::array<std::uint8_t, 8>;
AccountMark account_mark(std::string_view account);
std::uint64_t number_of(const AccountMark& mark);

/// The right to declare one job (specification, 6.4.3): all that the pool must know of it again
/// when the job comes, on whichever loop or server that is. Nothing of it is secret.
struct MiningToken {
    pool::UnixTime issued;
    std::uint64_t serial = 0;  ///< no two tokens of a pool have the same; stands in the coinbase
    AccountMark account{};
    pool::Digest chain_head{};  ///< of the slot chain, as the coinbase has to say it

    bool expired(pool::UnixTime now) const;
    friend bool operator==(const MiningToken&, const MiningToken&) = default;
};

/// Seals tokens and knows its own again. The key follows from the pool's static key, so every
/// server that was given the same identity takes the tokens of the others. Immutable.
class TokenKey {
public:
    explicit TokenKey(const SecretKey& identity);

    /// 69 bytes, the last 16 of which are a MAC over the rest.
    pool::Bytes seal(const MiningToken& token) const;
    /// Nothing for bytes that were not sealed with this key. Does not look at the time.
    std::optional<MiningToken> open(pool::ByteSpan sealed) const;

private:
    std::array<std::uint8_t, 16> mac_of(pool::ByteSpan text) const;
    SecretKey key_;
};

}  // namespace stratum::v2
