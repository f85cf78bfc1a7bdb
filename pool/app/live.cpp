#include "pool/app/live.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

namespace pool {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds fresh_for{1000};
constexpr milliseconds patience{2000};
constexpr std::uint64_t active_ms = 600'000;

// A worker may have several connections: people think of it as one.
void add_worker(std::map<std::pair<std::string, std::string>, rpc::WorkerInfo>& workers,
                const stratum::SessionSnapshot& session, const stratum::WorkerSnapshot& worker)
{
    rpc::WorkerInfo& info = workers[{worker.account, worker.worker}];
    info.name = worker.worker;
    info.hashrate_1m += worker.hashrate_1m;
    info.hashrate_10m += worker.hashrate_10m;
    info.accepted += worker.counts.accepted;
    info.stale += worker.counts.stale;
    info.rejected += worker.counts.rejected;
    info.difficulty = std::max(info.difficulty, session.difficulty);
    info.user_agent = session.user_agent;
    if (worker.last_share.value == 0) return;
    info.last_share =
        info.last_share ? std::max(*info.last_share, worker.last_share) : worker.last_share;
}

}  // namespace

struct Live::Round {
    std::size_t missing = 0;
    WorkStatus work;
    std::vector<LoopSnapshot> loops;
    bool over = false;
};

Live::Live(Loop& rpc_loop, Loop& core_loop, const WorkDesk& desk, std::vector<StratumLoop*> loops)
    : rpc_loop_(rpc_loop), core_loop_(core_loop), desk_(desk), loops_(std::move(loops))
{
}

void Live::get(std::function<void(StatePtr)> done)
{
    if (last_ != nullptr && read_clock().steady - taken_ < fresh_for) return done(last_);
    waiting_.push_back(std::move(done));
    if (round_ == nullptr) begin();
}

void Live::begin()
{
    round_ = std::make_shared<Round>();
    round_->missing = loops_.size() + 1;
    const auto round = round_;
    const auto arrived = [this, round](std::function<void(Round&)> put) {
        rpc_loop_.post([this, round, put = std::move(put)] {
            if (round->over) return;
            put(*round);
            if (--round->missing == 0) finish(round);
        });
    };
    core_loop_.post(
        [this, arrived] { arrived([work = desk_.status()](Round& to) { to.work = work; }); });
    for (StratumLoop* loop : loops_) {
        loop->snapshot([arrived](LoopSnapshot snapshot) {
            auto shared = std::make_shared<LoopSnapshot>(std::move(snapshot));
            arrived([shared](Round& to) { to.loops.push_back(std::move(*shared)); });
        });
    }
    deadline_ = rpc_loop_.after(patience, [this, round] { finish(round); });
}

void Live::finish(const std::shared_ptr<Round>& round)
{
    deadline_.stop();
    round->over = true;
    round_ = nullptr;
    auto state = std::make_shared<LiveState>();
    state->work = round->work;
    std::map<std::pair<std::string, std::string>, rpc::WorkerInfo> workers;
    for (const LoopSnapshot& loop : round->loops) {
        state->connections += loop.sessions.size();
        state->backlog += loop.backlog;
        state->redis_ok = state->redis_ok && loop.redis_ok;
        for (const stratum::SessionSnapshot& session : loop.sessions) {
            for (const stratum::WorkerSnapshot& worker : session.workers) {
                add_worker(workers, session, worker);
            }
        }
    }
    const std::uint64_t now = read_clock().wall.value;
    std::set<std::string> users;
    for (auto& [names, info] : workers) {
        state->hashrate_1m += info.hashrate_1m;
        state->hashrate_10m += info.hashrate_10m;
        if (info.last_share && info.last_share->value + active_ms > now) {
            ++state->workers;
            users.insert(names.first);
        }
        state->by_account[names.first].push_back(std::move(info));
    }
    state->users = users.size();
    last_ = std::move(state);
    taken_ = read_clock().steady;
    for (const auto& done : std::exchange(waiting_, {})) done(last_);
}

}  // namespace pool
