#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "pool/base/json.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "stratum/v1/messages.h"

namespace stratum::v1 {

inline constexpr std::size_t line_bytes_max = 65536;  ///< whatever is configured
inline constexpr pool::JsonLimits line_limits{
    .bytes_max = line_bytes_max, .depth_max = 6, .values_max = 256};

/// Reads one line of a client.
///
/// Lenient where firmware is sloppy: parameters may be missing,
/// null or of another type wherever a sensible default exists; numbers in hex may have any case,
/// an "0x", missing leading zeros. What then still makes no sense is a BadParams, not an error.
///
/// document: parses the line; views in the request point into it.
/// Errors: invalid or limit, when the line is no JSON object within `limits`: the connection is not
/// worth keeping.
pool::Result<Request> read_request(std::string_view line, pool::JsonDocument& document,
                                   const pool::JsonLimits& limits = line_limits);

/// A number of up to 32 bits in hex: blanks around it, "0x", either case, 1 to 8 digits, more only
/// if they are leading zeros.
std::optional<std::uint32_t> lenient_u32(std::string_view text);

/// A job id as we write them (see append_job_id), in either case.
std::optional<pool::JobId> parse_job_id(std::string_view text);

}  // namespace stratum::v1
