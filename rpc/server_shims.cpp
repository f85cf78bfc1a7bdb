#include "rpc/server_shims.h"

#include <utility>
#include <vector>

#include "pool/base/time.h"
#include "rpc/server_answers.h"
#include "rpc/shims.h"

namespace rpc {
namespace {

using pool::HttpRequest;

constexpr std::uint32_t blocks_most = 100;

std::string status_now(const PoolInfo& info, const WorkersSummary& workers,
                       const std::vector<BlockInfo>&)
{
    return shims::ckpool_status(info, workers, pool::read_clock().wall);
}

std::string info_now(const PoolInfo& info, const WorkersSummary& workers,
                     const std::vector<BlockInfo>& blocks)
{
    return shims::public_pool_info(info, workers, blocks, pool::read_clock().wall);
}

}  // namespace

void ShimEdge::handle(const HttpRequest& request, const std::string& host, Respond respond)
{
    const std::vector<std::string_view> path = segments(request.path);
    if (path.size() == 2 && path[0] == "users") {
        return user(request, path[1], host, "ckpool", shims::ckpool_user, std::move(respond));
    }
    if (path.size() >= 3 && path[1] == "client") {
        return client(request, host, std::move(respond));
    }
    if (request.path == "/pool/pool.status")
        return pool(request, host, std::move(respond), status_now);
    if (request.path == "/api/info") return pool(request, host, std::move(respond), info_now);
    if (request.path == "/api/info/chart") return chart(request, host, std::move(respond));
    if (request.path == "/api/pool") {
        return pool(request, host, std::move(respond),
                    [](const PoolInfo& info, const auto&, const auto& blocks) {
                        return shims::public_pool_pool(info, blocks);
                    });
    }
    if (request.path == "/api/network") {
        return pool(request, host, std::move(respond),
                    [](const PoolInfo& info, const auto&, const auto&) {
                        return shims::public_pool_network(info);
                    });
    }
    respond(api_error(404, "not_found", "the API has no such path"));
}

void ShimEdge::pool(const HttpRequest& request, const std::string& host, Respond respond,
                    Render render)
{
    const auto ask = [this, render = std::move(render)](AnswerCache::Take take) {
        view_.pool_info(
            [&view = view_, render, take = std::move(take)](const pool::Result<PoolInfo>& info) {
                if (!info) return take(pool::fail(info.error()));
                view.workers_summary([&view, render, take,
                                      info = *info](const pool::Result<WorkersSummary>& workers) {
                    if (!workers) return take(pool::fail(workers.error()));
                    view.blocks(blocks_most, {},
                                rendered<std::vector<BlockInfo>>(
                                    take, [render, info, workers = *workers](const auto& blocks) {
                                        return render(info, workers, blocks);
                                    }));
                });
            });
    };
    answers_.get("shim " + request.path, view_.generation(), host, ask,
                 reply(Asked{request, host}, Shown::to_everybody, std::move(respond)));
}

void ShimEdge::chart(const HttpRequest& request, const std::string& host, Respond respond)
{
    const auto ask = [this](AnswerCache::Take take) {
        view_.history({}, rendered<HistoryInfo>(std::move(take), shims::public_pool_chart));
    };
    answers_.get("shim " + request.path, view_.generation(), host, ask,
                 reply(Asked{request, host}, Shown::to_everybody, std::move(respond)));
}

void ShimEdge::user(const HttpRequest& request, std::string_view account, const std::string& host,
                    std::string_view name, std::string (*render)(const UserInfo&), Respond respond)
{
    const auto put = [&view = view_, render](const Access& access, AnswerCache::Take take) {
        view.user(access.account, rendered<UserInfo>(std::move(take), render));
    };
    accounts_.rates(request, account, host, std::string{name}, put, std::move(respond));
}

// "api", "client", ACCOUNT, …
void ShimEdge::client(const HttpRequest& request, const std::string& host, Respond respond)
{
    const std::vector<std::string_view> path = segments(request.path);
    const std::string_view account = path[2];
    if (path.size() == 3) {
        return user(request, account, host, "public-pool", shims::public_pool_client,
                    std::move(respond));
    }
    if (path.size() > 5 || path[3].empty() || path[3].size() > worker_length_max) {
        return respond(api_error(404, "not_found", "the API has no such path"));
    }
    const std::string worker{path[3]};
    if (worker == "chart" && path.size() == 4) {
        const auto put = [&view = view_](const Access& access, AnswerCache::Take take) {
            view.history({.account = access.account},
                         rendered<HistoryInfo>(std::move(take), shims::public_pool_chart));
        };
        return accounts_.rates(request, account, host, "chart", put, std::move(respond));
    }
    const auto put = [&view = view_, worker](const Access& access, AnswerCache::Take take) {
        view.worker(access.account, worker,
                    [&view, worker, account = access.account,
                     take = std::move(take)](const pool::Result<WorkerInfo>& info) {
                        if (!info) return take(pool::fail(info.error()));
                        const auto render = [info = *info](const HistoryInfo& history) {
                            return shims::public_pool_worker(info, history);
                        };
                        view.history({.account = account, .worker = worker},
                                     rendered<HistoryInfo>(take, render));
                    });
    };
    accounts_.rates(request, account, host, "worker " + worker, put, std::move(respond));
}

}  // namespace rpc
