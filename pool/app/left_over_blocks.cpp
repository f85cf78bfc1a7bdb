#include "pool/app/left_over_blocks.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "pool/app/candidates.h"
#include "pool/base/log.h"
#include "pool/node/node_rpc.h"
#include "pool/runtime/loop.h"

namespace pool {
namespace {

constexpr std::chrono::milliseconds send_every{200};

std::vector<FoundFile> left_over(const Config& config)
{
    const auto directory = std::filesystem::path{config.data_dir} / "blocks";
    std::error_code error;
    if (!std::filesystem::exists(directory, error)) return {};
    auto blocks = CandidateStore::open(directory).and_then(
        [](const CandidateStore& store) { return store.load(); });
    if (!blocks) log::error("found_blocks_not_read", {{"reason", blocks.error().detail}});
    return blocks ? std::move(*blocks) : std::vector<FoundFile>{};
}

// Blocks on their way to nodes. An answer that is none (the node starts beside us, or lacks the
// parent, which is on its way as well) is asked for again.
class Errand {
public:
    Errand(Loop& loop, std::vector<std::unique_ptr<Node>>& nodes) : loop_(loop), nodes_(nodes) {}

    std::vector<NodeAnswer> run(const std::vector<FoundFile>& blocks,
                                std::chrono::milliseconds patience)
    {
        for (const FoundFile& found : blocks) {
            if (found.block.empty()) continue;  // declared by a miner, who has it
            const SubmitText text = submit_text(found.block);
            for (const auto& node : nodes_) open_.push_back({found.hash, text, node.get()});
        }
        if (open_.empty()) return {};
        const Watch again = loop_.every(send_every, [this] { send_all(); });
        const Watch enough = loop_.after(patience, [this] { loop_.stop(); });
        send_all();
        loop_.run();
        return std::move(heard_);
    }

private:
    struct Open {
        BlockHash hash;
        SubmitText text;
        Node* node = nullptr;
        bool in_flight = false;
        bool answered = false;
    };
    void send_all()
    {
        for (Open& open : open_) {
            if (open.in_flight || open.answered) continue;
            open.in_flight = true;
            open.node->submit(open.text,
                              [this, &open](const SubmitAnswer& answer) { take(open, answer); });
        }
    }
    void take(Open& open, const SubmitAnswer& answer)
    {
        open.in_flight = false;
        open.answered = answer.outcome != SubmitOutcome::unanswered;
        if (!open.answered) return;
        log::info("left_over_block_sent", {{"hash", to_display_hex(open.hash)},
                                           {"node", open.node->name()},
                                           {"answer", to_string(answer.outcome)},
                                           {"reason", answer.reason}});
        heard_.push_back({open.hash, open.node->name(), read_clock().wall, answer});
        if (std::all_of(open_.begin(), open_.end(), [](const Open& each) { return each.answered; }))
            loop_.stop();
    }

    Loop& loop_;
    std::vector<std::unique_ptr<Node>>& nodes_;
    std::vector<Open> open_;
    std::vector<NodeAnswer> heard_;
};

}  // namespace

std::vector<NodeAnswer> send_left_over_blocks(const Config& config,
                                              std::chrono::milliseconds patience)
{
    const std::vector<FoundFile> blocks = left_over(config);
    if (blocks.empty()) return {};
    Loop loop;
    std::vector<std::unique_ptr<Node>> nodes;
    for (const NodeOptions& options : config.nodes) {
        auto node = make_node_rpc(loop, options);
        if (takes_blocks(node->role())) nodes.push_back(std::move(node));
    }
    Errand errand{loop, nodes};
    return errand.run(blocks, patience);
}

}  // namespace pool
