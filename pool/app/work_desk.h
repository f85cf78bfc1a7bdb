#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pool/app/node_trouble.h"
#include "pool/app/proposals.h"
#include "pool/base/hash.h"
#include "pool/base/time.h"
#include "pool/bitcoin/coinbase.h"
#include "pool/node/node.h"
#include "pool/node/work_source.h"
#include "pool/node/zmq_feed.h"
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

/// A node and where it announces its blocks.
struct WorkNode {
    Node* node = nullptr;
    std::string zmq_hashblock;  ///< empty: it does not
};

/// What the desk knows of chain and work, for pages.
struct WorkStatus {
    Height height;  ///< of the tip
    BlockHash tip;
    Uint256 network_target;
    Sats reward;                        ///< of the block that miners work on
    std::int64_t template_age_ms = -1;  ///< of the last one on our tip; -1: no template yet
    std::string template_node;          ///< that gave it
    bool node_ok = false;               ///< a node that gives templates is there
    NodeTrouble node_trouble;           ///< the last that went wrong with any node
    std::uint64_t jobs = 0;
    std::uint64_t empty_jobs = 0;
    std::uint64_t empty_ms = 0;  ///< time that miners have worked on empty blocks
    bool disagree = false;       ///< a living node has stayed on another tip for too long
    struct OfNode {
        std::string name;
        bool enabled = true;  ///< an admin has not switched it off
        bool up = false;
        std::array<std::uint64_t, tip_sources> wins{};  ///< new tips it told first, by TipSource
        std::uint64_t zmq_gaps = 0;                     ///< holes in its sequence numbers
    };
    std::vector<OfNode> nodes;
};

/// A job that went out, for admins.
struct PublishedJob {
    JobId id;
    UnixMillis at;
    Height height;
    BlockHash previous;
    bool empty = false;
    bool clean = false;
    std::size_t transactions = 0;
    Sats reward;
};

/// A node as the desk sees it, for admins.
struct NodeStatus {
    std::string name;
    NodeRole role = NodeRole::both;
    bool enabled = true;
    bool up = false;
    std::optional<Tip> tip;
    std::optional<std::chrono::milliseconds> template_age;  ///< of the last that it gave
};

/// Listens to the nodes by every means there is (ZMQ, long poll, a look a second), does what the
/// WorkSource says, makes jobs of what it publishes and hands them out. Lives on the core loop.
///
/// A template of a new shape is first proposed to the node it came from, as a block with our
/// coinbase; one that the node would not take, or that leaves no room for our coinbase, is not
/// used: the next node is asked, and miners keep what they have.
class WorkDesk {
public:
    struct Out {
        std::function<void(std::shared_ptr<const Job>)> publish;
        /// A job that may be published soon, but for its previous block and times.
        std::function<void(std::shared_ptr<const Job>)> prepare;
        std::function<void(Height tip)> tip_moved;
        /// A line for the miners: the node is gone, or back.
        std::function<void(std::string)> announce;
    };

    WorkDesk(Loop& loop, WorkDeskOptions options, const std::vector<WorkNode>& nodes, Out out);

    /// Checks that each node is on our chain and gets the first template of one.
    /// `done` once: refused (another chain, wrong password, our coinbase) or unavailable after
    /// `patience`.
    void start(std::chrono::seconds patience, std::function<void(Result<void>)> done);
    /// From the next job on: what was sealed so far is committed to by whatever block is found.
    void set_chain_head(const Digest& head);
    WorkStatus status() const;
    std::vector<NodeStatus> nodes() const;
    /// Newest first, the last 64.
    const std::deque<PublishedJob>& published() const { return published_; }
    /// A node that is off is asked nothing and not listened to; blocks are sent to it all the same.
    /// Errors: not_found; conflict, when no other node that gives templates is on.
    Result<void> set_enabled(const std::string& node, bool on);
    /// Asks all nodes that give templates for a new one.
    void refresh();
    /// What miners have; null before the first.
    const WorkSource::TemplatePtr& current() const { return source_.current(); }

private:
    struct Peer {
        Node* node = nullptr;
        std::string endpoint;
        std::unique_ptr<ZmqFeed> feed;
        bool enabled = true;
        bool up = false;
        bool looking = false;
        bool waiting = false;
        std::optional<SteadyTime> template_at;
        bool refuses = false;  // to take the blocks that its last template would make
        std::string trouble;   // what was last said of it in the log
        SteadyTime trouble_told{};
        std::array<std::uint64_t, tip_sources> wins{};
        std::uint64_t gaps = 0;
        Watch retry;
        Watch header_deadline;
    };
    using NodeIndex = WorkSource::NodeIndex;

    void check_chain(NodeIndex index);
    void on_chain_info(NodeIndex index, const Result<ChainInfo>& info);
    void heard(NodeIndex index, const ChainInfo& info);
    void failed(NodeIndex index, const Error& error);
    void wait_for_tip(NodeIndex index, Height height);
    void look(NodeIndex index);
    void on_zmq(NodeIndex index, const ZmqTip& tip);
    void tick();

    void act(const WorkSource::Step& step);
    void ask(const WorkSource::Ask& question);
    void took(NodeIndex index, const Result<Node::TemplatePtr>& given);
    bool passes_over(NodeIndex index);
    void propose(NodeIndex index, const Node::TemplatePtr& given);
    void use(NodeIndex index, const Node::TemplatePtr& given);
    void turn_down(NodeIndex index, const Error& error);
    void cannot_use(NodeIndex index, const Error& error);
    void note(const WorkSource::Notice& notice);
    void publish(const WorkSource::Publication& publication);
    void prepare_empty();
    std::string why_no_work() const;
    bool all_refuse() const;
    void settle_start(Result<void> outcome);
    CoinbasePlan plan() const;

    Loop& loop_;
    WorkDeskOptions options_;
    std::vector<Peer> peers_;
    Out out_;
    WorkSource source_;
    std::shared_ptr<const Job> prepared_;
    Proposals proposals_;
    std::uint64_t next_job_;
    std::uint64_t jobs_ = 0;
    std::uint64_t empty_jobs_ = 0;
    std::deque<PublishedJob> published_;
    NodeTrouble trouble_;
    std::function<void(Result<void>)> started_;
    Watch ticker_;
    Watch looker_;
    Watch forgiver_;
    Watch patience_;
};

}  // namespace pool
