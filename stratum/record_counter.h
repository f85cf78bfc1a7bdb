#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace stratum {

/// Counts the records of a TLS stream by their heads (RFC 8446, 5.1), and opens none.
class RecordCounter {
public:
    static constexpr std::size_t head_bytes = 5;

    struct Counted {
        std::size_t records = 0;  ///< that begin in them
        std::size_t bytes = 0;
    };
    /// Of these bytes, which follow those that were counted before: as many as begin no more than
    /// `most` records.
    Counted count(std::span<const std::uint8_t> bytes,
                  std::size_t most = std::numeric_limits<std::size_t>::max())
    {
        const std::size_t all = bytes.size();
        std::size_t begun = 0;
        while (!bytes.empty()) {
            if (left_ == 0 && head_ == 0 && begun == most) break;
            if (left_ > 0) {
                const std::size_t skipped = std::min(left_, bytes.size());
                left_ -= skipped;
                bytes = bytes.subspan(skipped);
                continue;
            }
            if (head_ == 0) ++begun;
            length_ = static_cast<std::uint16_t>(length_ << 8U | bytes.front());
            bytes = bytes.subspan(1);
            if (++head_ < head_bytes) continue;
            left_ = length_;  // the head's last two bytes
            head_ = 0;
        }
        return {begun, all - bytes.size()};
    }

private:
    std::size_t left_ = 0;  // of the record under way
    std::size_t head_ = 0;  // bytes of the next one's head
    std::uint16_t length_ = 0;
};

}  // namespace stratum
