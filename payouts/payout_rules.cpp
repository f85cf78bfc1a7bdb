#include "payouts/payout_rules.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "payouts/pplns.h"
#include "pool/bitcoin/address.h"
#include "pool/crypto/sha256.h"

namespace payouts {
namespace {

using pool::Sats;

constexpr std::uint64_t frame_vbytes = 12;
constexpr std::uint64_t input_vbytes_max = 149;  // P2PKH, the largest that our wallets have
constexpr std::uint64_t change_vbytes = 43;
constexpr std::uint64_t output_frame_vbytes = 9;

std::string in_sats(Sats amount) { return std::to_string(amount.value) + " sat"; }

/// amount split over weights, one entry each, to the satoshi.
std::vector<Sats> split(Sats amount, const std::vector<std::uint64_t>& weights)
{
    std::vector<AccountAmount> by_line;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        by_line.push_back({pool::AccountId{i}, weights[i]});
    }
    std::vector<Sats> out;
    for (const AccountAmount& each : apportion(static_cast<pool::U128>(amount.value), by_line)) {
        out.push_back(Sats{static_cast<std::int64_t>(each.amount)});
    }
    return out;
}

class Selector {
public:
    explicit Selector(const SelectionFrame& frame) : frame_(frame)
    {
        coins_ = frame.coins;
        std::sort(coins_.begin(), coins_.end(), std::greater<>{});
    }

    void offer(const Payee& payee)
    {
        std::vector<PayoutItem> items = items_of(payee);
        WhyNot why = why_unpayable(payee, frame_);
        const bool payable = why.code.empty();
        if (payable) why = why_not_now(payee, items);
        if (!why.code.empty()) {
            out_.passed_over.push_back({payee.name, payee.available, std::move(why), payable});
            return;
        }
        for (PayoutItem& item : items) {
            scripts_.insert(item.script);
            out_.items.push_back(std::move(item));
        }
        out_.total += payee.available;
    }

    Selection finish()
    {
        if (frame_.fee_payer == FeePayer::recipients) {
            while (!out_.items.empty() && !share_fee()) continue;
        }
        return std::move(out_);
    }

private:
    WhyNot why_not_now(const Payee& payee, const std::vector<PayoutItem>& items)
    {
        const PayoutCaps& caps = frame_.caps;
        const Sats total = out_.total + payee.available;
        if (caps.batch_max > Sats{} && total > caps.batch_max) {
            return {"batch_cap", "the batch has reached its cap of " + in_sats(caps.batch_max),
                    caps.batch_max};
        }
        if (caps.day_max > Sats{} && frame_.paid_today + total > caps.day_max) {
            return {"day_cap", "24 hours have reached their cap of " + in_sats(caps.day_max),
                    caps.day_max};
        }
        if (frame_.booked && total + caps.fee_max > *frame_.booked) {
            return {"books", "the books hold no more for it and the network's fee"};
        }
        std::set<pool::Bytes> scripts = scripts_;
        for (const PayoutItem& item : items) scripts.insert(item.script);
        if (scripts.size() > caps.outputs_max) return {"outputs", "the batch is full"};
        const std::optional<std::size_t> coins = coins_for(total, scripts);
        if (!coins) return {"wallet", "the wallet does not hold enough that is confirmed"};
        if (vbytes(*coins, scripts) > caps.vbytes_max) {
            return {"size", "the batch has reached its size"};
        }
        return {};
    }

    static std::uint64_t vbytes(std::size_t coins, const std::set<pool::Bytes>& scripts)
    {
        std::uint64_t sum = frame_vbytes + change_vbytes + coins * input_vbytes_max;
        for (const pool::Bytes& script : scripts) sum += output_frame_vbytes + script.size();
        return sum;
    }

    /// How many of the largest coins cover the total and the fee that they themselves cost.
    std::optional<std::size_t> coins_for(Sats total, const std::set<pool::Bytes>& scripts) const
    {
        Sats sum;
        for (std::size_t count = 1; count <= coins_.size(); ++count) {
            sum += coins_[count - 1];
            const auto fee = static_cast<std::int64_t>(vbytes(count, scripts) * frame_.fee_rate);
            if (sum >= total + Sats{fee}) return count;
        }
        return std::nullopt;
    }

