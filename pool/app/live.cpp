#include "pool/app/live.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "pool/bitcoin/target.h"
#include "pool/runtime/this_thread.h"

namespace pool {
namespace {

constexpr std::uint64_t active_ms = 600'000;
constexpr std::uint64_t remembered_ms = std::uint64_t{7} * 24 * 3600 * 1000;
constexpr int merging_nice = 10;

// A worker may have several connections, now and before: people think of it as one.
struct Merged {
    stratum::FadingRates rates;
    stratum::ShareCounts counts;
    Uint256 best_hash = Uint256::max();
    UnixMillis last_share;
    double difficulty = 0;
    std::string user_agent;
    std::vector<rpc::WorkerSession> sessions;
    bool earlier = false;

    void add(const stratum::WorkerSnapshot& worker)
    {
        rates.add(worker.rates);
        counts.add(worker.counts);
        best_hash = std::min(best_hash, worker.best_hash);
        last_share = std::max(last_share, worker.last_share);
    }
};

rpc::WorkerSession worker_session(const stratum::SessionSnapshot& session,
                                  const stratum::WorkerSnapshot& worker)
{
    rpc::WorkerSession out;
    out.connected = session.connected;
    out.difficulty = session.difficulty;
    out.accepted = worker.counts.accepted;
    out.stale = worker.counts.stale;
    out.rejected = worker.counts.rejected();
    if (worker.last_share.value != 0) out.last_share = worker.last_share;
    out.user_agent = session.user_agent;
    if (session.first_share) {
        out.first_share = session.first_share->last;
        out.first_share_mean = session.first_share->mean;
    }
    return out;
}

/// Takes the newest of them.
void put_sessions(std::vector<rpc::WorkerSession> sessions, rpc::WorkerInfo& to)
{
    to.session_count = sessions.size();
    const std::size_t shown = std::min(sessions.size(), rpc::WorkerInfo::sessions_shown);
    std::partial_sort(sessions.begin(), sessions.begin() + static_cast<std::ptrdiff_t>(shown),
                      sessions.end(),
                      [](const auto& a, const auto& b) { return a.connected > b.connected; });
    sessions.resize(shown);
    to.sessions = std::move(sessions);
}

rpc::WorkerInfo worker_info(const std::string& name, Merged& merged)
{
    using stratum::RateWindow;
    rpc::WorkerInfo info;
    info.name = name;
    info.rates = {.m1 = merged.rates.over(RateWindow::m1),
                  .m5 = merged.rates.over(RateWindow::m5),
                  .m10 = merged.rates.over(RateWindow::m10),
                  .m15 = merged.rates.over(RateWindow::m15),
                  .h1 = merged.rates.over(RateWindow::h1),
                  .h6 = merged.rates.over(RateWindow::h6),
                  .d1 = merged.rates.over(RateWindow::d1),
                  .d7 = merged.rates.over(RateWindow::d7)};
    info.accepted = merged.counts.accepted;
    info.stale = merged.counts.stale;
    info.rejected = merged.counts.rejected();
    info.duplicate = merged.counts.duplicate;
    info.low_difficulty = merged.counts.low_difficulty;
    info.unknown_job = merged.counts.unknown_job;
    info.time = merged.counts.time;
    info.version = merged.counts.version;
    info.difficulty = merged.difficulty;
    info.user_agent = merged.user_agent;
    put_sessions(std::move(merged.sessions), info);
    if (merged.last_share.value == 0) return info;
    info.last_share = merged.last_share;
    info.earlier = merged.earlier;
    if (!info.earlier) info.best_share = difficulty_number(merged.best_hash);
    return info;
}

}  // namespace

void LiveState::Account::add(rpc::WorkerInfo worker)
{
    check(workers.empty() || workers.back().name < worker.name, "workers come by name");
    rates.add(worker.rates);
    accepted += worker.accepted;
    stale += worker.stale;
    rejected += worker.rejected;
    best_share = std::max(best_share, worker.best_share);
    workers.push_back(std::move(worker));
}

const rpc::WorkerInfo* LiveState::Account::worker(std::string_view name) const
{
    const auto at = std::lower_bound(
        workers.begin(), workers.end(), name,
        [](const rpc::WorkerInfo& each, std::string_view wanted) { return each.name < wanted; });
    return at != workers.end() && at->name == name ? &*at : nullptr;
}

std::vector<rpc::WorkerLine> strongest_workers(const LiveState& state, const std::string& account,
                                               std::size_t limit)
{
    using Entry = std::pair<const std::string*, const rpc::WorkerInfo*>;
    std::vector<Entry> all;
    const auto take = [&all](const auto& entry) {
        for (const rpc::WorkerInfo& worker : entry.second.workers) {
            all.emplace_back(&entry.first, &worker);
        }
    };
    if (account.empty()) {
        for (const auto& entry : state.by_account) take(entry);
    } else if (const auto own = state.by_account.find(account); own != state.by_account.end()) {
        take(*own);
    }
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(limit, all.size()));
    std::partial_sort(all.begin(), end, all.end(), [](const Entry& a, const Entry& b) {
        // Stronger first; by name where both are as strong.
        return std::tie(b.second->rates.m5, *a.first, a.second->name) <
               std::tie(a.second->rates.m5, *b.first, b.second->name);
    });
    std::vector<rpc::WorkerLine> lines;
    for (auto each = all.begin(); each != end; ++each)
        lines.push_back({*each->first, *each->second});
    return lines;
}

