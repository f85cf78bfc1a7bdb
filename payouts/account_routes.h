#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/bitcoin/address.h"

/// Where an account's income goes, and how its owner says so. Pure.
namespace payouts {

/// One of the addresses that an account's income goes to.
struct PayRoute {
    std::string address;
    pool::Bytes script;
    std::uint32_t parts = 0;  ///< of 10,000; the routes of an account sum to that
    friend bool operator==(const PayRoute&, const PayRoute&) = default;
};

inline constexpr std::uint32_t route_parts = 10'000;
inline constexpr std::size_t routes_max = 20;

/// Reads "ADDRESS", or "ADDRESS:70,ADDRESS:29.5,ADDRESS:0.5": per cent with at most two decimals
/// that sum to 100, at most routes_max different addresses of `chain`, spaces around them allowed.
/// Errors: invalid, with a sentence.
pool::Result<std::vector<PayRoute>> parse_routes(std::string_view text, pool::Chain chain);

/// "ADDRESS 70%, ADDRESS 30%"
std::string to_text(const std::vector<PayRoute>& routes);

/// Whose signature changes the routes: the one with the largest part, the first of equals. So
/// somebody who gets a small part cannot turn the rest to himself.
const PayRoute& signer_of(const std::vector<PayRoute>& routes);

/// The text that the owner signs: one line, as wallets' boxes take it. It names chain, account,
/// addresses and a height, so it cannot be used for anything else, and not again (height_fits).
std::string change_message(pool::Chain chain, std::string_view account,
                           const std::vector<PayRoute>& routes, pool::Height height);

/// A message is good for a day: its height is at most 144 blocks below the tip and not above it,
/// and above that of every message that the account used before. Errors: invalid, with a sentence.
pool::Result<void> height_fits(pool::Height height, pool::Height tip, pool::Height last_used);

}  // namespace payouts
