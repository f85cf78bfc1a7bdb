#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/share/share.h"

namespace stratum {

/// Registered account names ([a-z0-9_-]{3,32}) and their rows. Immutable once published: loops
/// hold it as `std::shared_ptr<const AccountDirectory>` and are given a new one on a change.
using AccountDirectory = std::unordered_map<std::string, pool::AccountId>;

inline constexpr std::size_t user_name_bytes_max = 192;
inline constexpr std::size_t worker_bytes_max = 64;

struct UserName {
    pool::AccountKey account;
    std::string worker;  ///< 1 ..= 64 characters of [A-Za-z0-9._:+=@-]
};

/// Reads what a miner gives as its user name (charter, decision 13).
///
/// Split at the first '.': left is a payout address of `chain` or a registered name, right is the
/// worker. Without a '.', what stands before the first '_' is the account if it is a valid
/// address. Blanks around it are ignored; names are found in either case. Pure.
///
/// Errors, each a sentence fit for the miner: invalid (empty, longer than 192 bytes), not_found
/// (neither address nor account), refused (an address of another chain).
pool::Result<UserName> parse_user_name(std::string_view text, pool::Chain chain,
                                       const AccountDirectory& directory);

/// Without the blanks around it, which parse_user_name ignores: of a name that it takes at most
/// user_name_bytes_max bytes are left.
std::string_view trimmed_user_name(std::string_view text);

/// Everything outside [A-Za-z0-9._:+=@-] becomes '_', byte by byte; cut at 64; "" is "default".
std::string fold_worker(std::string_view text);

}  // namespace stratum
