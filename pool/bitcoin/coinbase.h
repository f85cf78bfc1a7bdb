#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/bitcoin/transaction.h"

namespace pool {

inline constexpr std::size_t coinbase_script_max = 100;  ///< consensus: 2 ..= 100 bytes
inline constexpr std::size_t coinbase_bytes_max = 500;   ///< every known firmware takes that

/// The height as BIP 34 wants it at the start of the coinbase script: OP_0/OP_1..16 for 0..16
/// (as Bitcoin Core's `CScript << height` writes), else a minimal little-endian push.
Bytes bip34_height(Height height);

struct CoinbasePlan {
    Script pay_to;
    std::string_view tag;  ///< free text in the input script, e.g. "/zubr/"
    /// Pushed as eight bytes after the tag: makes the coinbase unlike that of any other job.
    std::optional<std::uint64_t> work_number{};
    std::uint8_t extranonce_bytes = 12;  ///< prefix and rolled part together
    Digest chain_head{};                 ///< head of the slot chain; zero until a slot is sealed
};

/// A coinbase cut around its extranonce, without witness: what miners get and what txids are made
/// of. prefix || extranonce || suffix is the transaction.
struct CoinbaseParts {
    Bytes prefix;
    Bytes suffix;
};

/// Outputs in the order of the charter's decision 18: payout of `value`; value 0 with
/// OP_RETURN 'PL1' chain_head; last the witness commitment if there is one.
/// Input script: height, tag, work number, extranonce. Version 2, sequence 0xffffffff, lock time 0.
///
/// witness_commitment: the node's default_witness_commitment output script, or empty.
/// Errors: limit, when the script passes 100 bytes or the whole 500.
Result<CoinbaseParts> make_coinbase(const CoinbasePlan& plan, Height height, Sats value,
                                    ByteSpan witness_commitment);

/// OP_RETURN 'PL1' head: how a coinbase says the head of the slot chain (charter, decision 9).
Script chain_head_script(const Digest& head);
/// The head that such a script says; nothing for any other script.
std::optional<Digest> chain_head_of(ByteSpan script);

/// The coinbase as blocks carry it: marker and flag put in, and the 32-byte zero witness (BIP 141).
/// `stripped`: prefix || extranonce || suffix.
Bytes with_witness(ByteSpan stripped);

}  // namespace pool
