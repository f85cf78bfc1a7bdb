#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/account_sheet.h"
#include "payouts/mysql_connection.h"
#include "payouts/site_rules.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"

/// Sites in MySQL. Statements only.
namespace payouts {

/// Goes up with every rule that is made. Inside a transaction that holds the books' row
/// (read_sealed_through) no rule is made until its end.
pool::Result<std::uint64_t> read_site_version(MysqlConnection& db);
/// All rules, in the order in which they were made.
pool::Result<SiteRules> read_site_rules(MysqlConnection& db);

/// The id of an account's site; makes it. "main": main_site.
pool::Result<std::uint64_t> ensure_site(MysqlConnection& db, pool::AccountId account,
                                        std::string_view name);
/// Sums of an account's sites since `first_slot`, open slots included, "main" first.
pool::Result<std::vector<SiteSum>> read_site_sums(MysqlConnection& db, pool::AccountId account,
                                                  std::uint64_t first_slot);
/// Errors: not_found.
pool::Result<std::uint64_t> find_site(MysqlConnection& db, pool::AccountId account,
                                      std::string_view name);
/// by, at: for people. Inside a transaction that holds the books' row.
pool::Result<void> insert_site_rule(MysqlConnection& db, const SiteRule& rule, std::string_view by,
                                    pool::UnixMillis at);

}  // namespace payouts
