#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "pool/base/result.h"
#include "pool/share/record.h"
#include "pool/share/redis_client.h"

namespace payouts {

/// Records of a producer, in order from the one after the mark.
struct StreamBatch {
    std::vector<pool::Record> records;
    /// There is more in the stream, but not the record that comes next, or its entry is not what
    /// was shipped (it has a checksum and is not what that says): its shipper has to send again.
    /// Only set when `records` is empty.
    bool gap = false;
    std::optional<std::uint64_t> print;  ///< pool::print_of the last of them
};

/// Takes the record blobs out of one XRANGE answer.
///
/// Leaves out what is <= mark, and stops where the next number is missing or damaged, or before an
/// entry that is an error once it comes first. print: of the
/// record at `mark`, where it is known. Errors: invalid, for an entry without a checksum
/// that no shipper of ours wrote; refused, for one that goes on from another record than the one
/// before it: two servers write under one name, and their numbers mean different shares and
/// accounts.
pool::Result<StreamBatch> decode_entries(const pool::RedisReply& entries, std::uint64_t mark,
                                         std::optional<std::uint64_t> print = {});

/// Reads the producers' streams, for the ledger thread. Blocking; one thread.
/// Errors of all calls: unavailable, when Redis is lost or not ready; the next call reconnects.
class StreamReader {
public:
    explicit StreamReader(pool::RedisOptions options) : redis_(std::move(options)) {}

    /// At most `entries_max` entries (of up to 250 records) after `mark`, as decode_entries takes
    /// them. Errors besides: invalid, refused.
    pool::Result<StreamBatch> read(std::string_view producer, std::uint64_t mark,
                                   std::size_t entries_max,
                                   std::optional<std::uint64_t> print = {});
    /// The first record after `mark` with which a life of the producer begins, whatever is missing
    /// before it; 0 when the stream has none. Reads all of the stream up to there. Errors besides:
    /// invalid.
    pool::Result<std::uint64_t> first_start(std::string_view producer, std::uint64_t mark);
    /// The highest number the stream ever had.
    pool::Result<std::uint64_t> last(std::string_view producer);
    /// Drops entries that lie wholly at or below `mark`.
    pool::Result<void> trim(std::string_view producer, std::uint64_t mark);

private:
    pool::RedisClient redis_;
};

}  // namespace payouts
