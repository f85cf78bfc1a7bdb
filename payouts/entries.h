#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/pplns.h"
#include "pool/base/types.h"

/// The transfers that a block's life puts into the ledger. Pure.
namespace payouts {

/// Account codes. Those that begin with "asset:" or "expense:" grow by debits; all others are owed
/// or owned.
namespace code {
inline constexpr std::string_view coinbase_immature = "asset:coinbase_immature";
inline constexpr std::string_view wallet = "asset:wallet";
inline constexpr std::string_view fee = "income:fee";
inline constexpr std::string_view fee_immature = "income:fee_immature";
inline constexpr std::string_view donation = "fund:donation";
inline constexpr std::string_view donation_immature = "fund:donation_immature";
inline constexpr std::string_view reserve = "equity:reserve";
inline constexpr std::string_view reserve_immature = "equity:reserve_immature";
/// "m:<id>:immature"; of the reserve's account: reserve_immature.
std::string immature(pool::AccountId account);
}  // namespace code

struct Transfer {
    std::string debit;
    std::string credit;
    pool::Sats amount;  ///< > 0
    friend bool operator==(const Transfer&, const Transfer&) = default;
};

/// A block is in the chain: the coinbase is ours one day, and owed to those who are credited.
/// credits: as settle gives them; none means that the reserve gets all of `reward`.
std::vector<Transfer> accrual(pool::Sats reward, std::span<const Credit> credits);

/// The block's coinbase may be spent: what was accrued becomes available.
std::vector<Transfer> maturing(std::span<const Transfer> accrued);

/// The block has lost its place: what was accrued, the other way round.
std::vector<Transfer> reversal(std::span<const Transfer> accrued);

}  // namespace payouts
