#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "payouts/account_sheet.h"
#include "payouts/account_token.h"
#include "rpc/pool_view.h"

namespace rpc {

/// Settings of accounts as JSON text: amounts in satoshi, parts in hundredths of a per cent, times
/// whole seconds since 1970.
std::string sheet_json(const payouts::AccountSheet& sheet);
std::string change_json(const payouts::AddressChange& change);
std::string terms_json(const payouts::PoolTerms& terms);
/// What of them is in force; the minimum is not theirs.
TermsInfo terms_now(const payouts::PoolTerms& terms);
/// {"from_slot": …, "from": …}
std::string slot_json(std::uint64_t slot);
std::string waiting_json();  ///< nothing has changed before another person asks for the same
std::string sites_json(const payouts::SiteSheet& sheet);
std::string question_json(const payouts::AddressQuestion& question);
/// With its secret.
/// web_url: what its link begins with; may be empty.
std::string new_token_json(std::string_view account, const payouts::NewToken& made,
                           std::string_view web_url);
std::string tokens_json(const std::vector<payouts::AccountToken>& tokens);

}  // namespace rpc
