#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pool/base/result.h"

struct redisReply;  // NOLINT(readability-identifier-naming): hiredis'

namespace pool {

/// An answer of Redis, taken out of hiredis' hands.
struct RedisReply {
    enum class Type : std::uint8_t { nil, error, status, string, integer, array };
    Type type = Type::nil;
    std::string text;  ///< of error, status and string; any bytes
    std::int64_t integer = 0;
    std::vector<RedisReply> elements;

    bool is_error() const { return type == Type::error; }
    /// In an array of names and values: the value of `name`, or nothing.
    const RedisReply* field(std::string_view name) const;
};

/// A copy. reply: may be null, which gives nil.
RedisReply copy_reply(const redisReply* reply);

/// The number N of a stream id "N-0". Errors: invalid.
Result<std::uint64_t> seq_of_stream_id(std::string_view id);
/// Field `s` of a stream's entry: the checksum of its fields `f`, `p` ("" where it has none) and
/// `c`, which is that of its records.
std::uint32_t sum_of_entry(std::string_view first, std::string_view print, std::string_view sum);

/// The highest sequence number ever added to a stream, out of XINFO STREAM's answer; 0 when there
/// is no such stream. Errors: unavailable (Redis is loading, …), invalid.
Result<std::uint64_t> last_seq_of_stream(const RedisReply& xinfo);

}  // namespace pool
