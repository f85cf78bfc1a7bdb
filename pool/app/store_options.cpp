#include "pool/app/store_options.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>

#include "pool/bitcoin/address.h"

namespace pool {
namespace {

std::size_t loop_count(const Config& config)
{
    if (config.stratum_loops > 0) return config.stratum_loops;
    const unsigned cores = std::thread::hardware_concurrency();
    return cores > 3 ? cores - 2 : 1;
}

}  // namespace

std::vector<std::string> producer_names(const Config& config)
{
    std::vector<std::string> names;
    for (std::size_t i = 0; i < loop_count(config); ++i) {
        names.push_back(config.server_id + "-" + std::to_string(i));
    }
    return names;
}

RedisOptions redis_options(const Config& config)
{
    RedisOptions options;
    options.socket = config.redis.socket;
    options.host = config.redis.host;
    options.port = config.redis.port;
    options.user = config.redis_user;
    options.password = config.redis_password;
    return options;
}

payouts::MysqlOptions mysql_options(const Config& config)
{
    return {.socket = config.mysql.socket,
            .host = config.mysql.host,
            .port = config.mysql.port,
            .user = config.mysql_user,
            .password = config.mysql_password,
            .database = config.mysql_database};
}

payouts::ServiceOptions service_options(const Config& config)
{
    payouts::ServiceOptions options;
    options.mysql = mysql_options(config);
    options.redis = redis_options(config);
    options.chain = config.chain;
    options.window_score = config.window_score;
    options.seed = config.window_seed;
    options.fee_bps = config.fee_bps;
    options.own_producers = producer_names(config);
    payouts::use_chain_defaults(options, config.chain);
    return options;
}

payouts::AccountBookOptions account_book_options(const Config& config)
{
    payouts::AccountBookOptions options;
    options.mysql = mysql_options(config);
    options.chain = config.chain;
    options.notice = std::chrono::hours{config.notice_hours};
    options.address_lock = std::chrono::hours{config.address_lock_hours};
    // The configuration was checked: an address that cannot be read has not come here.
    if (auto own = parse_address(config.payout_address, config.chain)) {
        options.own_script = std::move(own->script);
    }
    return options;
}

payouts::PayoutOptions payout_options(const Config& config)
{
    payouts::PayoutOptions options = config.payouts;
    options.mysql = mysql_options(config);
    options.chain = config.chain;
    options.holder = config.server_id;
    options.nodes_agree = config.nodes_agree;
    options.hold_file = (std::filesystem::path{config.data_dir} / "payouts.stop").string();
    options.mark_file = (std::filesystem::path{config.data_dir} / "payouts.mark").string();
    return options;
}

std::filesystem::path bans_file(const Config& config)
{
    return std::filesystem::path{config.data_dir} / "bans";
}

Result<std::unique_ptr<Wallet>> payout_wallet(const Config& config)
{
    NodeWalletOptions options;
    options.wallet = config.payout_wallet;
    bool found = false;
    for (const NodeOptions& node : config.nodes) {
        if (!found && (config.payout_node.empty() || config.payout_node == node.name)) {
            options.node = node;
            found = true;
        } else {
            options.others.push_back(node);
        }
    }
    if (!found) {
        return fail(Error::Code::invalid, "payouts.node is \"" + config.payout_node +
                                              "\", and no [[node]] has that name");
    }
    return make_node_wallet(std::move(options));
}

}  // namespace pool
