#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "pool/share/record.h"
#include "pool/share/redis_connection.h"

namespace pool {

/// Records of one producer that its journal cannot read any more and its stream in Redis still has:
/// they are copied into a hash beside the stream before that is emptied, so that it can be filled
/// with them again, in this life or in a later one. Lives on the loop's thread.
///
/// `done` gets "", or why not. It is called once, or never when the connection is lost before.
class RedisKeptRecords {
public:
    using Done = std::function<void(const std::string& why)>;
    static constexpr std::size_t records_max =
        100'000;  ///< 15 MB: a disk that has lost more is gone

    /// redis: outlives this object. Each call needs it to be connected.
    RedisKeptRecords(RedisConnection& redis, std::string stream_key);

    bool loaded() const { return loaded_; }
    /// Learns what an earlier life has kept: once. A user whom Redis does not let look has none.
    void load(Done done);
    /// Takes record `seq` out of the stream's entry that has it, whose checksums must hold.
    void keep(std::uint64_t seq, Done done);
    /// Valid until the next call; nothing when it is not kept.
    const RecordBytes* find(std::uint64_t seq) const;
    /// The journal begins at `seq` by now: all are let go once they are older.
    void drop_below(std::uint64_t seq);

private:
    void store(std::uint64_t seq, const RecordBytes& record, Done done);

    RedisConnection& redis_;
    std::string stream_;
    std::string key_;
    std::map<std::uint64_t, RecordBytes> records_;
    bool loaded_ = false;
};

}  // namespace pool
