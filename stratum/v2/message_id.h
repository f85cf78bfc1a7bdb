#pragma once

#include <cstdint>

namespace stratum::v2 {

/// What a frame's header says of a message: extension, type, and whether the payload begins with a
/// channel's number. Readers ignore the last: it changed in 2026-05 and old peers differ.
struct MessageId {
    std::uint16_t extension = 0;
    std::uint8_t type = 0;
    bool channel = false;
};

}  // namespace stratum::v2
