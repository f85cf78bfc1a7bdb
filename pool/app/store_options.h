#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "payouts/account_book.h"
#include "payouts/payout_options.h"
#include "payouts/service.h"
#include "pool/app/config.h"
#include "pool/node/node_rpc_wallet.h"
#include "pool/share/redis_options.h"

namespace pool {

/// What the configuration means for the stores and for the ledger thread.
RedisOptions redis_options(const Config& config);
payouts::MysqlOptions mysql_options(const Config& config);
payouts::ServiceOptions service_options(const Config& config);
payouts::AccountBookOptions account_book_options(const Config& config);
payouts::PayoutOptions payout_options(const Config& config);
/// Errors: invalid, when payouts.node names no node.
Result<std::unique_ptr<Wallet>> payout_wallet(const Config& config);
/// Where admins' bans are kept: see ban_file.h.
std::filesystem::path bans_file(const Config& config);
/// The share streams of this server, one a Stratum loop.
std::vector<std::string> producer_names(const Config& config);

}  // namespace pool
