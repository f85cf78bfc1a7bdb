#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "pool/base/types.h"
#include "stratum/metrics.h"

namespace stratum {

/// What is to be done with connections: first all writes, then the closes.
struct Effects {
    struct Write {
        pool::SessionId session;
        std::string bytes;
    };
    struct Close {
        pool::SessionId session;
        EndReason reason;
    };
    std::vector<Write> writes;  ///< at most one for each session
    std::vector<Close> closes;  ///< after its last bytes; the shard has forgotten the session
    std::vector<pool::SessionId> authorised;  ///< since the last time, the first worker of each

    /// Gives the memory of bytes that are sent to the next turn, if it is as small as replies are:
    /// a job for everybody leaves nothing behind.
    void reuse(std::string& sent);
    std::string spare_buffer();

private:
    static constexpr std::size_t spare_bytes_max = 512;
    static constexpr std::size_t spares_max = 4096;
    std::vector<std::string> spares_;
};

}  // namespace stratum
