#pragma once

#include <cstdint>
#include <tuple>

#include "pool/base/hash.h"
#include "pool/base/uint256.h"
#include "stratum/v2/fields.h"
#include "stratum/v2/message_id.h"

/// Messages of the Mining protocol (specification, 5.3), all of them.
namespace stratum::v2 {

/// hash_rate: what the miner thinks it has, in hashes a second; may be anything a float may be.
struct OpenStandard {
    static constexpr MessageId id{0x0000, 0x10, false};
    std::uint32_t request = 0;
    Text user;
    float hash_rate = 0;
    pool::Uint256 target_max;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.request, m.user, m.hash_rate, m.target_max);
    }
    friend bool operator==(const OpenStandard&, const OpenStandard&) = default;
};

struct OpenStandardSuccess {
    static constexpr MessageId id{0x0000, 0x11, false};
    std::uint32_t request = 0;
    std::uint32_t channel = 0;
    pool::Uint256 target;
    Blob32 prefix;
    std::uint32_t group = 0;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.request, m.channel, m.target, m.prefix, m.group);
    }
    friend bool operator==(const OpenStandardSuccess&, const OpenStandardSuccess&) = default;
};

struct OpenError {
    static constexpr MessageId id{0x0000, 0x12, false};
    std::uint32_t request = 0;
    Text code;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.request, m.code);
    }
    friend bool operator==(const OpenError&, const OpenError&) = default;
};

struct OpenExtended {
    static constexpr MessageId id{0x0000, 0x13, false};
    std::uint32_t request = 0;
    Text user;
    float hash_rate = 0;
    pool::Uint256 target_max;
    std::uint16_t extranonce_min = 0;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.request, m.user, m.hash_rate, m.target_max, m.extranonce_min);
    }
    friend bool operator==(const OpenExtended&, const OpenExtended&) = default;
};

struct OpenExtendedSuccess {
    static constexpr MessageId id{0x0000, 0x14, false};
    std::uint32_t request = 0;
    std::uint32_t channel = 0;
    pool::Uint256 target;
    std::uint16_t extranonce_size = 0;
    Blob32 prefix;
    std::uint32_t group = 0;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.request, m.channel, m.target, m.extranonce_size, m.prefix, m.group);
    }
    friend bool operator==(const OpenExtendedSuccess&, const OpenExtendedSuccess&) = default;
};

/// Without min_time: for later, when a SetNewPrevHash names it.
struct NewJob {
    static constexpr MessageId id{0x0000, 0x15, true};
    std::uint32_t channel = 0;
    std::uint32_t job = 0;
    Option32 min_time;
    std::uint32_t version = 0;
    pool::Digest merkle_root{};
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.job, m.min_time, m.version, m.merkle_root);
    }
    friend bool operator==(const NewJob&, const NewJob&) = default;
};

struct UpdateChannel {
    static constexpr MessageId id{0x0000, 0x16, true};
    std::uint32_t channel = 0;
    float hash_rate = 0;
    pool::Uint256 target_max;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.hash_rate, m.target_max);
    }
    friend bool operator==(const UpdateChannel&, const UpdateChannel&) = default;
};

struct UpdateError {
    static constexpr MessageId id{0x0000, 0x17, true};
    std::uint32_t channel = 0;
    Text code;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.code);
    }
    friend bool operator==(const UpdateError&, const UpdateError&) = default;
};

struct CloseChannel {
    static constexpr MessageId id{0x0000, 0x18, true};
    std::uint32_t channel = 0;
    Text reason;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.reason);
    }
    friend bool operator==(const CloseChannel&, const CloseChannel&) = default;
};

struct SetPrefix {
    static constexpr MessageId id{0x0000, 0x19, true};
    std::uint32_t channel = 0;
    Blob32 prefix;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.prefix);
    }
    friend bool operator==(const SetPrefix&, const SetPrefix&) = default;
};

struct SubmitStandard {
    static constexpr MessageId id{0x0000, 0x1a, true};
    std::uint32_t channel = 0;
    std::uint32_t sequence = 0;
    std::uint32_t job = 0;
    std::uint32_t nonce = 0;
    std::uint32_t time = 0;
    std::uint32_t version = 0;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.sequence, m.job, m.nonce, m.time, m.version);
    }
    friend bool operator==(const SubmitStandard&, const SubmitStandard&) = default;
};

