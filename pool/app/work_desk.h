#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pool/base/hash.h"
#include "pool/base/time.h"
#include "pool/node/node.h"
#include "pool/node/work_source.h"
#include "pool/runtime/loop.h"
#include "pool/work/job.h"

namespace pool {

struct WorkDeskOptions {
    Chain chain = Chain::main;
    Script pay_to;
    std::string coinbase_tag;
    std::uint8_t extranonce_bytes = 12;
    std::uint64_t first_job = 1;  ///< ids count up from here; greater than any of an earlier life
    Digest chain_head{};          ///< of the sealed slots; rides in every coinbase
    WorkSource::Options work;
};

/// What the desk knows of chain and work, for pages.
struct WorkStatus {
    Height height;  ///< of the tip
    BlockHash tip;
    Uint256 network_target;
    std::int64_t template_age_ms = -1;  ///< -1: none yet
    bool node_ok = false;
    std::string node_error;
    std::uint64_t jobs = 0;
};

/// Asks the nodes for templates (long poll and refresh), makes jobs of them and hands them out.
/// Lives on the core loop.
class WorkDesk {
public:
    struct Out {
        std::function<void(std::shared_ptr<const Job>)> publish;
        std::function<void(Height tip)> tip_moved;
        /// A line for the miners: the node is gone, or back.
        std::function<void(std::string)> announce;
    };

    WorkDesk(Loop& loop, WorkDeskOptions options, const std::vector<Node*>& nodes, Out out);

    /// Checks that each node is on our chain and gets the first template of one.
    /// `done` once: refused (another chain, wrong password) or unavailable after `patience`.
    void start(std::chrono::seconds patience, std::function<void(Result<void>)> done);
    /// From the next job on: what was sealed so far is committed to by whatever block is found.
    void set_chain_head(const Digest& head) { options_.chain_head = head; }
    WorkStatus status() const;

private:
    struct Poll {
        Node* node = nullptr;
        std::string longpoll_id;
        Watch retry;
    };
    void check_chain(std::size_t index);
    void long_poll(std::size_t index);
    void refresh();
    void tick();
    void took(const Node& node, Result<Node::TemplatePtr> given, SteadyTime asked);
    void publish(const WorkSource::Publication& publication);
    void settle_start(Result<void> outcome);

    Loop& loop_;
    WorkDeskOptions options_;
    std::vector<Poll> polls_;
    Out out_;
    WorkSource source_;
    std::uint64_t next_job_;
    std::uint64_t jobs_ = 0;
    bool refreshing_ = false;
    bool told_lost_ = false;
    std::string node_error_ = "no answer yet";
    std::function<void(Result<void>)> started_;
    Watch ticker_;
    Watch patience_;
};

}  // namespace pool
