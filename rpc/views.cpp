#include "rpc/views.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <numeric>
#include <span>
#include <string_view>
#include <tuple>

#include "pool/base/json.h"
#include "rpc/json_members.h"

namespace rpc {
namespace {

std::string or_null(const std::optional<std::uint64_t>& value)
{
    return value ? std::to_string(*value) : "null";
}

std::uint64_t seconds(pool::UnixMillis at) { return at.value / 1000; }

void add_rates(Members& members, const Hashrates& rates)
{
    members.number("hashrate_1m", rates.m1);
    members.number("hashrate_5m", rates.m5);
    members.number("hashrate_10m", rates.m10);
    members.number("hashrate_15m", rates.m15);
    members.number("hashrate_1h", rates.h1);
    members.number("hashrate_1d", rates.d1);
    members.number("hashrate_7d", rates.d7);
}

void add_nulls(Members& members, std::initializer_list<std::string_view> keys)
{
    for (const std::string_view key : keys) members.raw(key, "null");
}

void public_members(Members& members, const PoolInfo& info)
{
    members.text("version", info.version);
    members.text("chain", info.chain);
    members.count("uptime_s", info.uptime_s);
    members.count("height", info.height.value);
    members.text("tip", info.tip);
    members.number("network_difficulty", info.network_difficulty);
    members.count("connections", info.connections);
    members.count("workers", info.workers);
    members.count("users", info.users);
    add_rates(members, info.rates);
    members.count("shares_accepted", info.shares_accepted);
    members.count("blocks_found", info.blocks_found);
    members.count("blocks_immature", info.blocks_immature);
    members.count("blocks_mature", info.blocks_mature);
    members.count("blocks_orphaned", info.blocks_orphaned);
    members.count("blocks_rejected", info.blocks_rejected);
    members.number("round_effort", info.round_effort);
    members.sats("credited_sat", info.credited);
    members.count("stratum_port", info.stratum_port);
    members.flag("tls", info.tls);
    members.text("v2_authority", info.v2_authority);
    members.count("web_port", info.web_port);
    members.flag("ready", info.readiness.ready);
}

std::string line_json(const LedgerLine& line)
{
    std::string out;
    Members members{out};
    members.count("id", line.id);
    members.count("at", seconds(line.at));
    members.text("event", line.event);
    members.text("debit", line.debit);
    members.text("credit", line.credit);
    members.text("account", line.account);
    members.sats("amount_sat", line.amount);
    members.end();
    return out;
}

void worker_members(Members& members, const WorkerInfo& worker)
{
    members.text("name", worker.name);
    add_rates(members, worker.rates);
    members.count("accepted", worker.accepted);
    members.count("stale", worker.stale);
    members.count("rejected", worker.rejected);
    members.count("duplicate", worker.duplicate);
    members.count("low_difficulty", worker.low_difficulty);
    members.number("best_share", worker.best_share);
    members.number("difficulty", worker.difficulty);
    members.raw("last_share",
                worker.last_share ? std::to_string(seconds(*worker.last_share)) : "null");
    members.text("user_agent", worker.user_agent);
    if (worker.earlier) members.flag("earlier", true);
}

std::string session_json(const WorkerSession& session)
{
    std::string out;
    Members members{out};
    members.count("connected", seconds(session.connected));
    members.number("difficulty", session.difficulty);
    members.count("accepted", session.accepted);
    members.count("stale", session.stale);
    members.count("rejected", session.rejected);
    members.raw("last_share",
                session.last_share ? std::to_string(seconds(*session.last_share)) : "null");
    members.raw("first_share_ms",
                session.first_share ? std::to_string(session.first_share->count()) : "null");
    members.raw("first_share_mean_ms", session.first_share_mean
                                           ? std::to_string(session.first_share_mean->count())
                                           : "null");
    members.text("user_agent", session.user_agent);
    members.end();
    return out;
}

}  // namespace

std::string worker_json(const WorkerInfo& worker)
{
    std::string out;
    Members members{out};
    worker_members(members, worker);
    members.end();
    return out;
}

std::string worker_detail_json(const WorkerInfo& worker)
{
    std::string out;
    Members members{out};
    worker_members(members, worker);
    const std::uint64_t named = worker.duplicate + worker.low_difficulty + worker.unknown_job +
                                worker.time + worker.version;
    const std::vector<RejectCount> rejects{{"stale", worker.stale},
                                           {"duplicate", worker.duplicate},
                                           {"low_difficulty", worker.low_difficulty},
                                           {"unknown_job", worker.unknown_job},
                                           {"time", worker.time},
                                           {"version", worker.version},
                                           {"other", worker.rejected - named}};
    members.raw("rejects", list_json(rejects, [](const RejectCount& each) {
                    std::string text;
                    Members one{text};
                    one.text("reason", each.reason);
                    one.count("count", each.count);
                    one.end();
                    return text;
                }));
    members.count("session_count", worker.session_count);
    members.raw("sessions", list_json(worker.sessions, session_json));
    members.end();
    return out;
}

std::string number_json(double value)
{
    if (!std::isfinite(value)) return "null";
    std::array<char, 32> buffer{};
    const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return error == std::errc{} ? std::string{buffer.data(), end} : "null";
}

std::string public_pool_json(const PoolInfo& info)
{
    std::string out;
    Members members{out};
    public_members(members, info);
    members.end();
    return out;
}

std::string admin_pool_json(const PoolInfo& info)
{
    const std::uint64_t rejected = std::accumulate(
        info.shares_rejected.begin(), info.shares_rejected.end(), std::uint64_t{0},
        [](std::uint64_t sum, const RejectCount& entry) { return sum + entry.count; });
    std::string out;
    Members members{out};
    public_members(members, info);
    members.raw("template_age_ms", or_null(info.template_age_ms));
    members.count("shares_accepted_session", info.shares_accepted_session);
    members.count("shares_stale", info.shares_stale);
    members.count("shares_rejected", rejected);
    for (const RejectCount& entry : info.shares_rejected) {
        members.count("shares_rejected_" + entry.reason, entry.count);
    }
    members.count("share_backlog", info.share_backlog);
    members.count("books_lag_ms", info.books_lag_ms);
    for (const Dependency& dependency : info.readiness.dependencies) {
        members.text("state_" + dependency.name, dependency.state);
    }
    members.end();
    return out;
}

namespace {

/// Of all workers; nothing when none has had one.
std::optional<pool::UnixMillis> last_share(const std::vector<WorkerInfo>& workers)
{
    std::optional<pool::UnixMillis> last;
    for (const WorkerInfo& worker : workers) last = std::max(last, worker.last_share);
    return last;
}

}  // namespace

std::string user_json(const UserInfo& user, payouts::TokenScopes scopes)
{
    std::string out;
    Members members{out};
    members.text("account", user.account);
    if (scopes.earnings) {
        members.text("payout_address", user.payout_address);
        members.sats("immature_sat", user.immature);
        members.sats("available_sat", user.available);
        members.sats("in_payout_sat", user.in_payout);
        members.sats("credited_sat", user.credited);
        members.sats("paid_sat", user.paid);
    } else {
        add_nulls(members, {"payout_address", "immature_sat", "available_sat", "in_payout_sat",
                            "credited_sat", "paid_sat"});
    }
    if (scopes.hashrate) {
        members.count("shares", user.shares);
        add_rates(members, user.rates);
        members.count("accepted", user.accepted);
        members.count("stale", user.stale);
        members.count("rejected", user.rejected);
        members.number("best_share", user.best_share);
        members.count("worker_count", user.workers->size());
        const auto last = last_share(*user.workers);
        members.raw("last_share", last ? std::to_string(seconds(*last)) : "null");
    } else {
        add_nulls(members, {"shares", "hashrate_1m", "hashrate_5m", "hashrate_10m", "hashrate_15m",
                            "hashrate_1h", "hashrate_1d", "hashrate_7d", "accepted", "stale",
                            "rejected", "best_share", "worker_count", "last_share"});
    }
    members.end();
    return out;
}

std::string network_json(const PoolInfo& info)
{
    std::string out;
    Members members{out};
    members.text("chain", info.chain);
    members.count("height", info.height.value);
    members.text("tip", info.tip);
    members.number("difficulty", info.network_difficulty);
    const auto& retarget = info.retarget;
    members.raw("retarget_height", retarget ? std::to_string(retarget->at.value) : "null");
    members.raw("retarget_change",
                retarget && retarget->change ? number_json(*retarget->change) : "null");
    members.end();
    return out;
}

std::string terms_json(const TermsInfo& terms)
{
    std::string out;
    Members members{out};
    members.text("scheme", "PPLNS-SU/1");  // docs/money.md
    members.count("fee_bps", terms.fee_bps);
    members.raw("window", terms.window);
    members.sats("minimum_payout_sat", terms.minimum_payout);
    members.raw("next_payout_at",
                terms.next_payout ? std::to_string(seconds(*terms.next_payout)) : "null");
    members.text("explorer", terms.explorer);
    members.end();
    return out;
}

std::string workers_json(const UserInfo& user, std::size_t limit, const std::string& after)
{
    const std::vector<WorkerInfo>& all = *user.workers;
    const auto begin =
        after.empty() ? all.begin()
                      : std::upper_bound(all.begin(), all.end(), after,
                                         [](const std::string& name, const WorkerInfo& worker) {
                                             return name < worker.name;
                                         });
    const auto left = static_cast<std::size_t>(all.end() - begin);
    const std::span page{begin, std::min(limit, left)};
    const bool more = left > limit;
    std::string next;
    if (more) pool::append_json_string(next, page.back().name);
    std::string out;
    Members members{out};
    members.count("total", all.size());
    members.raw("next", more ? next : "null");
    members.raw("workers", list_json(page, worker_json));
    members.end();
    return out;
}

std::string worker_lines_json(const std::vector<WorkerLine>& lines)
{
    return list_json(lines, [](const WorkerLine& line) {
        const WorkerInfo& worker = line.worker;
        std::string out;
        Members members{out};
        members.text("account", line.account);
        members.text("worker", worker.name);
        members.number("hashrate_1m", worker.rates.m1);
        members.number("hashrate_5m", worker.rates.m5);
        members.number("hashrate_1h", worker.rates.h1);
        members.count("accepted", worker.accepted);
        members.count("stale", worker.stale);
        members.count("rejected", worker.rejected);
        members.number("difficulty", worker.difficulty);
        members.raw("last_share",
                    worker.last_share ? std::to_string(seconds(*worker.last_share)) : "null");
        members.text("user_agent", worker.user_agent);
        members.end();
        return out;
    });
}

std::string users_json(const std::vector<WorkerLine>& lines, std::size_t limit)
{
    struct User {
        std::string name;
        std::uint64_t workers = 0;
        WorkerInfo sum;
    };
    std::map<std::string_view, std::size_t> places;
    std::vector<User> users;
    for (const WorkerLine& line : lines) {
        const auto [place, fresh] = places.emplace(line.account, users.size());
        if (fresh) users.push_back({line.account, 0, {}});
        User& user = users[place->second];
        ++user.workers;
        user.sum.rates.add(line.worker.rates);
        user.sum.accepted += line.worker.accepted;
        user.sum.stale += line.worker.stale;
        user.sum.rejected += line.worker.rejected;
        user.sum.last_share = std::max(user.sum.last_share, line.worker.last_share);
    }
    std::sort(users.begin(), users.end(), [](const User& a, const User& b) {
        return std::tie(b.sum.rates.m5, a.name) < std::tie(a.sum.rates.m5, b.name);
    });
    if (users.size() > limit) users.resize(limit);
    return list_json(users, [](const User& user) {
        std::string out;
        Members members{out};
        members.text("account", user.name);
        members.count("workers", user.workers);
        members.number("hashrate_1m", user.sum.rates.m1);
        members.number("hashrate_5m", user.sum.rates.m5);
        members.number("hashrate_1h", user.sum.rates.h1);
        members.number("hashrate_1d", user.sum.rates.d1);
        members.count("accepted", user.sum.accepted);
        members.count("stale", user.sum.stale);
        members.count("rejected", user.sum.rejected);
        members.raw("last_share",
                    user.sum.last_share ? std::to_string(seconds(*user.sum.last_share)) : "null");
        members.end();
        return out;
    });
}

std::string connections_json(const std::vector<ConnectionInfo>& connections)
{
    return list_json(connections, [](const ConnectionInfo& connection) {
        std::string out;
        Members members{out};
        members.text("id", connection.id);
        members.text("peer", connection.peer);
        members.text("user_agent", connection.user_agent);
        members.count("connected", seconds(connection.connected));
        members.number("difficulty", connection.difficulty);
        members.count("workers", connection.workers);
        members.text("worker", connection.worker);
        members.count("accepted", connection.accepted);
        members.count("rejected", connection.rejected);
        members.end();
        return out;
    });
}

std::string share_stats_json(const PoolInfo& info)
{
    std::string out;
    Members members{out};
    members.count("booked", info.shares_accepted);
    members.count("accepted", info.shares_accepted_session);
    members.count("stale", info.shares_stale);
    for (const RejectCount& reject : info.shares_rejected) {
        members.count("rejected_" + reject.reason, reject.count);
    }
    members.count("backlog", info.share_backlog);
    members.count("books_lag_ms", info.books_lag_ms);
    members.end();
    return out;
}

std::string account_json(const AccountInfo& account)
{
    std::string out;
    Members members{out};
    members.text("account", account.name);
    members.text("payout_address", account.payout_address);
    members.end();
    return out;
}

std::string pass_json(const payouts::AccessSheet::Pass& pass)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object().key("account").string(pass.account).key("label").string(pass.label);
    json.key("scopes").begin_array();
    if (pass.scopes.hashrate) json.string("hashrate");
    if (pass.scopes.earnings) json.string("earnings");
    json.end_array().key("expires_at");
    if (const auto& expires = pass.expires_at) {
        json.unsigned_integer(seconds(*expires));
    } else {
        json.null();
    }
    json.end_object();
    return out;
}

