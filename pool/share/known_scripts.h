#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/crypto/sha256.h"

namespace pool {

/// Payout scripts of which only eight bytes of each hash are kept: a million are 8 MB. A script
/// that is not here may seem to be, once in 2^64 by the number that are. Immutable.
class KnownScripts {
public:
    using Print = std::uint64_t;
    static Print print_of(ByteSpan script)
    {
        const Digest hash = sha256(script);
        return ByteReader{hash}.u64();
    }

    KnownScripts() = default;
    explicit KnownScripts(std::vector<Print> prints) : prints_(std::move(prints))
    {
        std::sort(prints_.begin(), prints_.end());
    }
    bool holds(ByteSpan script) const
    {
        return std::binary_search(prints_.begin(), prints_.end(), print_of(script));
    }
    std::size_t size() const { return prints_.size(); }

private:
    std::vector<Print> prints_;
};

}  // namespace pool
