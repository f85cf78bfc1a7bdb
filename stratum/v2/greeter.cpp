#include "stratum/v2/greeter.h"

#include <algorithm>

namespace stratum::v2 {

HandshakeReply Greeter::greet(std::span<const std::uint8_t, act1_bytes> act1)
{
    pool::check(open(), "nobody is told to speak v2 while it is off");
    if (ready_.empty()) prepare(1);
    const EllSwiftPair ephemeral = ready_.back();
    ready_.pop_back();  // never twice
    return respond(curve_, *identity_, ephemeral, act1);
}

void Greeter::prepare(std::size_t count)
{
    for (count = std::min(count, ready_max - ready_.size()); count > 0; --count) {
        ready_.push_back(curve_.make_pair());
    }
}

}  // namespace stratum::v2
