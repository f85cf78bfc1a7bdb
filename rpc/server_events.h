#pragma once

#include <memory>
#include <string>

#include "rpc/answer_cache.h"
#include "rpc/pool_view.h"
#include "rpc/server_accounts.h"
#include "rpc/server_site.h"

namespace rpc {

/// What listeners to events hear: of /api/v1/events the pool; of /api/v1/users/{account}/events the
/// pool and then the account, as far as the listener may see it. So a page needs one connection.
class EventEdge {
public:
    EventEdge(PoolView& view, AnswerCache& answers, AccountEdge& accounts)
        : view_(view), answers_(answers), accounts_(accounts)
    {
    }

    /// The events of now, as a stream that begins with them; or why there are none.
    void handle(const pool::HttpRequest& request, const std::string& host, Respond respond);

private:
    PoolView& view_;
    AnswerCache& answers_;
    AccountEdge& accounts_;
    std::shared_ptr<int> life_ = std::make_shared<int>();  // answers may come after the end
};

}  // namespace rpc
