#include "pool/node/node_rpc_wallet.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <utility>

#include "pool/base/json.h"
#include "pool/bitcoin/psbt.h"
#include "pool/node/rpc_forms.h"
#include "pool/runtime/http_client.h"

namespace pool {
namespace {

constexpr std::chrono::milliseconds patience{30'000};
constexpr JsonLimits answer_limits{
    .bytes_max = std::size_t{64} << 20, .depth_max = 16, .values_max = 4'000'000};
constexpr int code_already_in_chain = -27;
constexpr int code_invalid_address = -5;
constexpr std::int64_t btc = 100'000'000;

/// One node, asked one thing at a time.
class BlockingRpc {
public:
    BlockingRpc(NodeOptions options, const std::string& path)
        : options_(std::move(options)), url_(options_.url + path), client_(loop_)
    {
    }

    /// The result is valid until the next call. rpc: the node's own code of an error; else 0.
    Result<JsonValue> call(std::string_view method, std::string_view params, int* rpc = nullptr)
    {
        auto answer = post(rpc_request(method, params));
        if (answer && answer->status == 401) {
            read_cookie();
            answer = post(rpc_request(method, params));
        }
        if (!answer) return fail(answer.error());
        auto parsed = json_.parse(answer->body, answer_limits);
        if (!parsed) {
            return fail(Error::Code::unavailable, "node " + options_.name + " answered HTTP " +
                                                      std::to_string(answer->status) +
                                                      " without JSON");
        }
        const JsonValue error = parsed->find("error");
        if (error.exists() && !error.is_null()) {
            const RpcError said{static_cast<int>(error.find("code").int64().value_or(-1)),
                                std::string{error.find("message").string().value_or("nothing")}};
            if (rpc != nullptr) *rpc = said.code;
            return fail(error_of(options_.name, said));
        }
        return parsed->find("result");
    }

private:
    Result<HttpAnswer> post(std::string body)
    {
        if (options_.user.empty() && !options_.cookie_file.empty()) read_cookie();
        HttpCall call;
        call.url = url_;
        call.body = std::move(body);
        call.user = options_.user;
        call.password = options_.password;
        call.deadline = patience;
        Result<HttpAnswer> out = fail(Error::Code::unavailable, "no answer");
        client_.call(std::move(call), [this, &out](Result<HttpAnswer> answer) {
            out = std::move(answer);
            loop_.stop();
        });
        loop_.run();
        return out;
    }

    void read_cookie()
    {
        if (options_.cookie_file.empty()) return;
        std::ifstream file{options_.cookie_file};
        std::string line;
        std::getline(file, line);
        const auto colon = line.find(':');
        if (colon == std::string::npos) return;
        options_.user = line.substr(0, colon);
        options_.password = line.substr(colon + 1);
    }

    NodeOptions options_;
    std::string url_;
    Loop loop_;
    HttpClient client_;
    JsonDocument json_;
};

tl::unexpected<Error> not_understood(std::string_view method)
{
    return fail(Error::Code::invalid, std::string{method} + ": an answer with parts missing");
}

std::optional<Sats> amount_in(const JsonValue& value)
{
    const auto text = value.number_text();
    return text ? sats_from_btc(*text) : std::nullopt;
}

std::optional<TxId> txid_in(const JsonValue& value)
{
    const auto text = value.string();
    const auto digest = text ? digest_from_display_hex(*text) : std::nullopt;
    if (!digest) return std::nullopt;
    return TxId{*digest};
}

std::string one_text(std::string_view text)
{
    std::string params;
    JsonWriter{params}.begin_array().string(text).end_array();
    return params;
}

std::optional<Coin> read_coin(const JsonValue& value)
{
    const auto txid = txid_in(value.find("txid"));
    const auto index = value.find("vout").uint64();
    const auto amount = amount_in(value.find("amount"));
    const auto script = from_hex(value.find("scriptPubKey").string().value_or("-"));
    const auto depth = value.find("confirmations").uint64();
    if (!txid || !index || !amount || !script || !depth) return std::nullopt;
    return Coin{{*txid, static_cast<std::uint32_t>(*index)},
                *amount,
                *script,
                static_cast<std::uint32_t>(*depth)};
}

class NodeWallet final : public Wallet {
public:
    explicit NodeWallet(NodeWalletOptions options)
    {
        rpc_ = std::make_unique<BlockingRpc>(options.node, "/wallet/" + options.wallet);
        senders_.push_back(std::make_unique<BlockingRpc>(std::move(options.node), "/"));
        for (NodeOptions& other : options.others) {
            senders_.push_back(std::make_unique<BlockingRpc>(std::move(other), "/"));
        }
    }

    Result<std::vector<Coin>> coins() override
    {
        const auto listed = rpc_->call("listunspent", "[1, 9999999, [], false]");
        if (!listed) return fail(listed.error());
        std::vector<Coin> coins;
        for (const JsonValue each : *listed) {
            if (!each.find("spendable").boolean().value_or(false)) continue;
            const auto coin = read_coin(each);
            if (!coin) return not_understood("listunspent");
            coins.push_back(*coin);
        }
        return coins;
    }

    Result<WalletTotals> totals() override
    {
        // Before the balances: these wait until the wallet has all blocks that its node has.
        const auto chain = rpc_->call("getblockchaininfo", "[]");
        if (!chain) return fail(chain.error());
        const auto median_time = chain->find("mediantime").uint64();
        if (!median_time) return not_understood("getblockchaininfo");
        const auto balances = rpc_->call("getbalances", "[]");
        if (!balances) return fail(balances.error());
        const JsonValue mine = balances->find("mine");
        const auto trusted = amount_in(mine.find("trusted"));
        const auto pending = amount_in(mine.find("untrusted_pending"));
        const auto immature = amount_in(mine.find("immature"));
        if (!trusted || !pending || !immature) return not_understood("getbalances");
        return WalletTotals{*trusted + *pending, *immature, UnixMillis{*median_time * 1000}};
    }

    Result<AddressVerdict> judge(const std::string& address) override
    {
        int code = 0;
        const auto info = rpc_->call("getaddressinfo", one_text(address), &code);
        if (!info && code == code_invalid_address) return AddressVerdict{};
        if (!info) return fail(info.error());
        return AddressVerdict{true, info->find("ismine").boolean().value_or(false)};
    }

    Result<std::string> fund(const Funding& funding) override
    {
        std::vector<Payment> payments = funding.payments;
        const bool sweeps = payments.empty();
        // Named even where nothing will be left: a node takes a new address for it all the same.
        std::string where_change_goes = funding.change;
        if (sweeps) {
            const auto change = funding.change.empty() ? new_change() : funding.change;
            if (!change) return fail(change.error());
            Sats all;
            for (const Coin& coin : funding.coins) all += coin.value;
            payments.push_back({*change, all});
            where_change_goes = *change;
        }
        const auto made = rpc_->call("walletcreatefundedpsbt",
                                     funding_params(funding, payments, sweeps, where_change_goes));
        if (!made) return fail(made.error());
        const auto psbt = made->find("psbt").string();
        if (!psbt) return not_understood("walletcreatefundedpsbt");
        return std::string{*psbt};
    }

    Result<std::string> sign(const std::string& psbt) override
    {
        const auto made = rpc_->call("walletprocesspsbt", one_text(psbt));
        if (!made) return fail(made.error());
        if (!made->find("complete").boolean().value_or(false)) {
            return fail(Error::Code::refused,
                        "the node's wallet does not have all keys; set "
                        "payouts.sign to \"offline\", or unlock it");
        }
        const auto text = made->find("psbt").string();
        if (!text) return not_understood("walletprocesspsbt");
        return std::string{*text};
    }

    Result<Bytes> finish(const std::string& psbt) override
    {
        const auto made = rpc_->call("finalizepsbt", one_text(psbt));
        if (!made) return fail(made.error());
        if (!made->find("complete").boolean().value_or(false)) {
            return fail(Error::Code::refused, "the PSBT lacks signatures");
        }
        const auto raw = from_hex(made->find("hex").string().value_or("-"));
        if (!raw) return not_understood("finalizepsbt");
        return *raw;
    }

    Result<Bytes> transaction(const TxId& txid) override
    {
        int code = 0;
        const auto info = rpc_->call("gettransaction", one_text(to_display_hex(txid)), &code);
        if (!info && code == code_invalid_address) {
            return fail(Error::Code::not_found,
                        "the wallet knows no transaction " + to_display_hex(txid));
        }
        if (!info) return fail(info.error());
        const auto raw = from_hex(info->find("hex").string().value_or("-"));
        if (!raw) return not_understood("gettransaction");
        return *raw;
    }

    Result<TxStanding> standing(const TxId& txid) override
    {
        int code = 0;
        const auto info = rpc_->call("gettransaction", one_text(to_display_hex(txid)), &code);
        if (!info && code == code_invalid_address) return TxStanding{};  // it does not know it
        if (!info) return fail(info.error());
        const auto depth = info->find("confirmations").int64();
        if (!depth) return not_understood("gettransaction");
        if (*depth == 0) return TxStanding{TxStanding::Place::waiting, 0};
        const auto deep = static_cast<std::uint32_t>(std::abs(*depth));
        if (*depth > 0) return TxStanding{TxStanding::Place::in_chain, deep};
        const auto mined = mined_instead(*info);
        if (!mined) return fail(mined.error());
        if (mined->depth == 0) return TxStanding{TxStanding::Place::conflicted, deep};
        return TxStanding{TxStanding::Place::in_chain, mined->depth};
    }

    Result<std::uint32_t> nodes_with(const TxId& txid, std::uint32_t depth) override
    {
        const auto info = rpc_->call("gettransaction", one_text(to_display_hex(txid)));
        if (!info) return fail(info.error());
        Mined mined{to_display_hex(txid),
                    std::string{info->find("blockhash").string().value_or("")}};
        if (mined.block.empty()) {
            const auto instead = mined_instead(*info);
            if (!instead) return fail(instead.error());
            mined = *instead;
        }
        if (mined.block.empty()) return 0;
        std::string params;
        JsonWriter json{params};
        // By its block, so that no index is needed; each node says whether that is in its chain.
        json.begin_array().string(mined.txid).boolean(true).string(mined.block).end_array();
        std::uint32_t count = 0;
        for (const auto& node : senders_) {
            const auto said = node->call("getrawtransaction", params);
            if (!said || !said->find("in_active_chain").boolean().value_or(false)) continue;
            if (said->find("confirmations").uint64().value_or(0) >= depth) ++count;
        }
        return count;
    }

    Result<std::uint32_t> fee_rate(std::uint32_t blocks) override
    {
        const auto said = rpc_->call("estimatesmartfee", "[" + std::to_string(blocks) + "]");
        if (!said) return fail(said.error());
        const auto a_kilobyte = amount_in(said->find("feerate"));
        if (!a_kilobyte) return 0;
        return static_cast<std::uint32_t>((a_kilobyte->value + 999) / 1000);
    }

    Result<std::string> why_not_taken(ByteSpan raw) override
    {
        std::string params;
        JsonWriter{params}.begin_array().begin_array().string(to_hex(raw)).end_array().end_array();
        const auto said = rpc_->call("testmempoolaccept", params);
        if (!said) return fail(said.error());
        for (const JsonValue each : *said) {
            const auto allowed = each.find("allowed").boolean();
            if (!allowed) break;
            const std::string_view reason = each.find("reject-reason").string().value_or("");
            const bool has_it = reason == "txn-already-in-mempool" || reason == "txn-already-known";
            if (*allowed || has_it) return std::string{};
            return std::string{reason.empty() ? "no reason" : reason};
        }
        return not_understood("testmempoolaccept");
    }

    Result<void> send(ByteSpan raw) override
    {
        const std::string params = one_text(to_hex(raw));
        Result<void> first_error;
        bool taken = false;
        for (const auto& sender : senders_) {
            int code = 0;
            const auto said = sender->call("sendrawtransaction", params, &code);
            if (said || code == code_already_in_chain) {
                taken = true;
            } else if (first_error) {
                first_error = fail(said.error());
            }
        }
        return taken ? Result<void>{} : first_error;
    }

private:
    /// A transaction in the chain, as the node writes it; depth 0: there is none.
    struct Mined {
        std::string txid;
        std::string block;
        std::uint32_t depth = 0;
    };

    /// The one in the chain that spends the same coins for the same outputs as the transaction that
    /// `info` (of gettransaction) tells of. Whoever mines a spend of coins that are not segwit may
    /// write its scripts otherwise, and then it has another id. Invalidates `info`.
    Result<Mined> mined_instead(const JsonValue& info)
    {
        const auto ours =
            parse_transaction(from_hex(info.find("hex").string().value_or("")).value_or(Bytes{}));
        if (!ours) return not_understood("gettransaction");
        std::vector<std::string> rivals;
        for (const JsonValue each : info.find("walletconflicts")) {
            rivals.emplace_back(each.string().value_or(""));
        }
        for (const std::string& rival : rivals) {
            const auto other = rpc_->call("gettransaction", one_text(rival));
            if (!other) return fail(other.error());
            const auto depth = other->find("confirmations").int64().value_or(0);
            if (depth <= 0) continue;
            const auto theirs = parse_transaction(
                from_hex(other->find("hex").string().value_or("")).value_or(Bytes{}));
            if (!theirs || !same_but_signatures(*ours, *theirs)) continue;
            return Mined{rival, std::string{other->find("blockhash").string().value_or("")},
                         static_cast<std::uint32_t>(depth)};
        }
        return Mined{};
    }

    Result<std::string> new_change()
    {
        const auto given = rpc_->call("getrawchangeaddress", "[]");
        if (!given) return fail(given.error());
        const auto address = given->string();
        if (!address) return not_understood("getrawchangeaddress");
        return std::string{*address};
    }

    static std::string funding_params(const Funding& funding, const std::vector<Payment>& payments,
                                      bool sweeps, const std::string& change)
    {
        std::string params;
        JsonWriter json{params};
        json.begin_array().begin_array();
        for (const Coin& coin : funding.coins) {
            json.begin_object().key("txid").string(to_display_hex(coin.at.txid));
            json.key("vout").unsigned_integer(coin.at.index).end_object();
        }
        json.end_array().begin_array();
        for (const Payment& payment : payments) {
            json.begin_object().key(payment.address).string(btc_text(payment.amount));
            json.end_object();
        }
        json.end_array().integer(0).begin_object();
        json.key("add_inputs").boolean(false).key("replaceable").boolean(true);
        json.key("fee_rate").unsigned_integer(funding.fee_rate);
        if (sweeps) {
            json.key("subtractFeeFromOutputs").begin_array().integer(0).end_array();
        } else {
            json.key("changePosition").unsigned_integer(payments.size());
        }
        if (!change.empty()) json.key("changeAddress").string(change);
        json.end_object().end_array();
        return params;
    }

    std::unique_ptr<BlockingRpc> rpc_;
    std::vector<std::unique_ptr<BlockingRpc>> senders_;
};

}  // namespace

std::optional<Sats> sats_from_btc(std::string_view decimal)
{
    const std::size_t dot = decimal.find('.');
    const std::string_view whole = decimal.substr(0, dot);
    std::string fraction{dot == std::string_view::npos ? "" : decimal.substr(dot + 1)};
    constexpr std::size_t decimals = 8;
    constexpr std::size_t whole_digits_max = 8;
    if (whole.empty() || whole.size() > whole_digits_max || fraction.size() > decimals) {
        return std::nullopt;
    }
    fraction.resize(decimals, '0');
    const auto digits = [](std::string_view text) {
        return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    if (!digits(whole) || !digits(fraction)) return std::nullopt;
    std::int64_t big = 0;
    std::int64_t small = 0;
    std::from_chars(whole.data(), whole.data() + whole.size(), big);
    std::from_chars(fraction.data(), fraction.data() + fraction.size(), small);
    return Sats{big * btc + small};
}

std::string btc_text(Sats amount)
{
    std::string fraction = std::to_string(amount.value % btc);
    fraction.insert(0, 8 - fraction.size(), '0');
    return std::to_string(amount.value / btc) + "." + fraction;
}

std::unique_ptr<Wallet> make_node_wallet(NodeWalletOptions options)
{
    return std::make_unique<NodeWallet>(std::move(options));
}

}  // namespace pool
