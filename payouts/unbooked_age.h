#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "pool/base/time.h"

namespace payouts {

/// Whether the oldest record of a journal that is not booked has waited, or is only on its way. By
/// its time; and, for records wait at the last one's time while the clock is behind it, by how long
/// the books have stood before it. Pure.
class UnbookedAge {
public:
    /// oldest: its time, 0: all is booked. mark: the books have all up to this number.
    bool waits(const std::string& producer, pool::UnixMillis oldest, std::uint64_t mark,
               pool::Now now);

private:
    struct Standing {
        std::uint64_t mark = 0;
        pool::SteadyTime since{};  // with something behind it
    };
    std::map<std::string, Standing> standing_;
};

}  // namespace payouts
