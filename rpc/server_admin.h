#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "pool/runtime/loop.h"
#include "rpc/auth.h"
#include "rpc/pool_view.h"
#include "rpc/rate_limit.h"
#include "rpc/router.h"
#include "rpc/server_site.h"

namespace rpc {

/// What the admin listener does with a request, once the caller is known: POST / goes to the router
/// (errors of calls are answers with status 200, as JSON-RPC 2.0 over HTTP has them), GET gives the
/// pages with what only operators see, /api/v1/operator, and /metrics/workers. Browsers keep the
/// name and the password of who has looked: no page of another site may send anything with them.
class AdminEdge {
public:
    /// pages: answers what is the same for everybody.
    /// worker_metrics: of so many workers /metrics/workers shows what they do; 0: none.
    AdminEdge(pool::Loop& loop, Router& router, const Authenticator& auth, PoolView& view,
              HttpHandler pages, std::size_t worker_metrics);
    void handle(const pool::HttpRequest& request, const std::string& host, Respond respond);

private:
    void get(const pool::HttpRequest& request, const std::string& host, Respond respond);
    void workers(Respond respond);
    void refuse(const std::string& who, const std::string& host, Respond respond);

    static constexpr double logged_per_second = 1;  // of failures: names may be invented

    pool::Loop& loop_;
    Router& router_;
    const Authenticator& auth_;
    PoolView& view_;
    HttpHandler pages_;
    std::size_t worker_metrics_;
    FailureDelays failures_;
    RateLimits logged_{logged_per_second};
    std::map<std::string, pool::Watch> held_;  // refusals not sent yet, by FailureDelays::name
};

}  // namespace rpc
