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
    members.count("confirmations", payout.confirmations);
}

/// place: the cursor behind the last one shown.
template <typename T, typename Place, typename Render>
std::string page_json(std::string_view name, const std::vector<T>& rows, std::uint32_t limit,
                      Place place, Render render)
{
    std::string out;
    Members members{out};
    members.raw(name, list_json(rows, render));
    if (rows.size() >= limit && !rows.empty()) {
        members.text("next", place(rows.back()));
    } else {
        members.raw("next", "null");
    }
    members.end();
    return out;
}

}  // namespace

std::string payouts_json(const std::vector<PayoutInfo>& payouts, std::uint32_t limit)
{
    const auto place = [](const PayoutInfo& last) { return std::to_string(last.id); };
    return page_json("payouts", payouts, limit, place, [](const PayoutInfo& payout) {
        std::string out;
        Members members{out};
        payout_members(members, payout);
        members.sats("amount_sat", payout.total);
        members.raw("fee_sat", payout.fee ? std::to_string(payout.fee->value) : "null");
        members.count("recipients", payout.recipients);
        members.end();
        return out;
    });
}

std::string paid_json(const std::vector<PaidInfo>& payouts, std::uint32_t limit)
{
    const auto place = [](const PaidInfo& last) {
        return to_text(PaidCursor{last.payout.id, last.line});
    };
    return page_json("payouts", payouts, limit, place, [](const PaidInfo& paid) {
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

std::string sites_json(const std::vector<SiteInfo>& sites)
{
    return list_json(sites, [](const SiteInfo& site) {
        std::string out;
        Members members{out};
        members.text("site", site.site);
        members.number("hashrate_1d", site.hashrate);
        members.count("shares", site.shares);
        members.count("stale", site.stale);
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

std::string earnings_json(const std::vector<EarningInfo>& earnings, std::uint32_t limit)
{
    const auto place = [](const EarningInfo& last) {
        return to_text(BlockCursor{last.height, last.hash});
    };
    return page_json("earnings", earnings, limit, place, [](const EarningInfo& earning) {
        std::string out;
        Members members{out};
        members.count("height", earning.height.value);
        members.text("hash", earning.hash);
        members.text("state", earning.state);
        members.count("found_at", earning.found_at.value / 1000);
        members.sats("gross_sat", earning.gross);
        members.sats("fee_sat", earning.fee);
        members.sats("net_sat", earning.net);
        members.end();
        return out;
    });
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

}  // namespace rpc
