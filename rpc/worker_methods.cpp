#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rpc/answers.h"
#include "rpc/methods.h"
#include "rpc/views.h"

namespace rpc {
namespace {

Method listworkers_method(PoolView& view)
{
    Method method;
    method.group = "people";
    method.name = "listworkers";
    method.reads_only = true;
    method.params = {
        {.name = "account", .required = false, .length_max = 128, .doc = "only this account's"},
        {.name = "limit",
         .type = ParamType::integer,
         .required = false,
         .default_value = std::int64_t{100},
         .min = 1,
         .max = 10'000,
         .doc = "at most so many"}};
    method.doc = "Lists the workers of the whole pool or of one account, the strongest first.";
    method.result =
        "a list of objects: account, worker, hashrate_1m, hashrate_5m, hashrate_1h, accepted, "
        "stale, rejected, difficulty, last_share, user_agent";
    method.handler = [&view](const Caller&, const Arguments& arguments, Reply reply) {
        view.workers(static_cast<std::size_t>(arguments.integer(1)),
                     arguments.optional_text(0).value_or(""),
                     answer<std::vector<WorkerLine>>(std::move(reply), worker_lines_json));
    };
    return method;
}

Method listusers_method(PoolView& view)
{
    Method method;
    method.group = "people";
    method.name = "listusers";
    method.reads_only = true;
    method.params = {{.name = "limit",
                      .type = ParamType::integer,
                      .required = false,
                      .default_value = std::int64_t{100},
                      .min = 1,
                      .max = 10'000,
                      .doc = "at most so many"}};
    method.doc =
        "Lists the accounts that have mined in a week, the strongest over five minutes first.";
    method.result =
        "a list of objects: account, workers, hashrate_1m, hashrate_5m, hashrate_1h, hashrate_1d, "
        "accepted, stale, rejected, last_share";
    method.handler = [&view](const Caller&, const Arguments& arguments, Reply reply) {
        const auto render = [limit = static_cast<std::size_t>(arguments.integer(0))](
                                const std::vector<WorkerLine>& lines) {
            return users_json(lines, limit);
        };
        view.workers(SIZE_MAX, "", answer<std::vector<WorkerLine>>(std::move(reply), render));
    };
    return method;
}

Method getworker_method(PoolView& view)
{
    Method method;
    method.group = "people";
    method.name = "getworker";
    method.reads_only = true;
    method.params = {{.name = "account", .length_max = 128, .doc = "address or account name"},
                     {.name = "worker", .length_max = 64, .doc = "its name, without the account"}};
    method.doc = "Tells all that is known of one worker.";
    method.result =
        "an object: name, hashrate_1m to hashrate_7d, accepted, stale, rejected, duplicate, "
        "low_difficulty, best_share, difficulty, last_share, user_agent, rejects (reason, count), "
        "session_count, sessions (connected, difficulty, accepted, stale, rejected, last_share, "
        "first_share_ms: from a job to its first share, first_share_mean_ms, user_agent; of those "
        "that are open the newest 16)";
    method.handler = [&view](const Caller&, const Arguments& arguments, Reply reply) {
        view.worker(arguments.text(0), arguments.text(1),
                    answer<WorkerInfo>(std::move(reply), worker_detail_json));
    };
    return method;
}

Method getsharestats_method(PoolView& view)
{
    Method method;
    method.group = "shares";
    method.name = "getsharestats";
    method.reads_only = true;
    method.doc = "Tells what became of shares: booked ones ever, the others since the start.";
    method.result =
        "an object: booked, accepted, stale, rejected_* for each reason, backlog, books_lag_ms";
    method.handler = [&view](const Caller&, const Arguments&, Reply reply) {
        view.pool_info(answer<PoolInfo>(std::move(reply), share_stats_json));
    };
    return method;
}

Method getmininginfo_method(PoolView& view)
{
    Method method;
    method.group = "work";
    method.name = "getmininginfo";
    method.reads_only = true;
    method.doc = "Tells what is being mined.";
    method.result = "an object: chain, height, tip, difficulty";
    method.handler = [&view](const Caller&, const Arguments&, Reply reply) {
        view.pool_info(answer<PoolInfo>(std::move(reply), network_json));
    };
    return method;
}

std::string share_log_json(const std::vector<ShareLogLine>& lines)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_array();
    for (const ShareLogLine& line : lines) {
        json.begin_object().key("producer").string(line.producer);
        json.key("seq").unsigned_integer(line.seq);
        json.key("at_ms").unsigned_integer(line.at.value);
        json.key("kind").string(line.kind);
        json.key("account").string(line.account).key("worker").string(line.worker);
        json.key("difficulty").raw(number_json(line.difficulty));
        json.key("job").unsigned_integer(line.job);
        json.key("version").unsigned_integer(line.version);
        json.key("time").unsigned_integer(line.time);
        json.key("nonce").unsigned_integer(line.nonce).end_object();
    }
    json.end_array();
    return out;
}

Method getsharelog_method(PoolView& view)
{
    Method method;
    method.group = "shares";
    method.name = "getsharelog";
    method.reads_only = true;
    method.roles = {Role::operating, Role::auditor};
    method.params = {{.name = "limit",
                      .type = ParamType::integer,
                      .required = false,
                      .default_value = std::int64_t{50},
                      .min = 1,
                      .max = 500,
                      .doc = "at most so many"}};
    method.doc =
        "Lists the newest shares as they lie in the journals, newest first. Account and worker are "
        "empty while MySQL has not been told who they are.";
    method.result =
        "a list of objects: producer, seq, at_ms, kind (share, block, stale), account, worker, "
        "difficulty, job, version, time, nonce";
    method.handler = [&view](const Caller&, const Arguments& arguments, Reply reply) {
        view.share_log(static_cast<std::size_t>(arguments.integer(0)),
                       answer<std::vector<ShareLogLine>>(std::move(reply), share_log_json));
    };
    return method;
}

}  // namespace

void register_worker_methods(Router& router, PoolView& view)
{
    router.add(listworkers_method(view));
    router.add(listusers_method(view));
    router.add(getworker_method(view));
    router.add(getsharestats_method(view));
    router.add(getsharelog_method(view));
    router.add(getmininginfo_method(view));
}

}  // namespace rpc
