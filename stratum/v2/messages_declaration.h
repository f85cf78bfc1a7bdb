#pragma once

#include <cstdint>
#include <tuple>

#include "pool/base/hash.h"
#include "pool/base/uint256.h"
#include "stratum/v2/fields.h"
#include "stratum/v2/message_id.h"

/// Job Declaration (specification, 6.4), as much of it as coinbase-only mode needs.
namespace stratum::v2 {

struct AllocateToken {
    static constexpr MessageId id{0x0000, 0x50, false};
    Text user;
    std::uint32_t request = 0;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.user, m.request);
    }
    friend bool operator==(const AllocateToken&, const AllocateToken&) = default;
};

/// coinbase_outputs: with their count in front; the pool's payout first, with value 0.
struct AllocateTokenSuccess {
    static constexpr MessageId id{0x0000, 0x51, false};
    std::uint32_t request = 0;
    Blob255 token;
    Blob64k coinbase_outputs;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.request, m.token, m.coinbase_outputs);
    }
    friend bool operator==(const AllocateTokenSuccess&, const AllocateTokenSuccess&) = default;
};

/// Full-template mode; read to be refused with its own number.
struct DeclareJob {
    static constexpr MessageId id{0x0000, 0x57, false};
    std::uint32_t request = 0;
    Blob255 token;
    std::uint32_t version = 0;
    Blob64k coinbase_prefix;
    Blob64k coinbase_suffix;
    Sequence64k<pool::Digest> wtxids;
    Blob64k excess;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.request, m.token, m.version, m.coinbase_prefix, m.coinbase_suffix,
                        m.wtxids, m.excess);
    }
    friend bool operator==(const DeclareJob&, const DeclareJob&) = default;
};

struct DeclareJobError {
    static constexpr MessageId id{0x0000, 0x59, false};
    std::uint32_t request = 0;
    Text code;
    Blob64k details;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.request, m.code, m.details);
    }
    friend bool operator==(const DeclareJobError&, const DeclareJobError&) = default;
};

}  // namespace stratum::v2
