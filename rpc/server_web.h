#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rpc/answer_cache.h"
#include "rpc/pool_view.h"
#include "rpc/rate_limit.h"
#include "rpc/server_accounts.h"
#include "rpc/server_events.h"
#include "rpc/server_shims.h"
#include "rpc/server_site.h"

namespace rpc {

/// What the web listener does with a request: pages, API, health and metrics. Reads only; nothing
/// that a request holds comes back in an answer.
class WebEdge {
public:
    struct Limits {
        double requests_per_second = 0;  ///< to the API, of one address; 0 means any number
        /// Of one address, or of its prefix, without an answer; 0 means any number.
        std::size_t questions_per_address = 0;
        std::size_t questions_per_prefix = 0;
        /// This machine may read /metrics as often as it likes, and ask any number of questions.
        bool spare_loopback = true;
    };
    /// own_metrics: adds what the HTTP edge itself counts.
    WebEdge(PoolView& view, const Limits& limits,
            std::function<void(std::vector<Metric>&)> own_metrics);
    void handle(const pool::HttpRequest& request, const std::string& host, Respond respond);
    /// What those hear next who were answered with a stream. Counts as no request of theirs.
    void tell_on(const pool::HttpRequest& request, const std::string& host, Respond respond)
    {
        events_.handle(request, host, std::move(respond));
    }

private:
    void api(const pool::HttpRequest& request, const std::string& host, Respond respond);
    void history(const pool::HttpRequest& request, const std::string& host, Respond respond);
    void payouts(const pool::HttpRequest& request, const std::string& host, Respond respond);
    void block(const pool::HttpRequest& request, const std::string& host, const std::string& hash,
               Respond respond);
    void blocks(const pool::HttpRequest& request, const std::string& host,
                const std::vector<std::string_view>& path, Respond respond);
    void metrics(const std::string& host, Respond respond);
    void connect_code(const pool::HttpRequest& request, Respond respond);
    /// Of what everybody may see. key: whatever the answer depends on.
    void tell(const pool::HttpRequest& request, const std::string& host, const std::string& key,
              Respond respond, const AnswerCache::Ask& ask);
    void pool_as(const pool::HttpRequest& request, const std::string& host, const std::string& key,
                 Respond respond, std::string (*render)(const PoolInfo&));

    PoolView& view_;
    std::shared_ptr<int> life_ = std::make_shared<int>();  // answers may come after the end
    AnswerCache answers_;
    AccountEdge accounts_;
    EventEdge events_;
    ShimEdge shims_;
    RateLimits requests_;
    bool spare_loopback_;
    std::function<void(std::vector<Metric>&)> own_metrics_;
};

}  // namespace rpc
