// What the desk tells of itself.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "pool/app/work_desk.h"

namespace pool {

WorkStatus WorkDesk::status() const
{
    const SteadyTime now = read_clock().steady;
    WorkStatus status;
    status.jobs = jobs_;
    status.empty_jobs = empty_jobs_;
    status.empty_ms = static_cast<std::uint64_t>(source_.empty_time(now).count());
    status.node_trouble = trouble_;
    status.disagree = source_.disagreeing();
    for (const Peer& peer : peers_) {
        status.nodes.push_back({peer.node->name(), peer.enabled, peer.up, peer.wins, peer.gaps});
    }
    const auto age = source_.template_age(now);
    const auto& tip = source_.tip();
    if (!age || !tip) return status;
    status.template_age_ms = age->count();
    status.template_node = peers_[source_.template_node()].node->name();
    status.node_ok = !source_.lost() && std::any_of(peers_.begin(), peers_.end(), [](auto& peer) {
        return peer.up && gives_templates(peer.node->role());
    });
    status.height = tip->height;
    status.tip = tip->hash;
    status.network_target = source_.current()->network_target;
    status.reward = source_.current()->reward;
    return status;
}

std::vector<NodeStatus> WorkDesk::nodes() const
{
    const SteadyTime now = read_clock().steady;
    std::vector<NodeStatus> out;
    for (NodeIndex i = 0; i < peers_.size(); ++i) {
        const Peer& peer = peers_[i];
        NodeStatus& status = out.emplace_back(NodeStatus{
            peer.node->name(), peer.node->role(), peer.enabled, peer.up, source_.tip_of(i), {}});
        if (!peer.template_at) continue;
        status.template_age =
            std::chrono::duration_cast<std::chrono::milliseconds>(now - *peer.template_at);
    }
    return out;
}

// A node's own error says it, unless all nodes answer and the one that is ahead gives no work.
std::string WorkDesk::why_no_work() const
{
    std::string heights;
    for (const NodeStatus& node : nodes()) {
        if (!node.up || !node.tip) return trouble_.said;
        heights += (heights.empty() ? "" : ", ") + node.name + " at height " +
                   std::to_string(node.tip->height.value);
    }
    return "no node that gives templates has the newest block (" + heights +
           "); wait until one has caught up, or take the node that is ahead out of the "
           "configuration";
}

}  // namespace pool
