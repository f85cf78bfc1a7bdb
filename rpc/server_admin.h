#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "pool/runtime/loop.h"
#include "rpc/audit.h"
#include "rpc/auth.h"
#include "rpc/method.h"
#include "rpc/pool_view.h"
#include "rpc/rate_limit.h"
#include "rpc/router.h"
#include "rpc/server_site.h"

namespace rpc {

/// What the admin listener does with a request, once the caller is known: POST / goes to the router
/// (errors of calls are answers with status 200, as JSON-RPC 2.0 over HTTP has them), GET gives the
/// pages with what only operators see, /api/v1/operator, and /metrics/workers: these two are
/// methods like those of the router, with roles and a row of the audit. Browsers keep the name and
/// the password of who has looked: no page of another site may send anything with them.
class AdminEdge {
public:
    /// auditor: null: what is read by GET is not written down.
    /// pages: answers what is the same for everybody, and is no call.
    /// worker_metrics: of so many workers /metrics/workers shows what they do; 0: none.
    AdminEdge(pool::Loop& loop, Router& router, const Authenticator& auth, Auditor* auditor,
              PoolView& view, HttpHandler pages, std::size_t worker_metrics);
    void handle(const pool::HttpRequest& request, const std::string& host, Respond respond);

private:
    void get(const pool::HttpRequest& request, const Caller& caller, Respond respond);
    void read(const Method& method, const Caller& caller, std::string_view content_type,
              Respond respond);
    void refuse(const std::string& who, const std::string& host, Respond respond);

    static constexpr double logged_per_second = 1;  // of failures: names may be invented

    pool::Loop& loop_;
    Router& router_;
    const Authenticator& auth_;
    Auditor* auditor_;
    HttpHandler pages_;
    Method operator_;                // GET /api/v1/operator
    std::optional<Method> workers_;  // GET /metrics/workers
    FailureDelays failures_;
    RateLimits logged_{logged_per_second};
    std::map<std::string, pool::Watch> held_;  // refusals not sent yet, by FailureDelays::name
};

}  // namespace rpc
