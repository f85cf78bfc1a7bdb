#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "payouts/mysql_history.h"
#include "pool/app/remembered.h"
#include "pool/app/stratum_loop.h"
#include "pool/app/work_desk.h"
#include "pool/base/time.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/task_thread.h"
#include "rpc/pool_view.h"

namespace pool {

/// A Stratum loop, without its sessions.
struct LoopStatus {
    std::string producer;
    std::uint64_t connections = 0;
    std::uint64_t backlog = 0;
    bool redis_ok = false;
    bool journal_ok = false;
};

/// The running pool at one moment, put together from all loops.
struct LiveState {
    WorkStatus work;
    std::uint64_t connections = 0;
    std::uint64_t workers = 0;  ///< with a share in the last ten minutes
    std::uint64_t users = 0;    ///< accounts with such a worker
    rpc::Hashrates rates;
    double best_share = 0;  ///< difficulty of the best of a week
    std::uint64_t backlog = 0;
    bool redis_ok = true;
    std::string redis_trouble;  ///< of a loop whose Redis answers and takes nothing
    /// Time of the oldest share that lies in a journal and not in Redis.
    std::optional<UnixMillis> unshipped_since;
    bool journal_ok = true;
    std::vector<NodeStatus> nodes;
    std::vector<LoopStatus> loops;  ///< those that have answered lately
    rpc::WorkersSummary summary;
    /// What an account's workers do together, and each of them, by name.
    struct Account {
        rpc::Hashrates rates;
        std::uint64_t accepted = 0;
        std::uint64_t stale = 0;
        std::uint64_t rejected = 0;
        double best_share = 0;
        std::vector<rpc::WorkerInfo> workers;

        void add(rpc::WorkerInfo worker);
        /// Null when it has none of that name.
        const rpc::WorkerInfo* worker(std::string_view name) const;
    };
    std::unordered_map<std::string, Account> by_account;
};

/// A Stratum loop's name, and what it has said.
using LoopAnswer = std::pair<std::string, std::shared_ptr<const LoopSnapshot>>;

/// What the loops say, and whom only the books know. Pure.
LiveState merged(const std::vector<LoopAnswer>& loops,
                 const std::vector<payouts::PastWorker>& earlier, UnixMillis now);

/// The strongest over five minutes first. account: only its own; all when empty.
std::vector<rpc::WorkerLine> strongest_workers(const LiveState& state, const std::string& account,
                                               std::size_t limit);

/// Asks the loops how they are, not more than once a second, and as long as somebody has wanted to
/// know within a minute. Lives on the rpc loop; the loops answer between two turns of theirs, and
/// a thread of its own puts ten thousand workers together: meanwhile the rpc loop answers others.
class Live {
public:
    using StatePtr = std::shared_ptr<const LiveState>;
    /// A Stratum loop: `ask` has it answer on any thread, once.
    struct Source {
        std::string producer;
        std::function<void(std::function<void(LoopSnapshot)>)> ask;
    };
    struct Work {
        WorkStatus status;
        std::vector<NodeStatus> nodes;
    };
    struct Times {
        std::chrono::milliseconds fresh{1000};
        std::chrono::milliseconds kept{60'000};  ///< fresh, after somebody has asked
        std::chrono::milliseconds patience{2000};
        /// A loop that is late is shown as it was: else thousands of workers would be gone for a
        /// moment on a busy machine.
        std::chrono::milliseconds believed{60'000};
    };

    /// work: called on the core loop.
    Live(Loop& rpc_loop, Loop& core_loop, std::function<Work()> work, std::vector<Source> loops,
         Times times);
    ~Live();
    Live(const Live&) = delete;
    Live& operator=(const Live&) = delete;

    /// Workers as the books know them: whom no loop knows is shown as one of an earlier life.
    void set_earlier(std::vector<payouts::PastWorker> workers);

    /// `done` on the rpc loop, at once when the last answer is kept fresh. Never fails: of a loop
    /// that does not answer in time its last answer is taken, as long as that is believed.
    void get(std::function<void(const StatePtr&)> done);

private:
    struct Round;
    struct Asked {
        Source source;
        bool owes = false;  // an answer: it is not asked for another meanwhile
        std::shared_ptr<const LoopSnapshot> last{};
        SteadyTime taken{};
    };
    void begin(std::function<void(Result<StatePtr>)> done);
    void ask(std::size_t at);
    void heard(std::size_t at, std::shared_ptr<const LoopSnapshot> snapshot);
    void arrived(const std::shared_ptr<Round>& round);
    void finish(const std::shared_ptr<Round>& round);
    void take(const std::shared_ptr<Round>& round, StatePtr state);

    Loop& rpc_loop_;
    Loop& core_loop_;
    std::function<Work()> work_;
    std::vector<Asked> loops_;
    Times times_;
    Remembered<StatePtr> state_;
    StatePtr before_;  // freed by the thread, as what is worn
    std::vector<std::shared_ptr<const LoopSnapshot>> worn_;
    using PastWorkers = std::vector<payouts::PastWorker>;
    std::shared_ptr<const PastWorkers> earlier_ = std::make_shared<const PastWorkers>();
    std::shared_ptr<Round> round_;
    Watch deadline_;
    std::shared_ptr<int> alive_ = std::make_shared<int>();
    TaskThread merging_{2, {}};
};

}  // namespace pool
