#pragma once

#include <functional>
#include <string>
#include <vector>

#include "rpc/pool_view.h"
#include "rpc/server_site.h"

namespace rpc {

/// What the web listener does with a request: pages, API, health and metrics. Reads only; nothing
/// that a request holds comes back in an answer.
class WebEdge {
public:
    /// own_metrics: adds what the HTTP edge itself counts.
    WebEdge(PoolView& view, std::function<void(std::vector<Metric>&)> own_metrics);
    void handle(const pool::HttpRequest& request, const std::string& host, Respond respond);

private:
    void api(const pool::HttpRequest& request, Respond respond);
    void user(std::string_view account, Respond respond);
    void blocks(const pool::HttpRequest& request, Respond respond);
    void metrics(Respond respond);

    PoolView& view_;
    std::function<void(std::vector<Metric>&)> own_metrics_;
};

}  // namespace rpc
