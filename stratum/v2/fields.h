#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/uint256.h"

/// The types of which Stratum v2's messages are made (specification, 3.1). Numbers are plain
/// integers, hashes `pool::Digest`, targets `pool::Uint256`, an F32 is `float`, a BOOL `bool`.
/// Texts and bytes are views: into the payload when read, into the caller's when written.
namespace stratum::v2 {

/// STR0_255.
struct Text {
    std::string_view value;
    friend bool operator==(const Text&, const Text&) = default;
};

/// B0_32, B0_255, B0_64K: bytes behind their count.
template <std::size_t max>
struct Blob {
    pool::ByteSpan value;
    friend bool operator==(const Blob& a, const Blob& b)
    {
        return std::equal(a.value.begin(), a.value.end(), b.value.begin(), b.value.end());
    }
};
using Blob32 = Blob<32>;
using Blob255 = Blob<255>;
using Blob64k = Blob<65535>;

/// SEQ0_255 and SEQ0_64K.
template <typename T, std::size_t max>
struct Sequence {
    std::vector<T> values;
    friend bool operator==(const Sequence&, const Sequence&) = default;
};
template <typename T>
using Sequence255 = Sequence<T, 255>;
template <typename T>
using Sequence64k = Sequence<T, 65535>;

/// OPTION[U32].
using Option32 = std::optional<std::uint32_t>;

}  // namespace stratum::v2