LiveState merged(const std::vector<LoopAnswer>& loops,
                 const std::vector<payouts::PastWorker>& earlier, UnixMillis now)
{
    LiveState state;
    std::map<std::pair<std::string, std::string>, Merged> workers;
    for (const auto& [producer, answer] : loops) {
        const LoopSnapshot& loop = *answer;
        state.loops.push_back(
            {producer, loop.sessions.size(), loop.backlog, loop.redis_ok, loop.journal_ok});
        state.connections += loop.sessions.size();
        state.backlog += loop.backlog;
        state.redis_ok = state.redis_ok && loop.redis_ok;
        if (state.redis_trouble.empty()) state.redis_trouble = loop.redis_trouble;
        if (const auto& since = loop.unshipped_since) {
            state.unshipped_since = std::min(state.unshipped_since.value_or(*since), *since);
        }
        state.journal_ok = state.journal_ok && loop.journal_ok;
        for (const stratum::SessionSnapshot& session : loop.sessions) {
            for (const stratum::WorkerSnapshot& worker : session.workers) {
                Merged& merged = workers[{worker.account, worker.worker}];
                merged.add(worker);
                merged.difficulty = std::max(merged.difficulty, session.difficulty);
                merged.user_agent = session.user_agent;
                merged.sessions.push_back(worker_session(session, worker));
            }
        }
        for (const stratum::WorkerSnapshot& worker : loop.past_workers) {
            workers[{worker.account, worker.worker}].add(worker);
        }
    }
    for (const payouts::PastWorker& worker : earlier) {
        const UnixMillis last{worker.last_s * 1000};
        if (last.value + remembered_ms < now.value) continue;
        const auto [known, only_there] = workers.try_emplace({worker.account, worker.worker});
        if (!only_there) continue;
        known->second.earlier = true;
        known->second.last_share = std::min(last, now);
    }
    std::set<std::string> users;
    rpc::WorkersSum sum;
    for (auto& [names, merged] : workers) {
        rpc::WorkerInfo info = worker_info(names.second, merged);
        state.rates.add(info.rates);
        sum.add(info);
        state.best_share = std::max(state.best_share, info.best_share);
        // Who mines at another server of the pool is counted there.
        const bool mines = info.last_share && info.last_share->value + active_ms > now.value;
        if (mines && !info.earlier) {
            ++state.workers;
            users.insert(names.first);
        }
        state.by_account[names.first].add(std::move(info));
    }
    state.users = users.size();
    state.summary = sum.take();
    return state;
}

struct Live::Round {
    std::size_t missing = 0;
    Work work;
    std::vector<LoopAnswer> loops;
    std::vector<std::shared_ptr<const LoopSnapshot>> worn;
    std::shared_ptr<const PastWorkers> earlier;
    std::function<void(Result<StatePtr>)> done;
    bool over = false;
};

