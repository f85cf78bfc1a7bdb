#include "pool/crypto/signature.h"

#include <cstddef>

#include <secp256k1.h>
#include <secp256k1_extrakeys.h>
#include <secp256k1_recovery.h>
#include <secp256k1_schnorrsig.h>

namespace pool {
namespace {

constexpr std::size_t compact_bytes = 64;
constexpr std::size_t x_only_bytes = 32;
constexpr std::size_t key_bytes_max = 65;

}  // namespace

bool verify_ecdsa(ByteSpan key, ByteSpan der, const Digest& digest)
{
    secp256k1_pubkey point;
    secp256k1_ecdsa_signature signature;
    return secp256k1_ec_pubkey_parse(secp256k1_context_static, &point, key.data(), key.size()) ==
               1 &&
           secp256k1_ecdsa_signature_parse_der(secp256k1_context_static, &signature, der.data(),
                                               der.size()) == 1 &&
           secp256k1_ecdsa_verify(secp256k1_context_static, &signature, digest.data(), &point) == 1;
}

bool verify_schnorr(ByteSpan key, ByteSpan signature, const Digest& digest)
{
    if (key.size() != x_only_bytes || signature.size() != compact_bytes) return false;
    secp256k1_xonly_pubkey point;
    return secp256k1_xonly_pubkey_parse(secp256k1_context_static, &point, key.data()) == 1 &&
           secp256k1_schnorrsig_verify(secp256k1_context_static, signature.data(), digest.data(),
                                       digest.size(), &point) == 1;
}

std::optional<Bytes> recover_key(ByteSpan compact, unsigned recovery, KeyForm form,
                                 const Digest& digest)
{
    if (compact.size() != compact_bytes || recovery > 3) return std::nullopt;
    secp256k1_ecdsa_recoverable_signature signature;
    secp256k1_pubkey point;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(secp256k1_context_static, &signature,
                                                            compact.data(),
                                                            static_cast<int>(recovery)) != 1 ||
        secp256k1_ecdsa_recover(secp256k1_context_static, &point, &signature, digest.data()) != 1) {
        return std::nullopt;
    }
    Bytes key(key_bytes_max);
    std::size_t size = key.size();
    secp256k1_ec_pubkey_serialize(
        secp256k1_context_static, key.data(), &size, &point,
        form == KeyForm::compressed ? SECP256K1_EC_COMPRESSED : SECP256K1_EC_UNCOMPRESSED);
    key.resize(size);
    return key;
}

}  // namespace pool
