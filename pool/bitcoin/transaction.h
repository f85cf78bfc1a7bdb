#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/types.h"

namespace pool {

using Script = Bytes;

struct TxInput {
    TxId previous;
    std::uint32_t previous_index = 0;
    Script script;
    std::uint32_t sequence = 0xffffffff;
    std::vector<Bytes> witness;
};

struct TxOutput {
    Sats value;
    Script script;
    friend bool operator==(const TxOutput&, const TxOutput&) = default;
};

struct Transaction {
    std::uint32_t version = 2;
    std::vector<TxInput> inputs;
    std::vector<TxOutput> outputs;
    std::uint32_t lock_time = 0;
};

enum class WitnessForm : std::uint8_t { with, without };

/// Serialises (BIP 144). `with` writes marker and witness only if an input has one.
Bytes serialise(const Transaction& tx, WitnessForm form);
/// One whole transaction, nothing after it. Errors: invalid.
Result<Transaction> parse_transaction(ByteSpan bytes);
TxId txid_of(const Transaction& tx);

/// Outputs as they stand in a transaction: their count, then each.
Bytes serialise(std::span<const TxOutput> outputs);
/// One whole list of them, nothing after it. Errors: invalid.
Result<std::vector<TxOutput>> parse_outputs(ByteSpan bytes);

}  // namespace pool
