#pragma once

#include <string>

#include "rpc/account_control.h"
#include "rpc/router.h"

namespace rpc {

/// Puts the methods about accounts' settings into the router's table. `accounts` outlives all
/// calls.
void register_account_methods(Router& router, AccountControl& accounts);
/// Those about fees, donations and N.
void register_terms_methods(Router& router, AccountControl& accounts);
/// Those about farms' sites.
void register_site_methods(Router& router, AccountControl& accounts);
/// Those about who may see an account.
/// web_url: where people reach the pages, "" when that is not known.
void register_token_methods(Router& router, AccountControl& accounts, const std::string& web_url);

/// May this caller approve what moves money? Approvers only: an admin, and whoever can read the
/// cookie on the server's disk, may not.
bool may_approve(const Caller& caller);

}  // namespace rpc
