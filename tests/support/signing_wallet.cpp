#include "tests/support/signing_wallet.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pool/base/base64.h"
#include "pool/bitcoin/address.h"
#include "pool/bitcoin/message_signature.h"
#include "pool/bitcoin/transaction.h"

namespace tests {

using nlohmann::json;

SigningWallet::SigningWallet() : node_("regtest", {"-disablewallet=0", "-keypool=10"})
{
    call("createwallet", R"(["member"])");
}

std::string SigningWallet::call(const std::string& method, const std::string& params)
{
    const auto answer = node_.call(method, params);
    if (!answer) ADD_FAILURE() << method << ": " << answer.error().detail;
    return answer.value_or("null");
}

std::string SigningWallet::address(const std::string& type)
{
    return json::parse(call("getnewaddress", json{"", type}.dump())).get<std::string>();
}

std::string SigningWallet::sign(const std::string& address, const std::string& message)
{
    const auto parsed = pool::parse_address(address, pool::Chain::regtest);
    if (!parsed) return "";
    if (pool::message_format(parsed->script) == pool::MessageFormat::legacy) {
        return json::parse(call("signmessage", json{address, message}.dump())).get<std::string>();
    }
    pool::Transaction to_sign;
    to_sign.version = 0;
    pool::TxInput input;
    input.previous = pool::TxId{pool::bip322_spent_id(parsed->script, message)};
    input.sequence = 0;
    to_sign.inputs.push_back(input);
    to_sign.outputs.push_back({pool::Sats{0}, {0x6a}});
    json spent{{"txid", pool::to_display_hex(input.previous)},
               {"vout", 0},
               {"scriptPubKey", pool::to_hex(parsed->script)},
               {"amount", 0}};
    const json info = json::parse(call("getaddressinfo", json{address}.dump()));
    if (info.contains("hex")) spent["redeemScript"] = info["hex"];
    const std::string hex = pool::to_hex(pool::serialise(to_sign, pool::WitnessForm::with));
    const json done =
        json::parse(call("signrawtransactionwithwallet", json{hex, json::array({spent})}.dump()));
    const auto bytes = pool::from_hex(done.value("hex", ""));
    const auto tx = pool::parse_transaction(bytes.value_or(pool::Bytes{}));
    if (!tx) {
        ADD_FAILURE() << done.dump();
        return "";
    }
    pool::ByteWriter witness;
    witness.compact_size(tx->inputs[0].witness.size());
    for (const pool::Bytes& item : tx->inputs[0].witness) {
        witness.compact_size(item.size());
        witness.raw(item);
    }
    return pool::to_base64(witness.bytes());
}

}  // namespace tests
