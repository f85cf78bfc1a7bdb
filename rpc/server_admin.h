#pragma once

#include <map>
#include <string>

#include "pool/runtime/loop.h"
#include "rpc/auth.h"
#include "rpc/router.h"
#include "rpc/server_site.h"

namespace rpc {

/// What the admin listener does with a request: POST / goes to the router once the caller is
/// known. Errors of calls are answers with status 200, as JSON-RPC 2.0 over HTTP has them.
class AdminEdge {
public:
    AdminEdge(pool::Loop& loop, Router& router, const Authenticator& auth);
    void handle(const pool::HttpRequest& request, const std::string& host, Respond respond);

private:
    void refuse(const std::string& host, Respond respond);

    pool::Loop& loop_;
    Router& router_;
    const Authenticator& auth_;
    FailureDelays failures_;
    std::map<std::string, pool::Watch> held_;  // refusals not sent yet, at most one an address
};

}  // namespace rpc
