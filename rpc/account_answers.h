#pragma once

#include <optional>

#include "pool/base/time.h"
#include "rpc/answers.h"

/// What all methods about accounts have in common.
namespace rpc {

inline Param account_param()
{
    return {.name = "account",
            .length_max = 128,
            .doc = "a payout address or a registered account name"};
}

/// A moment that an announcement holds from.
inline Param from_param()
{
    return {.name = "from",
            .type = ParamType::integer,
            .required = false,
            .min = 0,
            .max = INT64_MAX / 1000,
            .doc = "seconds since 1970; without it as soon as may be"};
}

inline std::optional<pool::UnixMillis> from_of(std::optional<std::int64_t> seconds)
{
    if (!seconds) return std::nullopt;
    return pool::UnixMillis{static_cast<std::uint64_t>(*seconds) * 1000};
}

}  // namespace rpc
