#include "pool/app/readiness.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "pool/app/node_trouble.h"

namespace pool {
namespace {

constexpr std::int64_t template_age_max_ms = 90'000;
constexpr std::uint64_t books_lag_max_ms = 60'000;

/// said: what somebody else has told, and then it is the state.
rpc::Dependency dependency(std::string name, bool ok, std::string trouble, std::string sentence,
                           const std::string& said = {})
{
    if (ok) return {std::move(name), true, "ok", "ok", ""};
    if (!said.empty()) sentence = said;
    return {std::move(name), false, std::move(sentence), std::move(trouble), said};
}

// Where the code says it all, which node is left to be told.
rpc::Dependency node_part(const WorkStatus& work)
{
    const NodeTrouble& trouble = work.node_trouble;
    if (work.node_ok || trouble.said.empty()) {
        return dependency("node", work.node_ok, "node_silent", "no answer for two minutes");
    }
    const bool known = trouble.kind != "node_trouble";
    return {"node", false, trouble.said, std::string{trouble.kind},
            known ? trouble.node : trouble.said};
}

rpc::Dependency redis_part(const LiveState& state, const BooksStatus& books)
{
    if (!state.redis_trouble.empty()) {
        return dependency("redis", false, "redis_refuses", "", state.redis_trouble);
    }
    if (!state.redis_ok) {
        return dependency("redis", false, "redis_silent",
                          "Redis does not answer; shares wait in the journal");
    }
    return dependency("redis", books.streams_trouble.empty(), "redis_streams", "",
                      books.streams_trouble);
}

}  // namespace

std::uint64_t books_lag_ms(const LiveState& state, const BooksStatus& books, Now now)
{
    const std::uint64_t lag = books.lag_at(now.steady);
    if (!state.unshipped_since || now.wall < *state.unshipped_since) return lag;
    return std::max(lag, now.wall.value - state.unshipped_since->value);
}

rpc::Readiness readiness_of(const LiveState& state, const BooksStatus& books, Now now)
{
    const WorkStatus& work = state.work;
    const bool fresh = work.template_age_ms >= 0 && work.template_age_ms < template_age_max_ms;
    rpc::Readiness out;
    out.dependencies = {
        node_part(work),
        dependency("template", fresh, "template_old",
                   "the newest block template is old; is the node running?"),
        dependency("journal", state.journal_ok, "journal_refuses",
                   "shares can't be written to the journal and are refused; is its disk full?"),
        redis_part(state, books),
        dependency("mysql", books.mysql_ok, "mysql_trouble", "the books have not been reached yet",
                   books.mysql_trouble),
        dependency("books", books_lag_ms(state, books, now) < books_lag_max_ms, "books_behind",
                   "the books are more than a minute behind the shares"),
    };
    out.ready = true;
    for (const rpc::Dependency& each : out.dependencies) out.ready = out.ready && each.ok;
    return out;
}

}  // namespace pool
