#pragma once

#include <optional>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"

/// Checking signatures on secp256k1. Public data only, so nothing here needs constant time; for
/// anything malformed the answer is "no".
namespace pool {

/// key: 33 or 65 bytes. der: strictly encoded, S in its lower half.
bool verify_ecdsa(ByteSpan key, ByteSpan der, const Digest& digest);

/// BIP 340. key: 32 bytes, x only. signature: 64 bytes.
bool verify_schnorr(ByteSpan key, ByteSpan signature, const Digest& digest);

enum class KeyForm : std::uint8_t { compressed, uncompressed };
/// The key that made an ECDSA signature of 64 bytes. recovery: which of the four it could be.
std::optional<Bytes> recover_key(ByteSpan compact, unsigned recovery, KeyForm form,
                                 const Digest& digest);

}  // namespace pool
