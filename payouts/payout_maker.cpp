#include "payouts/payout_maker.h"

#include <algorithm>
#include <utility>

#include "pool/bitcoin/psbt.h"

namespace payouts {
namespace {

using pool::Coin;
using pool::Error;
using pool::fail;
using pool::Result;
using pool::Sats;

// What nodes want on top of the fee of a transaction that is replaced (BIP 125, rule 4).
constexpr std::int64_t relay_rate = 1;

// A DER signature of 72 bytes is what a node reckons with; signers make 71, 70 and fewer.
constexpr std::uint64_t signature_slack = 2;

// The most, in satoshi, that a node (Bitcoin Core, -discardfee as it comes) gives to the fee rather
// than to itself: spending a P2PKH output of 148 bytes at 10 satoshi.
constexpr std::int64_t change_min_max = 1500;

tl::unexpected<Error> refuse(const std::string& what)
{
    return fail(Error::Code::refused,
                "the wallet made another transaction than it was asked for: " + what);
}

Sats sum_of(const std::vector<Coin>& coins)
{
    Sats sum;
    for (const Coin& coin : coins) sum += coin.value;
    return sum;
}

std::vector<pool::Payment> payments_of(const PayoutBatch& batch)
{
    std::vector<pool::Payment> payments;
    for (const pool::TxOutput& output : outputs_of(batch.items)) {
        const auto item = std::find_if(
            batch.items.begin(), batch.items.end(),
            [&output](const PayoutItem& each) { return each.script == output.script; });
        payments.push_back({item->address, output.value});
    }
    return payments;
}

/// The coins of the newest attempt: a replacement spends them again.
Result<std::vector<Coin>> coins_again(const PayoutBatch& batch)
{
    std::vector<Coin> coins;
    if (batch.txs.empty()) return coins;
    const auto psbt = pool::parse_psbt(batch.txs.back().psbt);
    if (!psbt) return fail(psbt.error());
    for (std::size_t i = 0; i < psbt->tx.inputs.size(); ++i) {
        const std::optional<pool::TxOutput>& spent = psbt->spent[i];
        if (!spent) return refuse("a PSBT without the amounts of its inputs");
        const pool::TxInput& input = psbt->tx.inputs[i];
        coins.push_back({{input.previous, input.previous_index}, spent->value, spent->script, 0});
    }
    return coins;
}

bool spends_exactly(const pool::Transaction& tx, const std::vector<Coin>& coins)
{
    std::vector<pool::OutPoint> given;
    std::vector<pool::OutPoint> wanted;
    for (const pool::TxInput& input : tx.inputs) {
        given.push_back({input.previous, input.previous_index});
    }
    for (const Coin& coin : coins) wanted.push_back(coin.at);
    std::sort(given.begin(), given.end());
    std::sort(wanted.begin(), wanted.end());
    return given == wanted;
}

std::size_t payments_in(const PayoutBatch& batch, TxPurpose purpose)
{
    return purpose == TxPurpose::cancel ? 0 : outputs_of(batch.items).size();
}

/// The address behind the payments; "" when nothing was left, or goes to no address.
std::string change_in(const pool::Transaction& tx, std::size_t payments, pool::Chain chain)
{
    if (tx.outputs.size() <= payments) return "";
    const auto address = pool::address_of_script(tx.outputs[payments].script, chain);
    return address ? address->text : "";
}

Sats highest_fee(const PayoutBatch& batch)
{
    Sats highest;
    for (const PayoutTx& tx : batch.txs) highest = std::max(highest, tx.fee);
    return highest;
}

}  // namespace

std::vector<pool::OutPoint> coins_of(const PayoutBatch& batch)
{
    std::vector<pool::OutPoint> out;
    if (batch.anchor) out.push_back(*batch.anchor);
    for (const PayoutTx& tx : batch.txs) {
        const auto psbt = pool::parse_psbt(tx.psbt);
        if (!psbt) continue;
        for (const pool::TxInput& input : psbt->tx.inputs) {
            out.push_back({input.previous, input.previous_index});
        }
    }
    return out;
}

Result<std::vector<Coin>> PayoutMaker::choose_coins(const PayoutBatch& batch, TxPurpose purpose,
                                                    std::uint32_t fee_rate,
                                                    const std::set<pool::OutPoint>& busy)
{
    const std::optional<pool::OutPoint>& anchor = batch.anchor;
    if (!anchor) pool::end_of_bug("a transaction is made for a batch that has its anchor");
    auto again = coins_again(batch);
    if (!again) return fail(again.error());
    auto there = wallet_.coins();
    if (!there) return fail(there.error());
    std::vector<Coin> stock = std::move(*again);
    std::sort(there->begin(), there->end(), [](const Coin& a, const Coin& b) {
        return std::tie(b.value, a.at) < std::tie(a.value, b.at);
    });
    for (const Coin& coin : *there) {
        const bool known = std::any_of(stock.begin(), stock.end(),
                                       [&coin](const Coin& each) { return each.at == coin.at; });
        // Six deep: what a reorganisation can still take is no ground to pay from.
        const bool settled = coin.confirmations >= final_depth;
        if (!known && settled && !busy.contains(coin.at)) stock.push_back(coin);
    }
    const auto first = std::find_if(stock.begin(), stock.end(),
                                    [&anchor](const Coin& coin) { return coin.at == *anchor; });
    if (first == stock.end()) {
        return fail(Error::Code::refused,
                    "the anchor of payout " + std::to_string(batch.id) +
                        " is not in the wallet: something else has spent it (writeoffpayout), or "
                        "it is another wallet");
    }
    std::rotate(stock.begin(), first, first + 1);

    const bool cancels = purpose == TxPurpose::cancel;
    const std::vector<pool::TxOutput> outputs =
        cancels ? std::vector<pool::TxOutput>{} : outputs_of(batch.items);
    Sats paid;
    for (const pool::TxOutput& output : outputs) paid += output.value;
    std::vector<Coin> coins;
    Sats sum;
    for (const Coin& coin : stock) {
        coins.push_back(coin);
        sum += coin.value;
        const auto fee = Sats{static_cast<std::int64_t>(estimate_vbytes(coins.size(), outputs) *
                                                        std::uint64_t{fee_rate})};
        if (sum >= paid + fee + highest_fee(batch)) return coins;
    }
    return fail(Error::Code::unavailable,
                "the wallet does not hold enough that is confirmed for "
                "payout " +
                    std::to_string(batch.id));
}

Result<void> PayoutMaker::check_outputs(const PayoutBatch& batch, TxPurpose purpose,
                                        const pool::Transaction& tx)
{
    const std::vector<pool::TxOutput> wanted =
        purpose == TxPurpose::cancel ? std::vector<pool::TxOutput>{} : outputs_of(batch.items);
    const std::size_t own_max = 1;
    if (tx.outputs.size() < wanted.size() || tx.outputs.size() > wanted.size() + own_max) {
        return refuse("another number of outputs");
    }
    if (!std::equal(wanted.begin(), wanted.end(), tx.outputs.begin())) {
        return refuse("an output differs from what was approved");
    }
    for (std::size_t i = wanted.size(); i < tx.outputs.size(); ++i) {
        const auto address = pool::address_of_script(tx.outputs[i].script, chain_);
        if (!address) return refuse("change to a script that is no address");
        const auto verdict = wallet_.judge(address->text);
        if (!verdict) return fail(verdict.error());
        if (!verdict->ours) return refuse("change to an address that is not the wallet's");
    }
    return {};
}

Result<void> PayoutMaker::check_fee(const PayoutBatch& batch, TxPurpose purpose, Sats fee) const
{
    const Sats most = purpose == TxPurpose::cancel ? caps_.fee_max : batch.fee_max;
    if (fee <= Sats{}) return refuse("no fee");
    if (fee > most) {
        return fail(Error::Code::refused, "the network's fee of " + std::to_string(fee.value) +
                                              " sat is above the cap of " +
                                              std::to_string(most.value) + " sat");
    }
    return {};
}

Result<PayoutTx> PayoutMaker::fund(const PayoutBatch& batch, TxPurpose purpose,
                                   const std::vector<Coin>& coins, std::uint32_t fee_rate)
{
    pool::Funding funding{coins, {}, fee_rate, change_of(batch)};
    if (purpose != TxPurpose::cancel) funding.payments = payments_of(batch);
    auto text = wallet_.fund(funding);
    if (!text) return fail(text.error());
    const auto psbt = pool::parse_psbt(*text);
    if (!psbt) return fail(psbt.error());
    if (!spends_exactly(psbt->tx, coins)) return refuse("other inputs");
    if (!psbt->asks_for_all) return refuse("signatures of another sighash type than ALL");
    for (const std::optional<pool::TxOutput>& spent : psbt->spent) {
        const bool known = spent && std::any_of(coins.begin(), coins.end(), [&](const Coin& coin) {
                               return coin.value == spent->value && coin.script == spent->script;
                           });
        if (!known) return refuse("inputs of other amounts");
    }
    if (auto good = check_outputs(batch, purpose, psbt->tx); !good) return fail(good.error());
    const std::string change = change_in(psbt->tx, payments_in(batch, purpose), chain_);
    if (!change.empty()) change_[batch.id] = change;
    Sats out;
    for (const pool::TxOutput& output : psbt->tx.outputs) out += output.value;
    PayoutTx tx;
    tx.attempt = static_cast<std::uint32_t>(batch.txs.size()) + 1;
    tx.purpose = purpose;
    tx.txid = txid_of(psbt->tx);
    tx.psbt = std::move(*text);
    tx.fee = sum_of(coins) - out;
    return tx;
}

// A try that failed after the wallet had chosen an address is remembered; one that was stored, by
// any process, has it.
std::string PayoutMaker::change_of(const PayoutBatch& batch) const
{
    if (const auto known = change_.find(batch.id); known != change_.end()) return known->second;
    for (const PayoutTx& tx : batch.txs) {
        const auto psbt = pool::parse_psbt(tx.psbt);
        if (!psbt) continue;
        std::string change = change_in(psbt->tx, payments_in(batch, tx.purpose), chain_);
        if (!change.empty()) return change;
    }
    return "";
}

Result<PayoutTx> PayoutMaker::make(const PayoutBatch& batch, TxPurpose purpose,
                                   std::uint32_t fee_rate, const std::set<pool::OutPoint>& busy)
{
    std::uint32_t rate = std::min(std::max(fee_rate, 1U), caps_.fee_rate_max);
    const auto coins = choose_coins(batch, purpose, rate, busy);
    if (!coins) return fail(coins.error());
    auto tx = fund(batch, purpose, *coins, rate);
    if (!tx) return tx;
    if (const Sats before = highest_fee(batch); before > Sats{}) {
        const std::int64_t vbytes = tx->fee.value / rate + 1;
        const std::int64_t least = before.value + vbytes * relay_rate;
        if (tx->fee.value < least) {
            rate = static_cast<std::uint32_t>(least / std::max<std::int64_t>(vbytes - 1, 1) + 1);
            tx = fund(batch, purpose, *coins, rate);
            if (!tx) return tx;
        }
    }
    if (rate > caps_.fee_rate_max && purpose != TxPurpose::cancel) {
        return fail(Error::Code::refused, "a replacement would pay " + std::to_string(rate) +
                                              " sat a virtual byte, above the cap of " +
                                              std::to_string(caps_.fee_rate_max));
    }
    if (auto good = check_fee(batch, purpose, tx->fee); !good) return fail(good.error());
    if (batch.offline) return tx;
    const auto signed_psbt = wallet_.sign(tx->psbt);
    if (!signed_psbt) return fail(signed_psbt.error());
    return whole(std::move(*tx), *signed_psbt);
}

Result<PayoutTx> PayoutMaker::take_signed(const PayoutTx& tx, const std::string& signed_psbt)
{
    return whole(tx, signed_psbt);
}

Result<PayoutTx> PayoutMaker::whole(PayoutTx tx, const std::string& signed_psbt)
{
    const auto ours = pool::parse_psbt(tx.psbt);
    if (!ours) return fail(ours.error());
    const auto theirs = pool::parse_psbt(signed_psbt);
    if (!theirs) return fail(theirs.error());
    if (!same_but_signatures(ours->tx, theirs->tx)) {
        return fail(Error::Code::invalid,
                    "that PSBT is another transaction than the one that was exported");
    }
    if (!theirs->asks_for_all) {
        return fail(Error::Code::refused,
                    "that PSBT asks for signatures of another sighash type than ALL: export it "
                    "again, and sign with ALL");
    }
    auto raw = wallet_.finish(signed_psbt);
    if (!raw) return fail(raw.error());
    const auto made = pool::parse_transaction(*raw);
    if (!made) return fail(made.error());
    if (!same_but_signatures(ours->tx, *made)) return refuse("it changed while it was signed");
    if (!signs_everything(*made, ours->spent)) {
        return fail(
            Error::Code::refused,
            "a signature leaves part of the transaction open (its sighash type is not ALL): "
            "anybody could pay its coins to himself");
    }
    // It was made for longer signatures than it has got, perhaps, and for change that was too
    // little to be worth an output.
    const std::uint64_t vbytes = vbytes_of(*made) + made->inputs.size() * signature_slack;
    const auto most = static_cast<std::int64_t>(vbytes * caps_.fee_rate_max) + change_min_max;
    if (tx.fee.value > most && tx.purpose != TxPurpose::cancel) {
        return fail(Error::Code::refused, "the network's fee is above the cap a virtual byte");
    }
    tx.txid = txid_of(*made);
    tx.raw = std::move(*raw);
    return tx;
}

}  // namespace payouts