    /// False: somebody was too small for his share and is out; once more without him.
    bool share_fee()
    {
        scripts_.clear();
        std::vector<std::uint64_t> weights;
        for (const PayoutItem& item : out_.items) {
            scripts_.insert(item.script);
            weights.push_back(static_cast<std::uint64_t>(item.amount.value));
        }
        const std::size_t coins = coins_for(out_.total, scripts_).value_or(coins_.size());
        const auto fee = Sats{static_cast<std::int64_t>(vbytes(coins, scripts_) * frame_.fee_rate)};
        out_.fee_share = std::min(fee, frame_.caps.fee_max);
        const std::vector<Sats> shares = split(out_.fee_share, weights);
        for (std::size_t i = 0; i < shares.size(); ++i) {
            PayoutItem& item = out_.items[i];
            item.fee_share = shares[i];
            if (item.pays() < dust_limit(item.script)) {
                drop(item.account, {"fee", "too small for its part of the network's fee"});
                return false;
            }
        }
        return true;
    }

    void drop(pool::AccountId account, WhyNot why)
    {
        PassedOver passed{"", Sats{}, std::move(why)};
        for (const PayoutItem& item : out_.items) {
            if (item.account != account) continue;
            passed.name = item.name;
            passed.available += item.amount;
        }
        out_.total = out_.total - passed.available;
        out_.passed_over.push_back(std::move(passed));
        std::erase_if(out_.items,
                      [account](const PayoutItem& item) { return item.account == account; });
        if (out_.items.empty()) out_.fee_share = Sats{};
    }

    const SelectionFrame& frame_;
    std::vector<Sats> coins_;  // largest first
    std::set<pool::Bytes> scripts_;
    Selection out_;
};

std::string member(pool::AccountId account, std::string_view part)
{
    return "m:" + std::to_string(account.value) + ":" + std::string{part};
}

void move(std::vector<Transfer>& out, std::string debit, std::string credit, Sats amount)
{
    if (amount > Sats{}) out.push_back({std::move(debit), std::move(credit), amount});
}

}  // namespace

std::vector<PayoutItem> items_of(const Payee& payee)
{
    std::vector<std::uint64_t> parts;
    std::uint64_t whole = 0;
    for (const PayRoute& route : payee.routes) {
        parts.push_back(route.parts);
        whole += route.parts;
    }
    pool::check(whole == route_parts, "an account's routes are the whole of it");
    const std::vector<Sats> amounts = split(payee.available, parts);
    std::vector<PayoutItem> items;
    for (std::size_t i = 0; i < payee.routes.size(); ++i) {
        if (payee.routes[i].parts == 0) continue;
        items.push_back({payee.account, payee.name, payee.routes[i].address, payee.routes[i].script,
                         amounts[i], Sats{}, payee.recently_changed});
    }
    return items;
}

WhyNot why_unpayable(const Payee& payee, const SelectionFrame& frame)
{
    const PayoutCaps& caps = frame.caps;
    const Sats least = std::max(payee.minimum, caps.floor);
    if (payee.available < least) {
        return {"minimum", "below its minimum of " + in_sats(least), least};
    }
    if (caps.account_max > Sats{} && payee.available > caps.account_max) {
        return {"account_cap", "above the cap for one account of " + in_sats(caps.account_max),
                caps.account_max};
    }
    for (const PayoutItem& item : items_of(payee)) {
        const auto refused = frame.refused.find(item.address);
        if (refused != frame.refused.end()) {
            const WhyNot& why = refused->second;
            return {why.code, item.address + ": " + why.reason, why.limit, item.address};
        }
        if (item.amount < dust_limit(item.script)) {
            return {"dust", "its part for " + item.address + " is too small to be sent", Sats{},
                    item.address};
        }
    }
    return {};
}

Selection select(std::span<const Payee> payees, const SelectionFrame& frame)
{
    Selector selector{frame};
    for (const Payee& payee : payees) selector.offer(payee);
    return selector.finish();
}

