#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/entries.h"
#include "payouts/payees.h"
#include "pool/base/hash.h"
#include "pool/base/types.h"
#include "pool/bitcoin/transaction.h"

/// Whom a payout pays, how much, and what that moves in the books (docs/money.md, "Paying out").
/// Pure, integers only.
namespace payouts {

enum class FeePayer : std::uint8_t { pool, recipients };

/// What a batch may never pass. Zero means no limit, where it says so.
struct PayoutCaps {
    pool::Sats minimum{100'000};          ///< of accounts without one of their own
    pool::Sats floor{10'000};             ///< no account's own minimum counts below this
    pool::Sats account_max{500'000'000};  ///< one account in one batch; 0: no limit
    pool::Sats batch_max{1'000'000'000};  ///< all together; 0: no limit
    pool::Sats day_max{2'000'000'000};    ///< of all that leaves within 24 h; 0: no limit
    pool::Sats fee_max{500'000};          ///< of one transaction
    std::uint32_t fee_rate_max = 200;     ///< satoshi a virtual byte
    std::size_t outputs_max = 200;        ///< of one transaction, change not counted
    std::uint64_t vbytes_max = 100'000;   ///< likewise: what nodes relay
};

/// One address that a batch pays for one account.
struct PayoutItem {
    pool::AccountId account;
    std::string name;  ///< of the account
    std::string address;
    pool::Bytes script;
    pool::Sats amount;     ///< taken from the account
    pool::Sats fee_share;  ///< of it, for the network; 0 when the pool pays that
    bool recently_changed = false;
    pool::Sats pays() const { return amount - fee_share; }
};

/// Why an account, or an address, is not paid.
struct WhyNot {
    std::string code;    ///< stable, for programs and for other languages; "" when nothing is wrong
    std::string reason;  ///< the same as a sentence; empty texts do not occur beside a code
    pool::Sats limit{};  ///< that the code is about; 0 when it is about none
    std::string about{};  ///< the address that the code is about; "" when it is about none
};

struct PassedOver {
    std::string name;
    pool::Sats available;
    WhyNot why;
    bool for_now = false;  ///< he would be paid if coins, caps or the batch had more room
};

struct Selection {
    std::vector<PayoutItem> items;  ///< in the order of payees, then of their routes
    std::vector<PassedOver> passed_over;
    pool::Sats total;      ///< of all amounts
    pool::Sats fee_share;  ///< of all items: what recipients pay to the network at most
};

/// What a selection is made from, besides those who could be paid.
struct SelectionFrame {
    PayoutCaps caps;
    FeePayer fee_payer = FeePayer::pool;
    std::uint32_t fee_rate = 1;             ///< satoshi a virtual byte, expected
    pool::Sats paid_today{};                ///< in batches of the last 24 h
    std::vector<pool::Sats> coins;          ///< what the wallet can spend
    std::optional<pool::Sats> booked{};     ///< what the books let it spend, the fee included
    std::map<std::string, WhyNot> refused;  ///< address -> why it may not be paid
};

/// What a payee is paid, one item a route: all that it has available, in the parts of its routes.
std::vector<PayoutItem> items_of(const Payee& payee);

/// Why the payee is in no batch, whoever else is and however much room there is; without a code
/// when it may be.
WhyNot why_unpayable(const Payee& payee, const SelectionFrame& frame);

/// Takes as many of `payees` as fit, the first of them first. Amounts are never changed: an account
/// is paid all that it has available, or waits.
Selection select(std::span<const Payee> payees, const SelectionFrame& frame);

/// The smallest output that nodes relay at 3 satoshi a virtual byte, by the script's type.
pool::Sats dust_limit(pool::ByteSpan script);

/// The outputs that a payment must have, change aside: equal scripts merged, in order of the first
/// item that has them.
std::vector<pool::TxOutput> outputs_of(std::span<const PayoutItem> items);

/// Virtual bytes: upper bound before it is made, exact after.
std::uint64_t estimate_vbytes(std::size_t inputs, std::span<const pool::TxOutput> outputs);
std::uint64_t vbytes_of(const pool::Transaction& tx);

/// What approvers sign: the batch, each item, and what the network may get at most.
pool::Digest items_digest(std::uint64_t batch, FeePayer fee_payer, pool::Sats fee_max,
                          std::span<const PayoutItem> items);

/// Transfers of a batch's events (money.md of the design, 2.1).
std::vector<Transfer> reserving(std::span<const PayoutItem> items);
/// fee: what the transaction really pays. What recipients set aside beyond it returns to them.
std::vector<Transfer> settling(std::span<const PayoutItem> items, pool::Sats fee);
/// fee: of the transaction that spent the anchor back to the pool; 0 when there was none.
std::vector<Transfer> returning(std::span<const PayoutItem> items, pool::Sats fee);

namespace code {
inline constexpr std::string_view network_fee = "expense:network_fee";
}

}  // namespace payouts
