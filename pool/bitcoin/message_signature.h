#pragma once

#include <cstdint>
#include <string_view>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"

/// Messages signed by the owner of an address.
namespace pool {

/// How the owner of a script can prove it by a signed message that we can check.
enum class MessageFormat : std::uint8_t {
    none,    ///< P2WSH and anything that is no payout script: we have no script interpreter
    legacy,  ///< P2PKH: "Bitcoin Signed Message", as signmessage of wallets makes it
    /// BIP 322 "simple": P2WPKH, P2TR (key path), and P2SH when it wraps a P2WPKH, which only the
    /// signature shows
    bip322,
};
MessageFormat message_format(ByteSpan script);

/// Did the owner of `script` sign `message`? signature: base64, as wallets give it.
///
/// Errors: refused, when this kind of script proves nothing here (see MessageFormat::none; a P2SH
/// that wraps something else); invalid, with a sentence, for any other "no".
Result<void> verify_message(ByteSpan script, std::string_view message, std::string_view signature);

/// What a legacy signature signs.
Digest legacy_message_hash(std::string_view message);
/// What an input of BIP 322's to_sign commits to: id of the to_spend transaction.
Digest bip322_spent_id(ByteSpan script, std::string_view message);

}  // namespace pool
