#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

#include "pool/base/time.h"
#include "pool/base/types.h"

namespace stratum {

/// Which sessions are to be looked at next, and when: of ten thousand that mine or idle, hardly any
/// has something to do in a given second, and to look at one takes the time of cold memory. Who is
/// put in several times is called as often; whoever has gone is called still. No clock.
class CallList {
public:
    void put(pool::SessionId id, pool::SteadyTime at);
    /// By the very next take().
    void put_soon(pool::SessionId id) { soon_.push_back(id); }
    /// Takes out all whose time has come.
    std::vector<pool::SessionId> take(pool::SteadyTime now);

private:
    struct Call {
        pool::SteadyTime at;
        pool::SessionId id;
    };
    using Seconds = std::chrono::duration<std::int64_t>;

    std::map<Seconds, std::vector<Call>> by_second_;
    std::vector<pool::SessionId> soon_;
};

}  // namespace stratum
