#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"
#include "pool/bitcoin/block.h"
#include "pool/node/node.h"

/// What goes into the books and what is read from them: plain values, no rules.
namespace payouts {

/// Where a block of ours stands, as people are shown it.
enum class BlockState : std::uint8_t {
    submitted,  ///< found; not credited yet
    immature,   ///< in the chain and credited; the chain does not let the coinbase be spent yet
    mature,     ///< credits are available
    orphaned,   ///< another block has its height; the books follow once that is deep enough, or, if
                ///< it was mature, when people say so
    rejected,   ///< every node has refused it by name; should it be in the chain yet, that wins
};
std::string_view to_string(BlockState state);

/// A block that one of our miners found, on its way into the books.
struct FoundBlock {
    pool::BlockHash hash;
    pool::Height height;
    pool::UnixMillis found_at;  ///< its slot is the block's: slots before it are paid
    pool::Sats reward;          ///< what the coinbase pays to the pool's script
    std::string finder;         ///< canonical account name, "" if it was not authorised
    std::string worker;
    pool::HeaderBytes header{};
    pool::Bytes coinbase;  ///< stripped
    /// What folds the coinbase to the header's root; nothing: it is not known.
    std::optional<std::vector<pool::MerkleNode>> branch{};
};

/// What one node said to a submitted block.
struct BlockAnswer {
    pool::BlockHash hash;
    std::string node;
    pool::UnixMillis at;
    std::string outcome;  ///< pool::to_string(SubmitOutcome)
    std::string reason;   ///< the node's own word
    std::chrono::milliseconds took{0};
    bool last_of_refusals = false;  ///< with it, every node has refused the block
};

/// A block to look for in the chain.
struct WatchedBlock {
    pool::BlockHash hash;
    pool::Height height;
    friend bool operator==(const WatchedBlock&, const WatchedBlock&) = default;
};

/// What a node says of one of our blocks.
struct BlockSighting {
    pool::BlockHash hash;
    pool::Sighting sighting;
};

/// An account that was made under a name, as the authorise directory wants it.
struct RegisteredAccount {
    pool::AccountId id;
    std::string name;
    std::string payout_address;
};

/// A journal of this process: of a loop, or of one that an earlier life of it had.
struct JournalState {
    std::uint64_t shipped = 0;  ///< Redis has said that it has all up to here
    std::uint64_t newest = 0;   ///< its last record, when nobody writes into it any more; else 0
    /// The first record that the stream lacks and it cannot give back; 0: none is known.
    std::uint64_t lacks_from = 0;
};

/// How far the books are with one producer's stream.
struct ProducerReport {
    std::string name;
    std::uint64_t mark = 0;    ///< all records up to here are in MySQL: journals may drop them
    std::uint64_t behind = 0;  ///< records that lie in the stream, not yet in MySQL
    std::optional<pool::UnixMillis> pending_since{};  ///< time of the oldest of these
    /// Records are missing in the stream: its shipper must send again what follows `mark`
    /// (pool::RedisShareLog::resend). Nothing is counted past a gap.
    bool gap = false;
    /// Why its records could not be counted; empty when they could.
    std::string trouble;
};

/// What one step of the service did.
struct StepReport {
    bool active = false;                    ///< this process has the accountant's lease
    std::uint64_t records = 0;              ///< booked by this step
    std::vector<ProducerReport> producers;  ///< all that are known, retired ones left out
    std::uint64_t sealed_through = 0;       ///< every slot up to here is sealed; 0 before the first
    pool::Digest chain_head{};              ///< of the slots, as coinbases carry it
    std::uint64_t backlog = 0;              ///< sum of `behind`
    /// Time of the oldest record that is in a stream but not in MySQL.
    std::optional<pool::UnixMillis> oldest_pending;
    /// Redis did not answer, and why: nothing was counted or sealed. Empty when it did.
    std::string streams_trouble;
    /// A producer of this process that now belongs to another data directory (claim_producer): what
    /// this process says as that producer will not be booked any more. Empty: none.
    std::string taken_over;
    std::uint64_t handles = 0;    ///< of accounts and workers, that the accountant has in memory
    unsigned blocks_changed = 0;  ///< credited, matured or reversed by this step
    std::string trouble;          ///< a block could not be booked, and why; empty when all could
    bool more = false;            ///< it stopped at its bound: step again at once
};

/// Whom a producer's handles stand for (pool/share/record.h).
struct HandleQuestion {
    std::string producer;
    std::set<std::uint64_t> members;
    std::set<std::uint64_t> workers;
};
struct HandleNames {
    std::map<std::uint64_t, std::string> members;  ///< accounts
    std::map<std::uint64_t, std::string> workers;
};

/// The schema of the database.
struct SchemaStatus {
    struct Applied {
        std::uint64_t version = 0;
        std::string applied_at;  ///< "" while it is under way
    };
    std::uint64_t known = 0;  ///< the newest migration of this program
    std::vector<Applied> applied;
};

/// What an account has proven, each share at the difficulty of its time, and what it has found.
struct AccountLuck {
    std::string name;
    pool::U128 score = 0;      ///< of all its accepted shares, units of 10^-18 blocks
    std::uint64_t blocks = 0;  ///< that a node has taken
};

/// A block that no node was given, or has answered for, and that none has in its chain.
struct UnpublishedBlock {
    pool::BlockHash hash;
    pool::Height height;
    std::string finder;
    std::string worker;
};

/// The whole pool, from the books.
struct Totals {
    std::uint64_t shares = 0;  ///< accepted and booked
    std::uint64_t stale = 0;
    std::uint64_t blocks_found = 0;  ///< rejected ones left out, here and where a round ends
    std::uint64_t blocks_immature = 0;
    std::uint64_t blocks_mature = 0;
    std::uint64_t blocks_orphaned = 0;
    std::uint64_t blocks_rejected = 0;  ///< refused by every node
    std::uint64_t blocks_lost = 0;      ///< matured, and out of the chain since
    std::uint64_t blocks_matured = 0;   ///< ever: no credit is reversed once it has matured
    std::uint64_t blocks_reversed = 0;  ///< ever: how often credits of a block were taken back
    pool::Sats credited;                ///< to members: immature, available and in payout, together
    pool::Sats fee_income;              ///< the pool's own, immature ones included
    pool::Sats reserve;                 ///< equity:reserve, immature included
    std::uint64_t sealed_through = 0;
    std::uint64_t accounts = 0;
    pool::Sats in_payouts;                  ///< of payouts that are neither settled nor cancelled
    pool::UnixMillis payout_settled_at;     ///< of the newest settled one; 0: there is none
    pool::UnixMillis payout_pending_since;  ///< the oldest of in_payouts was made; 0: there is none
    pool::Sats imbalance;  ///< debits less credits of all balances: 0, or the books are broken
    pool::U128 round_score = 0;  ///< sealed since the last block of ours, units of 10^-18 blocks
};

/// One account, from the books.
struct AccountBooks {
    pool::AccountId id;
    std::string name;
    std::string payout_address;
    pool::Sats immature;
    pool::Sats available;
    pool::Sats in_payout;
    pool::Sats credited;       ///< ever, net of reversals
    pool::Sats paid;           ///< ever, in payouts that are settled
    std::uint64_t shares = 0;  ///< accepted
    std::uint64_t stale = 0;
    pool::U128 work = 0;  ///< of accepted shares
    std::optional<std::uint64_t> last_slot;
};

struct BlockRow {
    pool::BlockHash hash;
    pool::Height height;
    BlockState state = BlockState::submitted;
    pool::UnixMillis found_at;
    std::string finder;
    std::string worker;
    std::optional<pool::TxId> coinbase;
    pool::Sats reward;
    std::int64_t confirmations = 0;  ///< -1: another block has its height; 0: not seen yet
    std::uint32_t epoch = 1;         ///< how often it was (or will next be) credited
    /// Score from our block before it to this one, units of 10^-18 blocks; nothing until its slot
    /// is sealed, and for a rejected one.
    std::optional<pool::U128> effort;
};

/// A block in their order, newest (highest) first.
struct BlockPlace {
    pool::Height height;
    pool::BlockHash hash{};  ///< of none of ours: before all blocks of that height
};

/// One transfer of the ledger.
struct LedgerRow {
    std::uint64_t id = 0;
    std::uint64_t event = 0;
    std::string key;   ///< "block:<hash>:accrue:1"
    std::string kind;  ///< "accrue", "mature", "orphan"
    std::string debit;
    std::string credit;
    std::string account;  ///< the member's name when one side is a member, else ""
    pool::Sats amount;    ///< > 0
    pool::UnixMillis at;
};

}  // namespace payouts
