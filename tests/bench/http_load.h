#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stratum/client/latency.h"

namespace tests {

/// GETs over keep-alive connections to 127.0.0.1, one request at a time on each.
struct HttpLoad {
    std::uint16_t port = 0;
    std::vector<std::string> paths;  ///< asked in turn; not empty
    int connections = 32;
    double rate = 0;  ///< requests a second, all together; 0: as fast as answers come
    double seconds = 3;
};

struct HttpLoadReport {
    std::uint64_t good = 0;   ///< answered 200
    std::uint64_t other = 0;  ///< answered anything else
    double seconds = 0;
    /// From when a request was due: one that waits for a connection waits for the server.
    stratum::client::LatencyCounts times;
    std::uint64_t body_bytes = 0;  ///< of the last answer
};

/// One thread, blocking. Ends the program with a sentence when the server closes a connection.
HttpLoadReport run_http_load(const HttpLoad& load);

}  // namespace tests
