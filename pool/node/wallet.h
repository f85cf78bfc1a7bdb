#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"
#include "pool/bitcoin/transaction.h"

namespace pool {

/// An output of a transaction, by name.
struct OutPoint {
    TxId txid;
    std::uint32_t index = 0;
    friend auto operator<=>(const OutPoint&, const OutPoint&) = default;
};

/// An output that the wallet can spend now.
struct Coin {
    OutPoint at;
    Sats value;
    Script script;
    std::uint32_t confirmations = 0;
};

/// What a transaction shall pay.
struct Payment {
    std::string address;
    Sats amount;
};

/// A transaction to be made of exactly these coins. What they hold beyond payments and fee goes
/// back to the wallet; with no payments, all of it (less the fee).
struct Funding {
    std::vector<Coin> coins;  ///< not empty; what it replaces may have spent them
    std::vector<Payment> payments;
    std::uint32_t fee_rate = 1;  ///< satoshi a virtual byte
    /// Where it goes back to; "": a new address of the wallet, which it gives nobody else.
    std::string change = {};
};

/// Where a transaction stands, as one wallet sees it.
struct TxStanding {
    enum class Place : std::uint8_t {
        unknown,     ///< the wallet has never seen it. Says nothing
        waiting,     ///< not in the chain, in the mempool or not
        in_chain,    ///< `depth` >= 1 confirmations
        conflicted,  ///< another spend of one of its inputs has `depth` confirmations
    };
    Place place = Place::unknown;
    std::uint32_t depth = 0;
    friend bool operator==(const TxStanding&, const TxStanding&) = default;
};

struct WalletTotals {
    Sats spendable;  ///< confirmed, and own change that is not yet
    Sats immature;   ///< coinbases
    /// Of the newest block that these know of the median time (BIP 113), in the chain that its node
    /// had: what the chain took later they may not know.
    UnixMillis through;
};

/// What a node says of an address.
struct AddressVerdict {
    bool valid = false;
    bool ours = false;  ///< the wallet's own
};

/// A node's wallet, as far as payouts need one. Blocking; one thread. An interface because the
/// rules of payouts may not reach up to sockets.
///
/// Errors of all calls: unavailable (retry), refused (the node said no: its sentence), invalid (an
/// answer that we do not understand).
class Wallet {
public:
    virtual ~Wallet() = default;
    virtual Result<std::vector<Coin>> coins() = 0;  ///< with 1 confirmation or more, mature
    virtual Result<WalletTotals> totals() = 0;
    virtual Result<AddressVerdict> judge(const std::string& address) = 0;
    /// An unsigned PSBT, base64.
    virtual Result<std::string> fund(const Funding& funding) = 0;
    /// Signs with the wallet's keys. Gives the PSBT back; errors besides: refused when it lacks
    /// keys.
    virtual Result<std::string> sign(const std::string& psbt) = 0;
    /// The whole transaction of a PSBT that all have signed. Errors: refused when signatures lack.
    virtual Result<Bytes> finish(const std::string& psbt) = 0;
    /// As it is on the wire. Errors besides: not_found, when the wallet has never seen it.
    virtual Result<Bytes> transaction(const TxId& txid) = 0;
    /// Mined with other signatures, and so under another id, it is in the chain all the same.
    virtual Result<TxStanding> standing(const TxId& txid) = 0;
    /// How many nodes, the wallet's own among them, have the transaction in their chain at least
    /// `depth` deep. One that does not answer does not count.
    virtual Result<std::uint32_t> nodes_with(const TxId& txid, std::uint32_t depth) = 0;
    /// Satoshi a virtual byte so that it is mined within so many blocks; 0: the node can't say.
    virtual Result<std::uint32_t> fee_rate(std::uint32_t blocks) = 0;
    /// Why the wallet's node would not take it now, in the node's words; "" when it would, or has
    /// it.
    virtual Result<std::string> why_not_taken(ByteSpan raw) = 0;
    /// To every node that may know it. Fine when one has taken it, or had it before.
    virtual Result<void> send(ByteSpan raw) = 0;
};

}  // namespace pool