struct SubmitExtended {
    static constexpr MessageId id{0x0000, 0x1b, true};
    std::uint32_t channel = 0;
    std::uint32_t sequence = 0;
    std::uint32_t job = 0;
    std::uint32_t nonce = 0;
    std::uint32_t time = 0;
    std::uint32_t version = 0;
    Blob32 extranonce;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.sequence, m.job, m.nonce, m.time, m.version, m.extranonce);
    }
    friend bool operator==(const SubmitExtended&, const SubmitExtended&) = default;
};

/// Since the last one: accepted counts shares, shares_sum their difficulty.
struct SubmitSuccess {
    static constexpr MessageId id{0x0000, 0x1c, true};
    std::uint32_t channel = 0;
    std::uint32_t last_sequence = 0;
    std::uint32_t accepted = 0;
    std::uint64_t shares_sum = 0;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.last_sequence, m.accepted, m.shares_sum);
    }
    friend bool operator==(const SubmitSuccess&, const SubmitSuccess&) = default;
};

struct SubmitError {
    static constexpr MessageId id{0x0000, 0x1d, true};
    std::uint32_t channel = 0;
    std::uint32_t sequence = 0;
    Text code;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.sequence, m.code);
    }
    friend bool operator==(const SubmitError&, const SubmitError&) = default;
};

struct NewExtendedJob {
    static constexpr MessageId id{0x0000, 0x1f, true};
    std::uint32_t channel = 0;
    std::uint32_t job = 0;
    Option32 min_time;
    std::uint32_t version = 0;
    bool version_rolling = false;
    Sequence255<pool::Digest> merkle_path;
    Blob64k coinbase_prefix;
    Blob64k coinbase_suffix;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.job, m.min_time, m.version, m.version_rolling, m.merkle_path,
                        m.coinbase_prefix, m.coinbase_suffix);
    }
    friend bool operator==(const NewExtendedJob&, const NewExtendedJob&) = default;
};

struct SetNewPrevHash {
    static constexpr MessageId id{0x0000, 0x20, true};
    std::uint32_t channel = 0;
    std::uint32_t job = 0;
    pool::Digest previous{};
    std::uint32_t min_time = 0;
    std::uint32_t bits = 0;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.job, m.previous, m.min_time, m.bits);
    }
    friend bool operator==(const SetNewPrevHash&, const SetNewPrevHash&) = default;
};

struct SetTarget {
    static constexpr MessageId id{0x0000, 0x21, true};
    std::uint32_t channel = 0;
    pool::Uint256 target_max;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.target_max);
    }
    friend bool operator==(const SetTarget&, const SetTarget&) = default;
};

/// coinbase_outputs: with their count in front.
struct SetCustomJob {
    static constexpr MessageId id{0x0000, 0x22, true};
    std::uint32_t channel = 0;
    std::uint32_t request = 0;
    Blob255 token;
    std::uint32_t version = 0;
    pool::Digest previous{};
    std::uint32_t min_time = 0;
    std::uint32_t bits = 0;
    std::uint32_t coinbase_version = 0;
    Blob255 coinbase_prefix;
    std::uint32_t coinbase_sequence = 0;
    Blob64k coinbase_outputs;
    std::uint32_t coinbase_locktime = 0;
    Sequence255<pool::Digest> merkle_path;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.request, m.token, m.version, m.previous, m.min_time, m.bits,
                        m.coinbase_version, m.coinbase_prefix, m.coinbase_sequence,
                        m.coinbase_outputs, m.coinbase_locktime, m.merkle_path);
    }
    friend bool operator==(const SetCustomJob&, const SetCustomJob&) = default;
};

struct SetCustomJobSuccess {
    static constexpr MessageId id{0x0000, 0x23, true};
    std::uint32_t channel = 0;
    std::uint32_t request = 0;
    std::uint32_t job = 0;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.request, m.job);
    }
    friend bool operator==(const SetCustomJobSuccess&, const SetCustomJobSuccess&) = default;
};

struct SetCustomJobError {
    static constexpr MessageId id{0x0000, 0x24, true};
    std::uint32_t channel = 0;
    std::uint32_t request = 0;
    Text code;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.channel, m.request, m.code);
    }
    friend bool operator==(const SetCustomJobError&, const SetCustomJobError&) = default;
};

struct SetGroup {
    static constexpr MessageId id{0x0000, 0x25, false};
    std::uint32_t group = 0;
    Sequence64k<std::uint32_t> channels;
    template <typename Self>
    static auto fields(Self& m)
    {
        return std::tie(m.group, m.channels);
    }
    friend bool operator==(const SetGroup&, const SetGroup&) = default;
};

}  // namespace stratum::v2