std::string ledger_json(const std::vector<LedgerLine>& lines)
{
    return list_json(lines, line_json);
}

std::string verdict_json(const LedgerVerdict& verdict)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object();
    const bool good = verdict.difference.empty();
    json.key("difference_sat");
    // Most of what can differ is no sum: that must not read as nought.
    if (good || verdict.off != pool::Sats{}) {
        json.integer(verdict.off.value);
    } else {
        json.null();
    }
    json.key("good").boolean(good);
    json.key("difference").string(verdict.difference);
    json.key("events").unsigned_integer(verdict.events);
    json.key("transfers").unsigned_integer(verdict.transfers);
    json.key("accounts").unsigned_integer(verdict.accounts);
    json.key("blocks").unsigned_integer(verdict.blocks);
    json.key("blocks_unproven").unsigned_integer(verdict.blocks_unproven);
    json.key("heads_unknown").unsigned_integer(verdict.heads_unknown);
    json.key("head_unknown_in").string(verdict.head_unknown_in);
    json.key("slots").unsigned_integer(verdict.slots);
    json.key("records_given_up").unsigned_integer(verdict.records_given_up);
    json.key("adjustments").unsigned_integer(verdict.adjustments);
    json.key("paid_to").begin_array();
    for (const auto& [to, amount] : verdict.paid_to) {
        json.begin_object().key("to").string(to);
        json.key("amount_sat").integer(amount.value).end_object();
    }
    json.end_array();
    json.key("head").string(verdict.head).end_object();
    return out;
}

std::string readiness_json(const Readiness& readiness)
{
    std::string dependencies;
    Members each{dependencies};
    for (const Dependency& dependency : readiness.dependencies) {
        each.raw(dependency.name, dependency.ok ? R"({"ok":true})" : R"({"ok":false})");
    }
    each.end();
    std::string out;
    Members members{out};
    members.flag("ready", readiness.ready);
    members.raw("dependencies", dependencies);
    members.end();
    return out;
}

}  // namespace rpc
