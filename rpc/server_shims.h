#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "rpc/answer_cache.h"
#include "rpc/pool_view.h"
#include "rpc/server_accounts.h"
#include "rpc/server_site.h"

namespace rpc {

/// Interfaces of other pools, at the paths where their dashboards look. Who may see an account is
/// judged by AccountEdge, as of the pool's own interface.
class ShimEdge {
public:
    ShimEdge(PoolView& view, AnswerCache& answers, AccountEdge& accounts)
        : view_(view), answers_(answers), accounts_(accounts)
    {
    }
    /// /pool/…, /users/… and /api/… but for /api/v1/.
    void handle(const pool::HttpRequest& request, const std::string& host, Respond respond);

private:
    using Render = std::function<std::string(const PoolInfo&, const WorkersSummary&,
                                             const std::vector<BlockInfo>&)>;
    /// What everybody may see, of the pool, its workers and its blocks.
    void pool(const pool::HttpRequest& request, const std::string& host, Respond respond,
              Render render);
    /// How something is shown. name: tells it from every other form.
    template <typename T>
    struct Form {
        std::string name;
        std::function<std::string(const T&)> render;
    };
    static Form<HistoryInfo> mode_chart(const pool::HttpRequest& request);
    void chart(const pool::HttpRequest& request, const std::string& host, Form<HistoryInfo> form,
               Respond respond);
    void client(const pool::HttpRequest& request, const std::string& host, Respond respond);
    void user(const pool::HttpRequest& request, std::string_view account, const std::string& host,
              Form<UserInfo> form, Respond respond);
    void user_chart(const pool::HttpRequest& request, std::string_view account,
                    const std::string& host, Form<HistoryInfo> form, Respond respond);

    PoolView& view_;
    AnswerCache& answers_;
    AccountEdge& accounts_;
};

}  // namespace rpc
