#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "pool/base/json.h"
#include "rpc/json_members.h"
#include "rpc/views.h"

namespace rpc {
namespace {

void block_members(Members& members, const BlockInfo& block)
{
    members.count("height", block.height.value);
    members.text("hash", block.hash);
    members.text("state", block.state);
    members.count("found_at", block.found_at.value / 1000);
    members.text("finder", block.finder);
    members.text("worker", block.worker);
    if (block.coinbase.empty()) {
        members.raw("coinbase_txid", "null");
    } else {
        members.text("coinbase_txid", block.coinbase);
    }
    members.sats("reward_sat", block.reward);
    members.sats("subsidy_sat", block.subsidy);
    members.sats("fees_sat", block.reward - block.subsidy);
    members.raw("confirmations", std::to_string(block.confirmations));
    members.raw("effort", block.effort ? number_json(*block.effort) : "null");
}

std::string block_json(const BlockInfo& block)
{
    std::string out;
    Members members{out};
    block_members(members, block);
    members.end();
    return out;
}

void hide_finder(BlockInfo& block)
{
    if (block.finder_public) return;
    block.finder.clear();
    block.worker.clear();
}

/// Of a node that did not answer, all but these two words of its own (BIP 22) is a sentence for
/// operators: it may name where the node is.
void hide_place_of_node(BlockAnswerInfo& answer)
{
    const bool said = answer.reason == "prev-blk-not-found" || answer.reason == "time-too-new";
    if (answer.outcome == "unanswered" && !said) answer.reason.clear();
}

}  // namespace

std::string blocks_json(const std::vector<BlockInfo>& blocks)
{
    return list_json(blocks, block_json);
}

std::string public_blocks_json(std::vector<BlockInfo> blocks)
{
    for (BlockInfo& block : blocks) hide_finder(block);
    return blocks_json(blocks);
}

std::string block_detail_json(BlockInfo block, std::vector<BlockAnswerInfo> answers)
{
    hide_finder(block);
    for (BlockAnswerInfo& answer : answers) hide_place_of_node(answer);
    std::string out;
    Members members{out};
    block_members(members, block);
    members.raw("answers", block_answers_json(answers));
    members.end();
    return out;
}

std::string luck_json(std::vector<BlockInfo> blocks)
{
    std::erase_if(blocks, [](const BlockInfo& block) { return block.state == "rejected"; });
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object();
    for (const std::size_t span : {10U, 50U, 250U}) {
        double found = 0;
        double expected = 0;
        for (std::size_t i = 0; i < std::min(span, blocks.size()); ++i) {
            const std::optional<double> effort = blocks[i].effort;
            if (!effort) continue;  // its minute is not sealed yet
            found += 1;
            expected += *effort;
        }
        json.key("luck_" + std::to_string(span));
        json.raw(expected > 0 ? number_json(found / expected) : "null");
    }
    json.key("blocks").unsigned_integer(blocks.size()).end_object();
    return out;
}

std::string block_answers_json(const std::vector<BlockAnswerInfo>& answers)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_array();
    for (const BlockAnswerInfo& answer : answers) {
        json.begin_object().key("node").string(answer.node);
        json.key("at_ms").unsigned_integer(answer.at.value);
        json.key("outcome").string(answer.outcome).key("reason").string(answer.reason);
        json.key("took_ms").unsigned_integer(answer.took_ms).end_object();
    }
    json.end_array();
    return out;
}

}  // namespace rpc
