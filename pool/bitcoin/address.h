#pragma once

#include <string>
#include <string_view>

#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/bitcoin/transaction.h"

namespace pool {

/// A payout address: its canonical text (bech32 in lower case) and the script it pays to.
struct Address {
    std::string text;
    Script script;
    friend bool operator==(const Address&, const Address&) = default;
};

/// Reads P2PKH, P2SH (base58check), P2WPKH, P2WSH (bech32, BIP 173) and P2TR (bech32m, BIP 350).
///
/// Errors, each a sentence fit for a miner: invalid, when it is no address (bad checksum, length,
/// mixed case, unknown witness version); refused, when it is one of another chain (names both).
/// testnet4 and signet share prefixes; regtest differs from them in bech32 only.
Result<Address> parse_address(std::string_view text, Chain chain);

/// The address of a standard script on `chain`. Errors: invalid for any other script.
Result<Address> address_of_script(ByteSpan script, Chain chain);

/// "main", "testnet4", "signet", "regtest": our configuration and the node's `chain` field alike.
std::string_view to_string(Chain chain);
Result<Chain> parse_chain(std::string_view text);

}  // namespace pool
