#include "stratum/v2/mining_token.h"

#include <algorithm>

#include <openssl/crypto.h>

#include "pool/crypto/hmac.h"
#include "pool/crypto/sha256.h"

namespace stratum::v2 {
namespace {

constexpr std::uint8_t token_version = 1;
constexpr std::size_t text_bytes = 1 + 4 + 8 + 8 + 32;
constexpr std::size_t mac_bytes = 16;

}  // namespace

AccountMark account_mark(std::string_view account)
{
    const pool::Digest hash = pool::sha256(pool::as_bytes(account));
    AccountMark mark{};
    std::copy_n(hash.begin(), mark.size(), mark.begin());
    return mark;
}

std::uint64_t number_of(const AccountMark& mark)
{
    std::uint64_t number = 0;
    for (const std::uint8_t byte : mark) number = number << 8 | byte;
    return number;
}

// One issued after `now` is as little good: no clock of ours that is right has made it.
bool MiningToken::expired(pool::UnixTime now) const
{
    constexpr std::uint64_t clocks_differ = 60;
    const std::uint64_t begin = issued.seconds;
    const std::uint64_t lifetime = static_cast<std::uint64_t>(token_lifetime.count());
    return now.seconds > begin + lifetime || now.seconds + clocks_differ < begin;
}

TokenKey::TokenKey(const SecretKey& identity)
    : key_(pool::hmac_sha256(identity.bytes, pool::as_bytes("zubr mining job token")))
{
}

std::array<std::uint8_t, 16> TokenKey::mac_of(pool::ByteSpan text) const
{
    const pool::Digest whole = pool::hmac_sha256(key_.bytes, text);
    std::array<std::uint8_t, mac_bytes> mac{};
    std::copy_n(whole.begin(), mac.size(), mac.begin());
    return mac;
}

pool::Bytes TokenKey::seal(const MiningToken& token) const
{
    pool::ByteWriter out;
    out.u8(token_version);
    out.u32(token.issued.seconds);
    out.u64(token.serial);
    out.raw(token.account);
    out.raw(token.chain_head);
    out.raw(mac_of(out.bytes()));
    return out.take();
}

std::optional<MiningToken> TokenKey::open(pool::ByteSpan sealed) const
{
    if (sealed.size() != text_bytes + mac_bytes) return std::nullopt;
    const pool::ByteSpan text = sealed.first(text_bytes);
    const auto mac = mac_of(text);
    if (CRYPTO_memcmp(mac.data(), sealed.last(mac_bytes).data(), mac_bytes) != 0) {
        return std::nullopt;
    }
    pool::ByteReader in{text};
    if (in.u8() != token_version) return std::nullopt;
    MiningToken token;
    token.issued = {in.u32()};
    token.serial = in.u64();
    const pool::ByteSpan account = in.raw(token.account.size());
    std::copy(account.begin(), account.end(), token.account.begin());
    const pool::ByteSpan head = in.raw(token.chain_head.size());
    std::copy(head.begin(), head.end(), token.chain_head.begin());
    return token;
}

}  // namespace stratum::v2
