#include <array>
#include <chrono>

#include "pool/app/config_setters.h"
#include "pool/app/config_table.h"

// [payouts]: who is paid, from which wallet, and what is never passed.
namespace pool {
namespace {

template <std::string Config::* Place>
std::string set_name(Config& config, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return "must be a text in quotes";
    config.*Place = *text;
    return "";
}

using Caps = payouts::PayoutCaps;

std::string read_sats(Sats& place, const ConfigValue& value)
{
    constexpr std::int64_t all_coins = 2'100'000'000'000'000;
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr) return std::string{wants_whole};
    if (*number < 0 || *number > all_coins) return "must be an amount in satoshi";
    place = Sats{*number};
    return "";
}

template <Sats Caps::* Place>
std::string set_cap(Config& config, const ConfigValue& value)
{
    return read_sats(config.payouts.caps.*Place, value);
}

std::string set_hot_wallet_max(Config& config, const ConfigValue& value)
{
    return read_sats(config.payouts.hot_wallet_max, value);
}

std::string read_number(std::uint32_t& place, const ConfigValue& value, std::int64_t most)
{
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr) return std::string{wants_whole};
    if (*number < 1 || *number > most) return "must be between 1 and " + std::to_string(most);
    place = static_cast<std::uint32_t>(*number);
    return "";
}

template <std::uint32_t payouts::PayoutOptions::* Place, std::int64_t Max>
std::string set_payout_number(Config& config, const ConfigValue& value)
{
    return read_number(config.payouts.*Place, value, Max);
}

std::string set_fee_rate_max(Config& config, const ConfigValue& value)
{
    constexpr std::int64_t most = 100'000;
    return read_number(config.payouts.caps.fee_rate_max, value, most);
}

std::string set_payout_hours(Config& config, const ConfigValue& value)
{
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr) return std::string{wants_whole};
    if (*number < 0 || *number > 8'760) return "must be between 0 and 8760";
    config.payouts.every = std::chrono::hours{*number};
    return "";
}

std::string set_fee_payer(Config& config, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr || (*text != "pool" && *text != "recipients")) {
        return "must be \"pool\" or \"recipients\"";
    }
    config.payouts.fee_payer =
        *text == "pool" ? payouts::FeePayer::pool : payouts::FeePayer::recipients;
    return "";
}

std::string set_payout_sign(Config& config, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr || (*text != "wallet" && *text != "offline")) {
        return "must be \"wallet\" or \"offline\"";
    }
    config.payouts.offline = *text == "offline";
    return "";
}

constexpr std::array table{
    ConfigOption{"payouts", "wallet", "text", "\"\"",
                 "name of the node's wallet that miners are paid from; empty: nobody is paid",
                 set_name<&Config::payout_wallet>},
    ConfigOption{"payouts", "node", "text", "\"\"",
                 "name of the [[node]] that has the wallet; empty: the first",
                 set_name<&Config::payout_node>},
    ConfigOption{"payouts", "sign", "text", "\"wallet\"",
                 "wallet (the node's keys), or offline (exportpsbt, importpsbt)", set_payout_sign},
    ConfigOption{"payouts", "fee_payer", "text", "\"pool\"",
                 "who pays the network's fee: pool, or recipients in proportion", set_fee_payer},
    ConfigOption{"payouts", "every_hours", "whole number", "0",
                 "a draft for two approvers so often; 0: drafts are made by hand only",
                 set_payout_hours},
    ConfigOption{"payouts", "minimum_sat", "whole number", "100000",
                 "accounts without a minimum of their own are paid from here on",
                 set_cap<&Caps::minimum>},
    ConfigOption{"payouts", "floor_sat", "whole number", "10000",
                 "no account's own minimum counts below this", set_cap<&Caps::floor>},
    ConfigOption{"payouts", "account_max_sat", "whole number", "500000000",
                 "one account in one payout; above it waits for people. 0 means no limit",
                 set_cap<&Caps::account_max>},
    ConfigOption{"payouts", "batch_max_sat", "whole number", "1000000000",
                 "one payout; 0 means no limit", set_cap<&Caps::batch_max>},
    ConfigOption{"payouts", "day_max_sat", "whole number", "2000000000",
                 "all payouts of 24 hours; 0 means no limit", set_cap<&Caps::day_max>},
    ConfigOption{"payouts", "fee_max_sat", "whole number", "500000",
                 "the network's fee of one transaction", set_cap<&Caps::fee_max>},
    ConfigOption{"payouts", "fee_rate_max", "whole number", "200",
                 "satoshi a virtual byte, at most", set_fee_rate_max},
    ConfigOption{"payouts", "fee_rate", "whole number", "5",
                 "satoshi a virtual byte when the node cannot estimate",
                 set_payout_number<&payouts::PayoutOptions::fee_rate_usual, 100'000>},
    ConfigOption{"payouts", "fee_blocks", "whole number", "6",
                 "the fee is the node's estimate to be mined within so many blocks (1 to 1008)",
                 set_payout_number<&payouts::PayoutOptions::fee_blocks, 1008>},
    ConfigOption{"payouts", "hot_wallet_max_sat", "whole number", "0",
                 "an alarm, and no more, when the wallet holds more; 0 means no limit",
                 set_hot_wallet_max},
};

}  // namespace

std::span<const ConfigOption> payout_config_options() { return table; }

}  // namespace pool
