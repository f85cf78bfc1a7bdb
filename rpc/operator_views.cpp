#include <cstdint>
#include <string>
#include <vector>

#include "rpc/json_members.h"
#include "rpc/views.h"

namespace rpc {

std::string nodes_json(const std::vector<BitcoindInfo>& nodes)
{
    return list_json(nodes, [](const BitcoindInfo& node) {
        std::string out;
        Members members{out};
        members.text("name", node.name);
        members.text("role", node.role);
        members.flag("enabled", node.enabled);
        members.flag("up", node.up);
        members.count("height", node.height.value);
        members.text("tip", node.tip);
        members.flag("on_our_tip", node.on_our_tip);
        members.raw("template_age_ms",
                    node.template_age_ms ? std::to_string(*node.template_age_ms) : "null");
        members.end();
        return out;
    });
}

namespace {

std::string times_json(const StoreTimes& times)
{
    std::string out;
    Members members{out};
    members.count("answers", times.answers);
    members.number("mean_ms", times.mean_s * 1000);
    members.number("p99_ms", times.p99_s * 1000);
    members.end();
    return out;
}

}  // namespace

std::string bans_json(const std::vector<BanInfo>& bans)
{
    return list_json(bans, [](const BanInfo& ban) {
        std::string out;
        Members members{out};
        members.text("network", ban.network);
        members.count("seconds_left", static_cast<std::uint64_t>(ban.left.count()));
        members.end();
        return out;
    });
}

std::string operator_json(const OperatorInfo& info)
{
    const std::string loops = list_json(info.loops, [](const LoopInfo& loop) {
        std::string out;
        Members members{out};
        members.text("name", loop.name);
        members.number("lag_ms", loop.lag_s * 1000);
        members.number("lag_worst_ms", loop.lag_worst_s * 1000);
        if (loop.stratum) {
            members.count("connections", loop.connections);
            members.count("backlog", loop.backlog);
            members.flag("redis", loop.redis_ok);
            members.flag("journal", loop.journal_ok);
        }
        members.end();
        return out;
    });
    const std::string dependencies =
        list_json(info.readiness.dependencies, [](const Dependency& dependency) {
            std::string out;
            Members members{out};
            members.text("name", dependency.name);
            members.flag("ok", dependency.ok);
            members.text("state", dependency.state);
            members.text("trouble", dependency.trouble);
            members.text("detail", dependency.detail);
            members.end();
            return out;
        });
    std::string out;
    Members members{out};
    members.flag("ready", info.readiness.ready);
    members.raw("dependencies", dependencies);
    members.raw("loops", loops);
    members.raw("nodes", nodes_json(info.nodes));
    members.raw("template_age_ms",
                info.template_age_ms ? std::to_string(*info.template_age_ms) : "null");
    members.count("share_backlog", info.share_backlog);
    members.count("books_lag_ms", info.books_lag_ms);
    members.raw("ledger_difference_sat",
                info.ledger_known ? std::to_string(info.ledger_difference.value) : "null");
    members.raw("redis_times", times_json(info.redis));
    members.raw("mysql_times", times_json(info.mysql));
    members.count("bans", info.bans);
    members.raw("banned", bans_json(info.banned));
    members.end();
    return out;
}

}  // namespace rpc
