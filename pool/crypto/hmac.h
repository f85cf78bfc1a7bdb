#pragma once

#include "pool/base/bytes.h"
#include "pool/base/hash.h"

namespace pool {

/// HMAC-SHA256 (RFC 2104) under a key of 32 bytes. Pure.
Digest hmac_sha256(const Digest& key, ByteSpan message);

}  // namespace pool
