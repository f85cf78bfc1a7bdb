#include "pool/app/left_over_blocks.h"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pool/app/candidates.h"
#include "pool/base/log.h"
#include "pool/node/node_rpc.h"
#include "pool/runtime/loop.h"

namespace pool {
namespace {

std::vector<FoundFile> left_over(const Config& config)
{
    const auto directory = std::filesystem::path{config.data_dir} / "blocks";
    if (!std::filesystem::exists(directory)) return {};
    auto blocks = CandidateStore::open(directory).and_then(
        [](const CandidateStore& store) { return store.load(); });
    if (!blocks) log::error("found_blocks_not_read", {{"reason", blocks.error().detail}});
    return blocks ? std::move(*blocks) : std::vector<FoundFile>{};
}

}  // namespace

void send_left_over_blocks(const Config& config, std::chrono::milliseconds patience)
{
    const std::vector<FoundFile> blocks = left_over(config);
    if (blocks.empty()) return;
    std::size_t unanswered = 0;
    Loop loop;
    std::vector<std::unique_ptr<Node>> nodes;
    for (const NodeOptions& options : config.nodes) {
        auto node = make_node_rpc(loop, options);
        if (takes_blocks(node->role())) nodes.push_back(std::move(node));
    }
    for (const FoundFile& found : blocks) {
        if (found.block.empty()) continue;  // declared by a miner, who has it
        const SubmitText text = submit_text(found.block);
        for (const auto& node : nodes) {
            ++unanswered;
            node->submit(
                text, [&, hash = found.hash, name = node->name()](const SubmitAnswer& answer) {
                    log::info("left_over_block_sent", {{"hash", to_display_hex(hash)},
                                                       {"node", name},
                                                       {"answer", to_string(answer.outcome)},
                                                       {"reason", answer.reason}});
                    if (--unanswered == 0) loop.stop();
                });
        }
    }
    if (unanswered == 0) return;
    const Watch enough = loop.after(patience, [&loop] { loop.stop(); });
    loop.run();
}

}  // namespace pool
