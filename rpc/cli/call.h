#pragma once

#include <chrono>
#include <string>

#include "pool/base/result.h"
#include "pool/runtime/tcp.h"

namespace rpc::cli {

struct Server {
    pool::Endpoint endpoint;
    std::string socket{};  ///< of the same server; wins over the endpoint
    std::string user;
    std::string password;
    std::string cookie_file;             ///< asked, anew at each attempt, when no user is given
    bool wait = false;                   ///< until it answers: the request itself is sent once
    std::chrono::seconds patience{900};  ///< for one answer; 0: as long as it takes
};

/// What a call came to: exactly one of result and error is JSON text, the other is empty.
struct Outcome {
    std::string result;
    std::string error;  ///< {"code": …, "message": …}
};

/// Sends one JSON-RPC request and waits for the answer; runs a loop of its own.
/// Errors: unavailable, refused, io, …: a sentence for whoever typed the command.
pool::Result<Outcome> call(const Server& server, const std::string& request);

}  // namespace rpc::cli
