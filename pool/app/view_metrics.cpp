#include "pool/app/view_metrics.h"

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "pool/app/server_control.h"
#include "pool/base/log.h"

namespace pool {
namespace {

struct Reason {
    Judgement judgement;
    std::string_view name;  // stable: dashboards and scripts know it
};
constexpr std::array reasons{
    Reason{Judgement::unspecified, "unspecified"},
    Reason{Judgement::unknown_job, "unknown_job"},
    Reason{Judgement::duplicate, "duplicate"},
    Reason{Judgement::low_difficulty, "low_difficulty"},
    Reason{Judgement::time_too_old, "time_too_old"},
    Reason{Judgement::time_too_new, "time_too_new"},
    Reason{Judgement::version_not_allowed, "version_not_allowed"},
    Reason{Judgement::unauthorised, "unauthorised"},
};

template <typename Read>
std::uint64_t sum(const std::vector<StratumLoop*>& loops, Read read)
{
    std::uint64_t total = 0;
    for (const StratumLoop* loop : loops) total += read(loop->metrics()).value();
    return total;
}

using Labels = std::vector<std::pair<std::string, std::string>>;

class List {
public:
    void gauge(std::string name, std::string help, double value, Labels labels = {})
    {
        add(rpc::MetricType::gauge, std::move(name), std::move(help), value, std::move(labels));
    }
    void counter(std::string name, std::string help, std::uint64_t value, Labels labels = {})
    {
        counter(std::move(name), std::move(help), static_cast<double>(value), std::move(labels));
    }
    void counter(std::string name, std::string help, double value, Labels labels = {})
    {
        add(rpc::MetricType::counter, std::move(name), std::move(help), value, std::move(labels));
    }
    void histogram(std::string name, std::string help, const Histogram& times, Labels labels = {})
    {
        add(rpc::MetricType::histogram, std::move(name), std::move(help), times.sum_seconds(),
            std::move(labels));
        std::uint64_t below = 0;
        for (std::size_t at = 0; at <= Histogram::bounds.size(); ++at) {
            below += times.in_bucket(at);
            const bool last = at == Histogram::bounds.size();
            metrics_.back().buckets.push_back(
                {last ? std::numeric_limits<double>::infinity() : Histogram::bounds.at(at), below});
        }
    }
    std::vector<rpc::Metric> take() { return std::move(metrics_); }

private:
    void add(rpc::MetricType type, std::string name, std::string help, double value, Labels labels)
    {
        rpc::Metric metric;
        metric.name = std::move(name);
        metric.help = std::move(help);
        metric.type = type;
        metric.labels = std::move(labels);
        metric.value = value;
        metrics_.push_back(std::move(metric));
    }
    std::vector<rpc::Metric> metrics_;
};

void add_shares(const rpc::PoolInfo& info, const std::vector<StratumLoop*>& loops, List& list)
{
    constexpr const char* name = "zubr_shares_total";
    constexpr const char* help = "Shares judged since the start, by result and reason";
    list.counter(name, help, info.shares_accepted_session,
                 {{"result", "accepted"}, {"reason", ""}});
    list.counter(name, help, info.shares_stale, {{"result", "rejected"}, {"reason", "stale"}});
    for (const rpc::RejectCount& reject : info.shares_rejected) {
        list.counter(name, help, reject.count, {{"result", "rejected"}, {"reason", reject.reason}});
    }
    list.counter(name, help, sum(loops, [](const auto& m) -> auto& { return m.shares_unlogged; }),
                 {{"result", "rejected"}, {"reason", "unlogged"}});
    list.counter(name, help, sum(loops, [](const auto& m) -> auto& { return m.shares_too_new; }),
                 {{"result", "rejected"}, {"reason", "new_account"}});
    double difficulty = 0;
    for (const StratumLoop* loop : loops) {
        difficulty += loop->metrics().accepted_difficulty.value();
    }
    list.counter("zubr_share_difficulty_total",
                 "Difficulty of accepted shares, in all: its rate times 2^32 is the hashrate",
                 difficulty);
    list.counter("zubr_block_candidates_total", "Headers that met the network's target",
                 sum(loops, [](const auto& m) -> auto& { return m.block_candidates; }));
    list.counter("zubr_slow_block_answers_total",
                 "Blocks whose answer took longer than limits.block_answer_ms",
                 sum(loops, [](const auto& m) -> auto& { return m.slow_block_answers; }));
    list.counter("zubr_shares_unlogged_total", "Shares refused because the journal failed",
                 sum(loops, [](const auto& m) -> auto& { return m.shares_unlogged; }));
    std::uint64_t folded = 0;
    for (const StratumLoop* loop : loops) folded += loop->names_folded();
    list.counter("zubr_worker_names_folded_total",
                 "Names of workers beyond an account's number, booked as one", folded);
    list.gauge("zubr_share_backlog", "Journal records that Redis does not have",
               static_cast<double>(info.share_backlog));
    const std::uint64_t now = read_clock().wall.value;
    for (const StratumLoop* loop : loops) {
        const std::uint64_t newest = loop->newest_record().value;
        if (newest == 0) continue;
        list.gauge("zubr_record_ahead_seconds", "Time of the newest share record minus the clock",
                   (static_cast<double>(newest) - static_cast<double>(now)) / 1000,
                   {{"producer", loop->producer()}});
    }
    list.gauge("zubr_books_lag_seconds", "Age of the oldest record that MySQL does not have",
               static_cast<double>(info.books_lag_ms) / 1000);
}

/// By port and protocol; loops share the ports.
std::map<std::pair<std::uint16_t, std::string>, std::int64_t> open_sessions(
    const std::vector<StratumLoop*>& loops)
{
    std::map<std::pair<std::uint16_t, std::string>, std::int64_t> open;
    for (const StratumLoop* loop : loops) {
        for (const stratum::PortSessions& sessions : loop->sessions_by_port()) {
            open[{sessions.port, "v1"}] += sessions.v1.value();
            open[{sessions.port, "v2"}] += sessions.v2.value();
        }
    }
    return open;
}

void add_connections(const std::vector<StratumLoop*>& loops, List& list)
{
    for (const auto& [key, count] : open_sessions(loops)) {
        list.gauge("zubr_connections", "Stratum connections, by port and protocol",
                   static_cast<double>(count),
                   {{"listener", std::to_string(key.first)}, {"proto", key.second}});
    }
    list.counter("zubr_connections_total", "Stratum connections since the start",
                 sum(loops, [](const auto& m) -> auto& { return m.connections; }));
    for (std::size_t at = 0; at < stratum::end_reasons; ++at) {
        const auto reason = static_cast<stratum::EndReason>(at);
        list.counter("zubr_connections_ended_total", "Connections that ended, by reason",
                     sum(loops, [reason](const auto& m) -> auto& { return m.of(reason); }),
                     {{"reason", stratum::to_string(reason)}});
    }
    const std::vector<std::pair<const char*, Counter stratum::ShardMetrics::*>> events{
        {"lines", &stratum::ShardMetrics::lines},
        {"bad_lines", &stratum::ShardMetrics::bad_lines},
        {"unknown_methods", &stratum::ShardMetrics::unknown_methods},
        {"authorized", &stratum::ShardMetrics::authorized},
        {"long_job_lines", &stratum::ShardMetrics::long_job_lines},
        {"low_hints", &stratum::ShardMetrics::low_hints},
        {"resumed", &stratum::ShardMetrics::resumed},
        {"prefixes_moved", &stratum::ShardMetrics::prefixes_moved},
        {"crowded_bursts", &stratum::ShardMetrics::crowded_bursts},
        {"jobs_superseded", &stratum::ShardMetrics::jobs_superseded},
        {"variant_jobs", &stratum::ShardMetrics::variant_jobs},
        {"delayed_authorizes", &stratum::ShardMetrics::delayed_authorizes},
        {"http_callers", &stratum::ShardMetrics::http_callers},
        {"tls_connections", &stratum::ShardMetrics::tls_connections},
        {"tls_rounds", &stratum::ShardMetrics::tls_rounds},
        {"proxied_connections", &stratum::ShardMetrics::proxied_connections},
        {"accept_pauses", &stratum::ShardMetrics::accept_pauses},
        {"v2_handshakes", &stratum::ShardMetrics::handshakes},
        {"v2_frames", &stratum::ShardMetrics::frames},
        {"v2_bad_frames", &stratum::ShardMetrics::bad_frames},
        {"v2_channels_refused", &stratum::ShardMetrics::channels_refused},
        {"v2_tokens_issued", &stratum::ShardMetrics::tokens_issued},
        {"v2_custom_jobs", &stratum::ShardMetrics::custom_jobs},
        {"v2_custom_jobs_refused", &stratum::ShardMetrics::custom_jobs_refused},
    };
    for (const auto& [event, place] : events) {
        list.counter("zubr_stratum_events_total", "What the Stratum loops did and met, by kind",
                     sum(loops, [at = place](const auto& m) -> auto& { return m.*at; }),
                     {{"event", event}});
    }
    const std::vector<std::tuple<const char*, const char*, Gauge stratum::ShardMetrics::*>> levels{
        {"zubr_v2_channels", "Open Stratum v2 channels", &stratum::ShardMetrics::channels},
        {"zubr_v2_custom_jobs", "Jobs that miners have put together themselves and may submit for",
         &stratum::ShardMetrics::custom_jobs_live},
        {"zubr_connections_handshaking", "Connected and not authorised",
         &stratum::ShardMetrics::handshaking},
        {"zubr_extranonces_leased", "Extranonce prefixes in use",
         &stratum::ShardMetrics::prefixes_leased},
        {"zubr_extranonces_resting", "Extranonce prefixes that wait until no job of theirs lives",
         &stratum::ShardMetrics::prefixes_resting},
    };
    for (const auto& [name, help, place] : levels) {
        std::int64_t level = 0;
        for (const StratumLoop* loop : loops) level += (loop->metrics().*place).value();
        list.gauge(name, help, static_cast<double>(level));
    }
    list.counter("zubr_authorize_refused_total", "Refused authorizations",
                 sum(loops, [](const auto& m) -> auto& { return m.authorize_refused; }));
}

void add_lag(const LoopLag& lag, List& list)
{
    for (const LoopLag::Reading& reading : lag.readings()) {
        list.histogram("zubr_event_loop_lag_seconds",
                       "How late event loops come to what they are given", *reading.times,
                       {{"loop", reading.name}});
    }
    for (const LoopLag::Reading& reading : lag.readings()) {
        list.gauge("zubr_event_loop_lag_last_seconds",
                   "The newest of these, growing while a loop hangs", reading.last_s,
                   {{"loop", reading.name}});
    }
}

void add_times(const std::vector<StratumLoop*>& loops, const Books& books, List& list)
{
    constexpr const char* help =
        "Shares by the time they took: to be judged and journaled, and in all from the read of the "
        "submission to the write of the answer";
    for (const StratumLoop* loop : loops) {
        list.histogram("zubr_share_latency_seconds", help, loop->times().judged,
                       {{"loop", loop->producer()}, {"stage", "judged"}});
        list.histogram("zubr_share_latency_seconds", help, loop->times().answered,
                       {{"loop", loop->producer()}, {"stage", "answered"}});
    }
    for (const StratumLoop* loop : loops) {
        list.histogram("zubr_job_broadcast_seconds",
                       "From a new tip's job to the last write of a loop", loop->times().published,
                       {{"loop", loop->producer()}});
    }
    for (const StratumLoop* loop : loops) {
        list.histogram("zubr_redis_command_seconds", "From a batch of shares to Redis' answer",
                       loop->redis_times(), {{"producer", loop->producer()}});
    }
    list.histogram("zubr_mysql_batch_seconds", "Steps of the books that took shares into MySQL",
                   books.step_times());
    list.counter("zubr_mysql_batch_rows_total", "Share records that these steps took",
                 books.rows());
}

// Names and meanings as Prometheus' own client libraries have them.
void add_process(List& list)
{
    const ProcessInfo info = read_process_info();
    list.counter("process_cpu_seconds_total", "CPU time of the process", info.cpu_seconds);
    list.gauge("process_resident_memory_bytes", "Resident memory",
               static_cast<double>(info.resident_bytes));
    list.gauge("process_virtual_memory_bytes", "Virtual memory",
               static_cast<double>(info.virtual_bytes));
    list.gauge("process_open_fds", "Open file descriptors", static_cast<double>(info.open_files));
    list.gauge("process_max_fds", "File descriptors that may be open",
               static_cast<double>(info.open_files_max));
    list.gauge("process_threads", "Threads", static_cast<double>(info.threads));
    list.gauge("process_start_time_seconds", "When it began, since 1970", info.started);
}

void add_gate(stratum::Gate& gate, List& list)
{
    using Answer = stratum::Gate::Answer;
    const std::array<std::pair<const char*, Answer>, stratum::Gate::answers> answers{
        {{"welcome", Answer::welcome},
         {"banned", Answer::banned},
         {"too_many", Answer::too_many},
         {"too_fast", Answer::too_fast},
         {"prefix_too_many", Answer::prefix_too_many},
         {"prefix_too_fast", Answer::prefix_too_fast},
         {"full", Answer::full}}};
    for (const auto& [name, answer] : answers) {
        list.counter("zubr_gate_answers_total", "What the gate said to those who connected",
                     gate.answered(answer), {{"answer", name}});
    }
    list.gauge("zubr_bans_active", "Addresses and networks that are banned now",
               static_cast<double>(gate.bans_active(read_clock().steady)));
    list.counter("zubr_bans_total", "Addresses and networks banned", gate.banned_ever());
    list.gauge("zubr_gate_connections", "Connections that the gate has let in",
               static_cast<double>(gate.connections()));
}

void add_work(const WorkStatus& work, List& list)
{
    list.counter("zubr_jobs_total", "Jobs published, by kind", work.jobs - work.empty_jobs,
                 {{"kind", "full"}});
    list.counter("zubr_jobs_total", "Jobs published, by kind", work.empty_jobs,
                 {{"kind", "empty"}});
    list.counter("zubr_empty_work_seconds_total",
                 "How long miners have worked on empty blocks, in all",
                 static_cast<double>(work.empty_ms) / 1000);
    list.gauge("zubr_nodes_disagree", "1 while a node stays on another tip than ours",
               work.disagree ? 1 : 0);
    for (const WorkStatus::OfNode& node : work.nodes) {
        list.gauge("zubr_node_up", "1 when the node answers", node.up ? 1 : 0,
                   {{"node", node.name}});
    }
    for (const WorkStatus::OfNode& node : work.nodes) {
        list.gauge("zubr_node_enabled", "0 while an admin has switched the node off",
                   node.enabled ? 1 : 0, {{"node", node.name}});
    }
    for (const WorkStatus::OfNode& node : work.nodes) {
        for (std::size_t at = 0; at < tip_sources; ++at) {
            list.counter("zubr_tip_wins_total",
                         "New tips, by the node and the means that were first", node.wins[at],
                         {{"node", node.name},
                          {"source", std::string{to_string(static_cast<TipSource>(at))}}});
        }
    }
    for (const WorkStatus::OfNode& node : work.nodes) {
        list.counter("zubr_zmq_gaps_total", "Times that ZMQ messages of a node never came",
                     node.zmq_gaps, {{"node", node.name}});
    }
}

void add_nodes(const std::vector<const Node*>& nodes, List& list)
{
    for (const Node* node : nodes) {
        if (node->times() == nullptr) continue;
        for (std::size_t at = 0; at < rpc_calls; ++at) {
            const auto call = static_cast<RpcCall>(at);
            list.histogram("zubr_bitcoind_rpc_seconds",
                           "From a call of a node to its answer, or to our giving up",
                           node->times()->of(call),
                           {{"bitcoind", node->name()}, {"method", std::string{to_string(call)}}});
        }
    }
}

constexpr const char* blocks_total = "zubr_blocks_total";
constexpr const char* blocks_total_help =
    "Blocks that the books have seen come to this; orphaned: as often as credits were taken back";

// A 0 of books that have not answered would be a figure, and the next one a leap that rings.
void add_blocks(const rpc::PoolInfo& info, List& list)
{
    if (!info.books_known) return;
    const std::array<std::pair<const char*, std::uint64_t>, 5> blocks{
        {{"found", info.blocks_found},
         {"immature", info.blocks_immature},
         {"mature", info.blocks_mature},
         {"orphaned", info.blocks_orphaned},
         {"rejected", info.blocks_rejected}}};
    for (const auto& [name, count] : blocks) {
        list.gauge("zubr_blocks", "Blocks in the books, by state", static_cast<double>(count),
                   {{"state", name}});
    }
    // With those rejected: one of them was found, and a counter does not go back.
    list.counter(blocks_total, blocks_total_help, info.blocks_found + info.blocks_rejected,
                 {{"state", "found"}});
    list.counter(blocks_total, blocks_total_help, info.blocks_rejected, {{"state", "rejected"}});
    list.gauge("zubr_round_effort_ratio",
               "Work since our last block, in blocks that were to be expected", info.round_effort);
    list.gauge("zubr_credited_sats", "Credited to miners",
               static_cast<double>(info.credited.value));
    list.counter("zubr_shares_booked_total", "Accepted shares in MySQL", info.shares_accepted);
}

void add_totals(const payouts::Totals& totals, List& list)
{
    list.gauge("zubr_ledger_imbalance_sats",
               "Debits less credits of all balances: anything but 0 is a broken ledger",
               static_cast<double>(totals.imbalance.value));
    // The database lets neither of them go back.
    list.counter(blocks_total, blocks_total_help, totals.blocks_matured, {{"state", "matured"}});
    list.counter(blocks_total, blocks_total_help, totals.blocks_reversed, {{"state", "orphaned"}});
    list.gauge("zubr_blocks_lost", "Blocks that left the chain after their credits were mature",
               static_cast<double>(totals.blocks_lost));
    list.gauge("zubr_payout_pending_sats", "In payouts that are neither settled nor cancelled",
               static_cast<double>(totals.in_payouts.value));
    if (totals.payout_pending_since.value > 0) {
        list.gauge("zubr_payout_pending_since_timestamp_seconds",
                   "When the oldest payout that is neither settled nor cancelled was made",
                   static_cast<double>(totals.payout_pending_since.value) / 1000);
    }
    if (totals.payout_settled_at.value > 0) {
        list.gauge("zubr_payout_last_success_timestamp_seconds",
                   "When the newest settled payout was settled",
                   static_cast<double>(totals.payout_settled_at.value) / 1000);
    }
}

}  // namespace

void add_share_counts(const std::vector<StratumLoop*>& loops, rpc::PoolInfo& info)
{
    const auto of = [&](Judgement judgement) {
        return sum(loops, [judgement](const auto& m) -> auto& { return m.of(judgement); });
    };
    info.shares_accepted_session = of(Judgement::accepted);
    info.shares_stale = of(Judgement::stale);
    for (const Reason& reason : reasons) {
        info.shares_rejected.push_back({std::string{reason.name}, of(reason.judgement)});
    }
    info.shares_rejected.push_back(
        {"malformed", sum(loops, [](const auto& m) -> auto& { return m.malformed_submits; })});
}

std::vector<rpc::Metric> metrics_of(const rpc::PoolInfo& info, const LiveState& state,
                                    const MetricSources& sources)
{
    const std::vector<StratumLoop*>& loops = sources.loops;
    List list;
    list.gauge("zubr_build_info", "Version of the server", 1, {{"version", info.version}});
    list.gauge("zubr_uptime_seconds", "Since the start", static_cast<double>(info.uptime_s));
    list.gauge("zubr_workers_active", "Workers with a share in ten minutes",
               static_cast<double>(info.workers));
    list.gauge("zubr_users_active", "Accounts with an active worker",
               static_cast<double>(info.users));
    const std::array<std::pair<const char*, double>, 6> windows{{{"1m", info.rates.m1},
                                                                 {"5m", info.rates.m5},
                                                                 {"10m", info.rates.m10},
                                                                 {"1h", info.rates.h1},
                                                                 {"1d", info.rates.d1},
                                                                 {"7d", info.rates.d7}}};
    for (const auto& [window, rate] : windows) {
        list.gauge("zubr_hashrate_hps", "Estimated from accepted work", rate, {{"window", window}});
    }
    add_connections(loops, list);
    add_gate(sources.gate, list);
    add_shares(info, loops, list);
    list.gauge("zubr_template_height", "Height that miners work on",
               static_cast<double>(info.height.value) + 1);
    if (info.template_age_ms) {
        list.gauge("zubr_template_age_seconds", "Since a node last gave a template on our tip",
                   static_cast<double>(*info.template_age_ms) / 1000,
                   {{"bitcoind", state.work.template_node}});
    }
    for (const NodeStatus& node : state.nodes) {
        if (!node.template_age) continue;
        list.gauge("zubr_node_template_age_seconds", "Since this node last gave a template",
                   static_cast<double>(node.template_age->count()) / 1000, {{"node", node.name}});
    }
    add_work(state.work, list);
    add_nodes(sources.nodes, list);
    add_blocks(info, list);
    for (const rpc::Dependency& dependency : info.readiness.dependencies) {
        list.gauge("zubr_dependency_up", "1 when it is ok", dependency.ok ? 1 : 0,
                   {{"name", dependency.name}});
    }
    list.gauge("zubr_best_share_difficulty", "Of the best share of a week, or since the start",
               state.best_share);
    add_lag(sources.lag, list);
    add_times(loops, sources.books, list);
    add_process(list);
    using log::Level;
    for (const Level level :
         {Level::debug, Level::info, Level::notice, Level::warn, Level::error}) {
        list.counter("zubr_log_lines_total", "Log lines, by level", log::lines(level),
                     {{"level", std::string{log::name_of(level)}}});
    }
    list.counter("zubr_log_dropped_total", "Log lines that could not be written", log::dropped());
    return list.take();
}

void add_book_metrics(const payouts::Totals* totals, const BooksStatus& status,
                      std::vector<rpc::Metric>& metrics)
{
    List list;
    list.gauge("zubr_blocks_unbooked", "Blocks found here that MySQL does not have",
               static_cast<double>(status.blocks_unbooked));
    list.gauge("zubr_share_stream_lag_entries", "Share records in Redis that MySQL does not have",
               static_cast<double>(status.backlog));
    if (totals != nullptr) add_totals(*totals, list);
    for (rpc::Metric& each : list.take()) metrics.push_back(std::move(each));
}

void add_verdict_metrics(const std::optional<std::uint64_t>& heads_unknown,
                         std::vector<rpc::Metric>& metrics)
{
    if (!heads_unknown) return;
    List list;
    list.gauge("zubr_ledger_heads_unknown",
               "Blocks that say a head of slots which the books do not have, by the last "
               "verifyledger here",
               static_cast<double>(*heads_unknown));
    for (rpc::Metric& each : list.take()) metrics.push_back(std::move(each));
}

}  // namespace pool