Sats dust_limit(pool::ByteSpan script)
{
    constexpr std::uint8_t op_0 = 0x00;
    constexpr std::uint8_t op_1 = 0x51;
    const bool witness = script.size() > 2 && (script[0] == op_0 || script[0] == op_1) &&
                         script[1] == script.size() - 2;
    if (witness) return script.size() == 22 ? Sats{294} : Sats{330};
    return script.size() == 23 ? Sats{540} : Sats{546};
}

std::vector<pool::TxOutput> outputs_of(std::span<const PayoutItem> items)
{
    std::vector<pool::TxOutput> outputs;
    for (const PayoutItem& item : items) {
        const auto same = std::find_if(
            outputs.begin(), outputs.end(),
            [&item](const pool::TxOutput& output) { return output.script == item.script; });
        if (same == outputs.end()) {
            outputs.push_back({item.pays(), item.script});
        } else {
            same->value += item.pays();
        }
    }
    return outputs;
}

std::uint64_t estimate_vbytes(std::size_t inputs, std::span<const pool::TxOutput> outputs)
{
    std::uint64_t sum = frame_vbytes + change_vbytes + inputs * input_vbytes_max;
    for (const pool::TxOutput& output : outputs) sum += output_frame_vbytes + output.script.size();
    return sum;
}

std::uint64_t vbytes_of(const pool::Transaction& tx)
{
    const std::size_t stripped = serialise(tx, pool::WitnessForm::without).size();
    const std::size_t whole = serialise(tx, pool::WitnessForm::with).size();
    return (3 * stripped + whole + 3) / 4;
}

pool::Digest items_digest(std::uint64_t batch, FeePayer fee_payer, Sats fee_max,
                          std::span<const PayoutItem> items)
{
    std::string text = "zubr-payout-1\n" + std::to_string(batch) + "\n" +
                       (fee_payer == FeePayer::pool ? "pool" : "recipients") + "\n" +
                       std::to_string(fee_max.value) + "\n";
    Sats total;
    for (const PayoutItem& item : items) {
        text += std::to_string(item.account.value) + " " + item.address + " " +
                pool::to_hex(item.script) + " " + std::to_string(item.amount.value) + " " +
                std::to_string(item.fee_share.value) + "\n";
        total += item.amount;
    }
    text += std::to_string(total.value) + "\n";
    return pool::Sha256{}.update(pool::as_bytes(text)).finish();
}

std::vector<Transfer> reserving(std::span<const PayoutItem> items)
{
    std::vector<Transfer> out;
    for (const PayoutItem& item : items) {
        move(out, member(item.account, "available"), member(item.account, "in_payout"),
             item.amount);
    }
    return out;
}

std::vector<Transfer> settling(std::span<const PayoutItem> items, Sats fee)
{
    std::vector<std::uint64_t> shares;
    Sats set_aside;
    for (const PayoutItem& item : items) {
        shares.push_back(static_cast<std::uint64_t>(item.fee_share.value));
        set_aside += item.fee_share;
    }
    const Sats surplus = std::max(Sats{}, set_aside - fee);
    const std::vector<Sats> back = split(surplus, shares);
    std::vector<Transfer> out;
    const std::string wallet{code::wallet};
    for (std::size_t i = 0; i < items.size(); ++i) {
        const PayoutItem& item = items[i];
        move(out, member(item.account, "in_payout"), wallet, item.amount - back[i]);
        move(out, member(item.account, "in_payout"), member(item.account, "available"), back[i]);
    }
    move(out, std::string{code::network_fee}, wallet, fee - (set_aside - surplus));
    return out;
}

std::vector<Transfer> returning(std::span<const PayoutItem> items, Sats fee)
{
    std::vector<Transfer> out;
    for (const PayoutItem& item : items) {
        move(out, member(item.account, "in_payout"), member(item.account, "available"),
             item.amount);
    }
    move(out, std::string{code::network_fee}, std::string{code::wallet}, fee);
    return out;
}

}  // namespace payouts
