#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "pool/base/result.h"
#include "pool/bitcoin/transaction.h"

namespace pool {

/// What of a partially signed transaction (BIP 174, version 0) a pool must judge before it lets
/// anybody sign: the transaction itself, and what its inputs spend. Signatures are the wallet's.
struct Psbt {
    Transaction tx;                              ///< without scripts and witnesses of inputs
    std::vector<std::optional<TxOutput>> spent;  ///< by input, where the file says it
    /// No input asks its signer for another sighash type than ALL (or Schnorr's DEFAULT, which
    /// covers as much): one that does would have part of the transaction left open.
    bool asks_for_all = true;
};

/// Reads base64 as wallets export it; blanks and line breaks at its ends do not matter.
/// Errors: invalid, a sentence for whoever imports it.
Result<Psbt> parse_psbt(std::string_view base64);

/// Whether both are the same but for what signing adds.
bool same_but_signatures(const Transaction& a, const Transaction& b);

/// Whether every signature of a signed transaction covers all its inputs and outputs: sighash type
/// ALL (1) in ECDSA (BIP 66, 143), that or none named in Schnorr (BIP 341). With another type
/// whoever sees the transaction may change what was left open. spent: by input, as in Psbt; an
/// input whose output is not known fails.
bool signs_everything(const Transaction& tx, const std::vector<std::optional<TxOutput>>& spent);

}  // namespace pool
