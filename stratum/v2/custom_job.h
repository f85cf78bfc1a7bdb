#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/work/job.h"
#include "stratum/v2/messages_mining.h"
#include "stratum/v2/mining_token.h"

/// What a pool asks of a block that a miner has put together itself, in coinbase-only mode: it sees
/// header and coinbase, never the transactions. Pure.
namespace stratum::v2 {

/// What is wrong with a custom job, in the order in which it is looked at.
enum class CustomFault : std::uint8_t {
    version,           ///< not BIP 9's, or without a bit that the chain requires
    tip,               ///< another previous block than ours
    bits,              ///< another target than the tip's
    time,              ///< begins before the tip's median time, or two hours ahead
    coinbase_version,  ///< neither 1 nor 2
    coinbase_prefix,   ///< does not begin with the height, or leaves no room for the extranonce
    locktime,          ///< the coinbase would not be final
    outputs,           ///< malformed, too long, without what the token asks for, or paying others
    merkle_path,       ///< longer than any block's
};
/// The reference's word for it.
std::string_view code_of(CustomFault fault);

/// What every coinbase of the pool has to say at present.
struct CoinbaseTerms {
    pool::Script pay_to;
    pool::Digest chain_head{};
};
/// As the pool's own job says it. Its coinbase is ours and well formed (checked).
CoinbaseTerms terms_of(const pool::Job& own);

/// AllocateMiningJobToken.Success: the payout first, with value 0; the head of the slot chain; the
/// token's serial, which keeps any two custom jobs apart: of two that were the same work, each
/// share would be paid twice. Count in front.
pool::Bytes required_outputs(const CoinbaseTerms& terms, std::uint64_t serial);

/// The job that a miner declares, without an id.
///
/// own: the pool's newest job; says tip, target, height, subsidy and whom to pay.
/// The payout must get all that the coinbase gives away, and the subsidy at least; other outputs
/// hold nothing. Their order is the declarator's. What the fees really are cannot be seen: one that
/// claims too much has an invalid block, as one that withholds.
/// now: bounds the time from above.
tl::expected<pool::Job, CustomFault> make_custom_job(const SetCustomJob& call,
                                                     const MiningToken& token, const pool::Job& own,
                                                     pool::UnixTime now);

}  // namespace stratum::v2
