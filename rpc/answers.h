#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "pool/base/json.h"
#include "rpc/method.h"
#include "rpc/pool_view.h"

/// What the tables of methods share.
namespace rpc {

inline std::string json_string(std::string_view text)
{
    std::string out;
    pool::append_json_string(out, text);
    return out;
}

/// What a PoolView is asked with: passes its answer on as JSON, and its error as the caller's.
template <typename T, typename Render>
PoolView::Done<T> answer(Reply reply, Render render)
{
    return [reply = std::move(reply), render](pool::Result<T> result) {
        if (!result) return reply(tl::unexpected{to_rpc_error(result.error())});
        reply(render(*result));
    };
}

/// The same for what is JSON already.
inline std::function<void(pool::Result<std::string>)> answer(Reply reply)
{
    return [reply = std::move(reply)](pool::Result<std::string> result) {
        if (!result) return reply(tl::unexpected{to_rpc_error(result.error())});
        reply(std::move(*result));
    };
}

/// What a call of the books gave, as JSON.
template <typename T, typename Render>
pool::Result<std::string> shown(const pool::Result<T>& result, Render render)
{
    if (!result) return pool::fail(result.error());
    return render(*result);
}
/// The same for one that gives nothing.
inline pool::Result<std::string> shown(const pool::Result<void>& result)
{
    if (!result) return pool::fail(result.error());
    return std::string{"null"};
}

}  // namespace rpc