Live::Live(Loop& rpc_loop, Loop& core_loop, std::function<Work()> work, std::vector<Source> loops,
           Times times)
    : rpc_loop_(rpc_loop),
      core_loop_(core_loop),
      work_(std::move(work)),
      times_(times),
      state_(rpc_loop, {.fresh_for = times.fresh, .kept_for = times.kept},
             [this](auto done) { begin(std::move(done)); })
{
    for (Source& loop : loops) loops_.push_back({std::move(loop)});
    merging_.start();
    // Nobody waits for it who could not wait longer.
    static_cast<void>(merging_.post([] {
        this_thread::name("live");
        this_thread::give_way(merging_nice);
    }));
}

Live::~Live() { merging_.stop(); }

void Live::get(std::function<void(const StatePtr&)> done) { state_.get(std::move(done)); }

void Live::set_earlier(std::vector<payouts::PastWorker> workers)
{
    earlier_ = std::make_shared<const PastWorkers>(std::move(workers));
}

void Live::begin(std::function<void(Result<StatePtr>)> done)
{
    round_ = std::make_shared<Round>();
    round_->done = std::move(done);
    round_->earlier = earlier_;
    round_->missing = loops_.size() + 1;
    const auto round = round_;
    core_loop_.post([this, round, alive = std::weak_ptr{alive_}] {
        rpc_loop_.post([this, round, alive, work = work_()]() mutable {
            if (alive.expired() || round->over) return;
            round->work = std::move(work);
            arrived(round);
        });
    });
    deadline_ = rpc_loop_.after(times_.patience, [this, round] { finish(round); });
    for (std::size_t at = 0; at < loops_.size(); ++at) ask(at);
}

void Live::ask(std::size_t at)
{
    if (std::exchange(loops_[at].owes, true)) return;
    loops_[at].source.ask([this, at, alive = std::weak_ptr{alive_}](LoopSnapshot snapshot) {
        auto shared = std::make_shared<const LoopSnapshot>(std::move(snapshot));
        rpc_loop_.post([this, at, alive, shared = std::move(shared)]() mutable {
            if (!alive.expired()) heard(at, std::move(shared));
        });
    });
}

/// Also what a loop was asked for in an earlier round.
void Live::heard(std::size_t at, std::shared_ptr<const LoopSnapshot> snapshot)
{
    Asked& loop = loops_[at];
    loop.owes = false;
    loop.taken = read_clock().steady;
    worn_.push_back(std::exchange(loop.last, std::move(snapshot)));
    if (round_ != nullptr && !round_->over) arrived(round_);
}

void Live::arrived(const std::shared_ptr<Round>& round)
{
    if (--round->missing == 0) finish(round);
}

// The round is nobody else's any more.
void Live::finish(const std::shared_ptr<Round>& round)
{
    deadline_.stop();
    round->over = true;
    const SteadyTime now = read_clock().steady;
    for (const Asked& loop : loops_) {
        const bool worn = loop.owes && now - loop.taken > times_.believed;
        if (loop.last == nullptr || worn) continue;
        round->loops.emplace_back(loop.source.producer, loop.last);
    }
    round->worn = std::exchange(worn_, {});
    std::function<void()> task = [this, alive = std::weak_ptr{alive_}, round,
                                  before = std::exchange(before_, nullptr)]() mutable {
        before.reset();
        round->worn.clear();
        auto state =
            std::make_shared<LiveState>(merged(round->loops, *round->earlier, read_clock().wall));
        state->work = round->work.status;
        state->nodes = std::move(round->work.nodes);
        round->loops.clear();
        rpc_loop_.post([this, alive, round, state = StatePtr{std::move(state)}] {
            if (!alive.expired()) take(round, state);
        });
    };
    check(merging_.post(std::move(task)), "one round at a time is put together");
}

void Live::take(const std::shared_ptr<Round>& round, StatePtr state)
{
    round_ = nullptr;
    before_ = state_.last();
    round->done(std::move(state));
}

}  // namespace pool
