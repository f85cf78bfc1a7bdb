#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "payouts/mysql_options.h"
#include "payouts/payout_rules.h"
#include "pool/base/types.h"

namespace payouts {

struct PayoutOptions {
    MysqlOptions mysql;
    pool::Chain chain = pool::Chain::regtest;
    std::string holder;                       ///< of the lease: this server's name
    std::chrono::milliseconds lease{10'000};  ///< another server takes over after so long
    PayoutCaps caps;
    FeePayer fee_payer = FeePayer::pool;
    bool offline = false;              ///< batches are signed elsewhere
    std::uint32_t nodes_agree = 1;     ///< so many must have a transaction deep to settle it
    std::uint32_t fee_blocks = 6;      ///< aim of the fee estimate
    std::uint32_t fee_rate_usual = 5;  ///< satoshi a virtual byte, when the node cannot estimate
    std::chrono::hours every{0};       ///< everyone is drafted so often; 0: never
    std::string hold_file;             ///< payouts stand still while it exists; empty: none
    std::string mark_file;             ///< what books this server has paid from; empty: none
    pool::Sats hot_wallet_max{};       ///< above it the wallet is reported; 0: never
    std::chrono::milliseconds resend{30'000};
    /// Told at each step that a crash could follow; tests end the process there.
    std::function<void(std::string_view)> on_point;
};

}  // namespace payouts
