#pragma once

#include <string>
#include <vector>

#include "payouts/payout_service.h"

/// Payouts as JSON. Pure.
namespace rpc {

/// With items, approvals and transactions.
std::string batch_json(const payouts::PayoutBatch& batch);
std::string batches_json(const std::vector<payouts::PayoutBatch>& batches);
std::string hold_json(const payouts::HoldState& hold);
std::string funds_json(const payouts::FundsCheck& check);
/// payouts: the newest first.
std::string overview_json(const payouts::HoldState& hold,
                          const std::vector<payouts::PayoutBatch>& payouts,
                          const payouts::FundsCheck& funds);
std::string coin_json(const payouts::CoinEntry& entry);
std::string coins_json(const std::vector<payouts::CoinEntry>& entries);

}  // namespace rpc
