#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/base/time.h"

/// Who writes as a producer. Two servers under one name would number different shares alike, and
/// those of one of them would be taken for repetitions: so a name belongs to one data directory.
namespace payouts {

/// Makes the producer's row, or marks it as in use, for `owner`: the data directory's own word, at
/// most 32 bytes. A row that nobody owns becomes its own. Errors besides: refused, with a sentence
/// that says what to do, when the name is another's.
pool::Result<void> claim_producer(MysqlConnection& db, std::string_view name,
                                  std::string_view owner);

/// Gives all producers of `server_id` to `owner`, whoever had them: for a data directory that is
/// lost. Returns how many there are. A server that still writes under the name ends by itself.
pool::Result<std::uint64_t> take_over_producers(MysqlConnection& db, std::string_view server_id,
                                                std::string_view owner);

/// What a server says of a producer's journal counts for so long after it was said.
inline constexpr std::chrono::seconds told_is_fresh{120};

/// A living server says of what is not booked in its journal of a producer: the oldest record's
/// time, or 0. Not of a producer that is another's by now. lives: it is not retired, either.
pool::Result<void> tell_unbooked(MysqlConnection& db, std::string_view producer,
                                 std::string_view owner, pool::UnixMillis since, bool lives);
/// Whether its server's word is fresh: it lives, and may have more to say.
pool::Result<bool> spoke_lately(MysqlConnection& db, std::string_view producer);

/// Records of a producer that exist nowhere any more, and that somebody has given up.
struct GivenUp {
    std::uint64_t after_seq = 0;  ///< the mark before
    std::uint64_t records = 0;    ///< from after_seq + 1 on
};
/// Moves the mark over them and writes down who did it; in one transaction. Errors besides:
/// conflict, when the mark has moved meanwhile.
pool::Result<void> give_up(MysqlConnection& db, std::string_view producer, const GivenUp& what,
                           std::string_view by, pool::UnixMillis at);

}  // namespace payouts
