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

void payout_members(Members& members, const PayoutInfo& payout)
{
    members.count("payout", payout.id);
    members.text("state", payout.state);
    members.count("at", payout.at.value / 1000);
    if (payout.txid.empty()) {
        members.raw("txid", "null");
    } else {
        members.text("txid", payout.txid);
    }
}

}  // namespace

std::string payouts_json(const std::vector<PayoutInfo>& payouts, std::uint32_t limit)
{
    const std::string list = list_json(payouts, [](const PayoutInfo& payout) {
        std::string out;
        Members members{out};
        payout_members(members, payout);
        members.sats("amount_sat", payout.total);
        members.raw("fee_sat", payout.fee ? std::to_string(payout.fee->value) : "null");
        members.count("recipients", payout.recipients);
        members.end();
        return out;
    });
    std::string out;
    Members members{out};
    members.raw("payouts", list);
    const bool more = payouts.size() >= limit && !payouts.empty();
    members.raw("next", more ? std::to_string(payouts.back().id) : "null");
    members.end();
    return out;
}

std::string paid_json(const std::vector<PaidInfo>& payouts)
{
    return list_json(payouts, [](const PaidInfo& paid) {
        std::string out;
        Members members{out};
        payout_members(members, paid.payout);
        members.text("address", paid.address);
        members.sats("amount_sat", paid.amount);
        members.sats("fee_sat", paid.fee_share);
        members.end();
        return out;
    });
}

std::string history_json(const HistoryInfo& history)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object().key("step_s").unsigned_integer(history.step_s);
    json.key("points").begin_array();
    for (const HistoryStep& step : history.steps) {
        json.begin_object().key("at").unsigned_integer(step.from_s);
        json.key("hashrate").raw(number_json(step.hashrate));
        json.key("shares").unsigned_integer(step.shares);
        json.key("stale").unsigned_integer(step.stale).end_object();
    }
    json.end_array().end_object();
    return out;
}

std::string earnings_json(const std::vector<EarningInfo>& earnings)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_array();
    for (const EarningInfo& earning : earnings) {
        json.begin_object().key("height").unsigned_integer(earning.height.value);
        json.key("hash").string(earning.hash).key("state").string(earning.state);
        json.key("found_at").unsigned_integer(earning.found_at.value / 1000);
        json.key("gross_sat").integer(earning.gross.value);
        json.key("fee_sat").integer(earning.fee.value);
        json.key("net_sat").integer(earning.net.value).end_object();
    }
    json.end_array();
    return out;
}

std::string window_json(const WindowInfo& window)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object().key("part").raw(number_json(window.part));
    json.key("filled").raw(number_json(window.filled));
    json.key("next_block_sat").integer(window.next_block.value);
    json.key("to_come_sat").integer(window.to_come.value);
    json.key("fee_bps").unsigned_integer(window.fee_bps).end_object();
    return out;
}

std::string luck_json(const std::vector<BlockInfo>& blocks)
{
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
