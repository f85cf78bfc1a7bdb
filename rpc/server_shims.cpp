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

/// Of `payoutMode`. What it does not know is any.
shims::Mode mode_of(const HttpRequest& request)
{
    const std::string_view wanted = query_text(request, "payoutMode");
    return wanted == "solo"    ? shims::Mode::solo
           : wanted == "pplns" ? shims::Mode::pplns
                               : shims::Mode::any;
}

/// Of the answers' keys.
std::string to_text(shims::Mode mode) { return std::to_string(static_cast<int>(mode)); }

}  // namespace

void ShimEdge::handle(const HttpRequest& request, const std::string& host, Respond respond)
{
    const std::vector<std::string_view> path = segments(request.path);
    if (path.size() == 2 && path[0] == "users") {
        return user(request, path[1], host, {"ckpool", shims::ckpool_user}, std::move(respond));
    }
    if (path.size() >= 3 && path[1] == "client") {
        return client(request, host, std::move(respond));
    }
    if (request.path == "/pool/pool.status")
        return pool(request, host, std::move(respond), status_now);
    if (request.path == "/api/info") return pool(request, host, std::move(respond), info_now);
    if (request.path == "/api/info/chart") {
        return chart(request, host, {"chart", shims::public_pool_chart}, std::move(respond));
    }
    if (request.path == "/api/info/chart/payout-modes") {
        return chart(request, host, mode_chart(request), std::move(respond));
    }
    if (request.path == "/api/info/accounting") {
        return pool(request, host, std::move(respond),
                    [mode = mode_of(request)](const PoolInfo& info, const WorkersSummary& workers,
                                              const auto&) {
                        return shims::public_pool_accounting(info, workers, mode);
                    });
    }
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
    answers_.get("shim " + request.path + " " + to_text(mode_of(request)), view_.generation(), host,
                 ask, reply(Asked{request, host}, Shown::to_everybody, std::move(respond)));
}

ShimEdge::Form<HistoryInfo> ShimEdge::mode_chart(const HttpRequest& request)
{
    const shims::Mode mode = mode_of(request);
    return {"mode chart " + to_text(mode), [mode](const HistoryInfo& history) {
                return shims::public_pool_mode_chart(history, mode);
            }};
}

void ShimEdge::chart(const HttpRequest& request, const std::string& host, Form<HistoryInfo> form,
                     Respond respond)
{
    const auto ask = [this, render = std::move(form.render)](AnswerCache::Take take) {
        view_.history({}, rendered<HistoryInfo>(std::move(take), render));
    };
    answers_.get("shim pool " + form.name, view_.generation(), host, ask,
                 reply(Asked{request, host}, Shown::to_everybody, std::move(respond)));
}

void ShimEdge::user(const HttpRequest& request, std::string_view account, const std::string& host,
                    Form<UserInfo> form, Respond respond)
{
    const auto put = [&view = view_, render = std::move(form.render)](const Access& access,
                                                                      AnswerCache::Take take) {
        view.user(access.account, rendered<UserInfo>(std::move(take), render));
    };
    accounts_.rates(request, account, host, form.name, put, std::move(respond));
}

void ShimEdge::user_chart(const HttpRequest& request, std::string_view account,
                          const std::string& host, Form<HistoryInfo> form, Respond respond)
{
    const auto put = [&view = view_, render = std::move(form.render)](const Access& access,
                                                                      AnswerCache::Take take) {
        view.history({.account = access.account}, rendered<HistoryInfo>(std::move(take), render));
    };
    accounts_.rates(request, account, host, form.name, put, std::move(respond));
}

// "api", "client", ACCOUNT, …
void ShimEdge::client(const HttpRequest& request, const std::string& host, Respond respond)
{
    const std::vector<std::string_view> path = segments(request.path);
    const std::string_view account = path[2];
    if (path.size() == 3) {
        const shims::Mode mode = mode_of(request);
        const auto render = [mode](const UserInfo& user) {
            return shims::public_pool_client(user, mode);
        };
        return user(request, account, host, {"public-pool " + to_text(mode), render},
                    std::move(respond));
    }
    if (path.size() > 5 || path[3].empty() || path[3].size() > worker_length_max) {
        return respond(api_error(404, "not_found", "the API has no such path"));
    }
    const std::string worker{path[3]};
    if (worker == "chart" && path.size() == 4) {
        return user_chart(request, account, host, {"chart", shims::public_pool_chart},
                          std::move(respond));
    }
    if (worker == "chart" && path[4] == "payout-modes") {
        return user_chart(request, account, host, mode_chart(request), std::move(respond));
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
