#include "pool/app/config_table.h"

#include <array>
#include <cmath>
#include <utility>

#include "pool/app/config_setters.h"

namespace pool {
namespace {

constexpr std::string_view wants_text = "must be a text in quotes";
constexpr std::string_view wants_bool = "must be true or false";

template <std::string Config::* Place>
std::string set_text(Config& config, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return std::string{wants_text};
    config.*Place = *text;
    return "";
}

std::string set_backup_command(Config& config, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return std::string{wants_text};
    if (!text->empty() && !text->starts_with('/')) return "must be an absolute path";
    config.backup_command = *text;
    return "";
}

template <StoreAddress Config::* Store, std::string StoreAddress::* Place>
std::string set_store_text(Config& config, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return std::string{wants_text};
    config.*Store.*Place = *text;
    return "";
}

template <StoreAddress Config::* Store>
std::string set_store_port(Config& config, const ConfigValue& value)
{
    const auto* number = std::get_if<std::int64_t>(&value);
    if (number == nullptr || *number < 1 || *number > 65535) {
        return "must be a port, 1 to 65535";
    }
    (config.*Store).port = static_cast<std::uint16_t>(*number);
    return "";
}

template <bool Config::* Place>
std::string set_bool(Config& config, const ConfigValue& value)
{
    const auto* yes = std::get_if<bool>(&value);
    if (yes == nullptr) return std::string{wants_bool};
    config.*Place = *yes;
    return "";
}

template <Endpoint Config::* Place>
std::string set_endpoint(Config& config, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return std::string{wants_text};
    const auto endpoint = parse_endpoint(*text);
    if (!endpoint) return "must be an address and a port such as \"127.0.0.1:3333\"";
    config.*Place = *endpoint;
    return "";
}

std::string set_chain(Config& config, const ConfigValue& value)
{
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return std::string{wants_text};
    const auto chain = parse_chain(*text);
    if (!chain) {
        std::string all = "must be one of main, testnet4, signet, regtest";
        if (text->starts_with("main")) return all + "; did you mean main?";
        if (text->starts_with("test")) return all + "; did you mean testnet4?";
        return all;
    }
    config.chain = *chain;
    return "";
}

// N has at most three decimals (docs/money.md), so that N * 10^18 is exact.
std::string set_window(Config& config, const ConfigValue& value)
{
    double n = 0;
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        n = static_cast<double>(*whole);
    } else if (const auto* real = std::get_if<double>(&value)) {
        n = *real;
    } else {
        return std::string{wants_number};
    }
    if (!std::isfinite(n) || n < 0.001 || n > 1000) return "must be between 0.001 and 1000";
    const auto thousandths = static_cast<std::uint64_t>(std::llround(n * 1000));
    if (std::abs(static_cast<double>(thousandths) - n * 1000) > 1e-6) {
        return "may have three decimals at most";
    }
    config.window_score = static_cast<U128>(thousandths) * 1'000'000'000'000'000U;
    return "";
}

template <std::vector<std::string> Config::* Place>
std::string set_texts(Config& config, const ConfigValue& value)
{
    const auto* list = std::get_if<std::vector<std::string>>(&value);
    if (list == nullptr) return "must be a list of texts";
    config.*Place = *list;
    return "";
}

std::string set_rpcauth(Config& config, const ConfigValue& value)
{
    const auto* lines = std::get_if<std::vector<std::string>>(&value);
    if (lines == nullptr) return "must be a list of texts";
    config.rpc_users.clear();
    for (const std::string& line : *lines) {
        auto user = rpc::parse_rpc_user(line);
        if (!user) return "is wrong: " + user.error().detail;
        config.rpc_users.push_back(std::move(*user));
    }
    return "";
}

/// It stands on pages as a link.
std::string set_explorer(Config& config, const ConfigValue& value)
{
    constexpr std::string_view place = "{txid}";
    constexpr std::size_t length_max = 200;
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return std::string{wants_text};
    const bool url = text->starts_with("https://") || text->starts_with("http://");
    const bool once = text->find(place) != text->npos && text->find(place) == text->rfind(place);
    const bool plain = std::all_of(text->begin(), text->end(), [](char c) {
        return c > ' ' && c < 0x7f &&
               std::string_view{"\"'<>\\^`"}.find(c) == std::string_view::npos;
    });
    if (!text->empty() && !(url && once && plain && text->size() <= length_max)) {
        return "must be a URL with {txid} in it, like \"https://mempool.space/tx/{txid}\"";
    }
    config.web_explorer = *text;
    return "";
}

/// Links that people are given begin with it.
std::string set_url(Config& config, const ConfigValue& value)
{
    constexpr std::size_t length_max = 200;
    const auto* text = std::get_if<std::string>(&value);
    if (text == nullptr) return std::string{wants_text};
    const std::size_t host = text->starts_with("https://")  ? 8
                             : text->starts_with("http://") ? 7
                                                            : text->npos;
    const bool plain = std::all_of(text->begin(), text->end(), [](char c) {
        return c > ' ' && c < '\x7f' && c != '"' && c != '<' && c != '>' && c != '#' && c != '?';
    });
    const bool whole = host != text->npos && text->size() > host && text->at(host) != '/';
    if (!text->empty() && !(whole && plain && text->size() <= length_max && text->back() != '/')) {
        return "must be a URL without a slash at its end, like \"https://pool.example\"";
    }
    config.web_url = *text;
    return "";
}

using C = Config;
using S = StoreAddress;
constexpr std::array table{
    ConfigOption{"network", "chain", "text", "\"main\"",
                 "main, testnet4, signet (whose challenge is OP_TRUE) or regtest", set_chain},
    ConfigOption{"pool", "payout_address", "text", "\"bc1q…\"",
                 "where found blocks pay; an address of the chain above (required)",
                 set_text<&C::payout_address>},
    ConfigOption{"pool", "coinbase_tag", "text", "\"/zubr/\"",
                 "short text in every coinbase, by which people know the pool",
                 set_text<&C::coinbase_tag>},
    ConfigOption{"pool", "data_dir", "text", "\"/var/lib/zubr\"",
                 "journals and found blocks; on a disk that survives (required)",
                 set_text<&C::data_dir>},
    ConfigOption{"pool", "server_id", "text", "\"a\"",
                 "names this server's share streams; another one for each server",
                 set_text<&C::server_id>},
    ConfigOption{"stratum", "listen", "text", "\"0.0.0.0:3333\"", "where miners connect",
                 set_endpoint<&C::stratum_listen>},
    ConfigOption{"stratum", "loops", "whole number", "0",
                 "threads that serve miners; 0 means the cores less two, one at least",
                 set_whole<&C::stratum_loops, 256>},
    ConfigOption{"stratum", "extranonce_server", "whole number", "0",
                 "first byte of every extranonce; another one for each server (0 to 255)",
                 set_whole<&C::extranonce_server, 255>},
    ConfigOption{"stratum", "hash_kernel", "text", "\"auto\"",
                 "how shares are hashed; auto measures at start, another name forces that one",
                 set_text<&C::hash_kernel>},
    ConfigOption{"stratum", "start_difficulty", "number", "65536",
                 "of a new connection; rounded down to a power of two, never above a block's",
                 set_difficulty<&C::start_difficulty>},
    ConfigOption{"stratum", "min_difficulty", "number", "0",
                 "what a miner may ask for at least; 0 means 1024, or the start if that is less",
                 set_difficulty<&C::min_difficulty>},
    ConfigOption{"stratum", "max_difficulty", "number", "4.6e18",
                 "what a miner may ask for at most", set_difficulty<&C::max_difficulty>},
    ConfigOption{"stratum", "vary_difficulty", "true or false", "true",
                 "follow each miner's share rate; false keeps to the start or the miner's hint",
                 set_bool<&C::vary_difficulty>},
    ConfigOption{"stratum", "resume", "true or false", "false",
                 "who reconnects with a session id within ten minutes gets its extranonce back",
                 set_bool<&C::stratum_resume>},
    ConfigOption{"stratum", "v2", "true or false", "true",
                 "answer Stratum v2 on the same port, too", set_bool<&C::stratum_v2>},
    ConfigOption{"stratum", "declare_jobs", "true or false", "false",
                 "Stratum v2 miners may put blocks together themselves (coinbase-only mode)",
                 set_bool<&C::declare_jobs>},
    ConfigOption{"stratum", "v2_identity", "text", "\"\"",
                 "file made by `zubrd keygen`; empty: this server keeps the authority's key",
                 set_text<&C::v2_identity>},
    ConfigOption{"stratum", "shares_per_minute", "whole number", "10",
                 "what the difficulty of a connection is steered to (1 to 1000)",
                 set_whole<&C::shares_per_minute, 1000>},
    ConfigOption{"stratum", "proxies", "list of texts", "[]",
                 "networks whose PROXY headers (v1, v2) are believed, such as \"10.0.0.5/32\"",
                 set_texts<&C::proxies>},
    ConfigOption{"stratum", "proxy_only", "true or false", "false",
                 "turn away who sends no PROXY header", set_bool<&C::proxy_only>},
    ConfigOption{
        "stratum", "tls_certificate", "text", "\"\"",
        "PEM file with the chain; with a key the same ports speak TLS, too. SIGHUP reloads",
        set_text<&C::tls_certificate>},
    ConfigOption{"stratum", "tls_key", "text", "\"\"", "PEM file", set_text<&C::tls_key>},
    ConfigOption{
        "stratum", "drain_seconds", "whole number", "3",
        "at a stop or drain: miners are asked to connect again one by one within this time",
        set_whole<&C::drain_seconds, 3600>},
    ConfigOption{
        "work", "empty_first", "true or false", "true",
        "on a new block, an empty job at once and the full one as soon as the node gives it",
        set_bool<&C::empty_first>},
    ConfigOption{"work", "refresh_seconds", "whole number", "30",
                 "a job at least this often (5 to 55: miners give up after a silent minute)",
                 set_between<&C::refresh_seconds, 5, 55>},
    ConfigOption{"work", "look_seconds", "whole number", "10",
                 "a look for better fees at least this often; each costs the node some work",
                 set_between<&C::look_seconds, 1, 55>},
    ConfigOption{"work", "richer_sat", "whole number", "10000",
                 "a job before its time when a block would pay so many satoshi more …",
                 set_whole<&C::richer_sat, 4'000'000'000>},
    ConfigOption{"work", "richer_percent", "whole number", "1", "… and so many per cent",
                 set_whole<&C::richer_percent, 100>},
    ConfigOption{"work", "nodes_agree", "whole number", "1",
                 "a block of ours stands where so many nodes that take blocks say it does",
                 set_between<&C::nodes_agree, 1, 16>},
    ConfigOption{
        "work", "disagree_seconds", "whole number", "30",
        "nodes on different tips for so long are an alarm, and a tip that only a silent node "
        "holds gives way to a lower one after as long",
        set_between<&C::disagree_seconds, 1, 3600>},
    ConfigOption{"work", "lost_seconds", "whole number", "120",
                 "without a template on our tip for so long miners are told; when no node answers, "
                 "no more jobs",
                 set_between<&C::lost_seconds, 5, 3600>},
    ConfigOption{"redis", "socket", "text", "\"\"", "unix socket; wins over host and port",
                 set_store_text<&C::redis, &S::socket>},
    ConfigOption{"redis", "host", "text", "\"127.0.0.1\"", "", set_store_text<&C::redis, &S::host>},
    ConfigOption{"redis", "port", "whole number", "6379", "", set_store_port<&C::redis>},
    ConfigOption{"redis", "user", "text", "\"\"", "of Redis' ACL; empty: its default user",
                 set_text<&C::redis_user>},
    ConfigOption{"redis", "password", "text", "\"\"", "requirepass, or that user's; empty: none",
                 set_text<&C::redis_password>},
    ConfigOption{"redis", "password_file", "text", "\"\"", "or a file with nothing else in it",
                 set_text<&C::redis_password_file>},
    ConfigOption{"redis", "require_persistence", "true or false", "true",
                 "refuse to start on a Redis without appendonly",
                 set_bool<&C::redis_require_persistence>},
    ConfigOption{"redis", "unbooked_max", "whole number", "2000000",
                 "records of one loop that Redis holds while MySQL does not take them, 110 bytes "
                 "each; more wait in the journal",
                 set_between<&C::redis_unbooked_max, 1000, 100'000'000>},
    ConfigOption{"mysql", "socket", "text", "\"\"", "unix socket; wins over host and port",
                 set_store_text<&C::mysql, &S::socket>},
    ConfigOption{"mysql", "host", "text", "\"127.0.0.1\"", "", set_store_text<&C::mysql, &S::host>},
    ConfigOption{"mysql", "port", "whole number", "3306", "", set_store_port<&C::mysql>},
    ConfigOption{"mysql", "user", "text", "\"zubr\"", "", set_text<&C::mysql_user>},
    ConfigOption{"mysql", "password", "text", "\"\"", "", set_text<&C::mysql_password>},
    ConfigOption{"mysql", "password_file", "text", "\"\"", "or a file with nothing else in it",
                 set_text<&C::mysql_password_file>},
    ConfigOption{"mysql", "database", "text", "\"zubr\"", "", set_text<&C::mysql_database>},
    ConfigOption{"pplns", "window", "number", "2",
                 "N: the window is the newest N network difficulties of score; what the books "
                 "begin with, later 'zubr-cli setwindow'",
                 set_window},
    ConfigOption{"pplns", "seed", "true or false", "false",
                 "the reserve owns the window before the first share (docs/money.md)",
                 set_bool<&C::window_seed>},
    ConfigOption{"pplns", "fee_bps", "whole number", "100",
                 "the pool's fee in hundredths of a per cent; what the books begin with, later "
                 "'zubr-cli setfee'",
                 set_whole<&C::fee_bps, 10'000>},
    ConfigOption{
        "accounts", "address_lock_hours", "whole number", "72",
        "from the proof of a change of payout addresses until it holds; nothing is paid to "
        "the account meanwhile",
        set_whole<&C::address_lock_hours, 8'760>},
    ConfigOption{"accounts", "notice_hours", "whole number", "24",
                 "so long ahead a higher fee or another pplns.window is announced",
                 set_whole<&C::notice_hours, 8'760>},
    ConfigOption{"web", "listen", "text", "\"127.0.0.1:8080\"", "pages, API, /metrics",
                 set_endpoint<&C::web_listen>},
    ConfigOption{"web", "url", "text", "\"\"",
                 "where people reach the pages, like https://pool.example: links that createtoken "
                 "makes begin with it; empty: with web.listen as this machine sees it",
                 set_url},
    ConfigOption{"web", "requests_per_second", "whole number", "50",
                 "to the API, of one address on the long run; 0 means any number",
                 set_whole<&C::web_requests_per_second, 1'000'000>},
    ConfigOption{"web", "connections_per_address", "whole number", "64",
                 "of one IPv4 address or IPv6 /64 but this machine's own; 0 means any number",
                 set_whole<&C::web_connections_per_address, 1'000'000>},
    ConfigOption{"web", "connections_per_prefix", "whole number", "256",
                 "of an IPv4 /24 or an IPv6 /48, as above; a quarter of all that there are",
                 set_whole<&C::web_connections_per_prefix, 1'000'000>},
    ConfigOption{
        "web", "questions_per_address", "whole number", "8",
        "of one IPv4 address or IPv6 /64 but this machine's own, that wait for the pool or "
        "the books at once; 0 means any number",
        set_whole<&C::web_questions_per_address, 1'000'000>},
    ConfigOption{"web", "questions_per_prefix", "whole number", "32",
                 "of an IPv4 /24 or an IPv6 /48, as above",
                 set_whole<&C::web_questions_per_prefix, 1'000'000>},
    ConfigOption{"web", "explorer", "text", "\"\"",
                 "where people look at a payout's transaction, with {txid} for it, like "
                 "https://mempool.space/tx/{txid}; empty: txids are no links",
                 set_explorer},
    ConfigOption{"admin", "listen", "text", "\"127.0.0.1:8337\"",
                 "admin RPC; keep it on this machine", set_endpoint<&C::admin_listen>},
    ConfigOption{
        "admin", "allow", "list of texts", "[]",
        "networks that may ask there, besides knowing a password: \"10.0.0.0/8\"; empty: all",
        set_texts<&C::admin_allow>},
    ConfigOption{"admin", "socket", "text", "\"\"",
                 "path of a unix socket that answers as admin.listen does, to this machine's group "
                 "only (mode 0660); empty: none",
                 set_text<&C::admin_socket>},
    ConfigOption{"admin", "backup_command", "text", "\"\"",
                 "absolute path of the program that 'zubr-cli backupnow' runs; empty: none",
                 set_backup_command},
    ConfigOption{"admin", "worker_metrics", "whole number", "0",
                 "of so many workers /metrics/workers shows figures, the strongest first; asks for "
                 "a user as the RPC does; 0: there is no such page",
                 set_whole<&C::worker_metrics, 20'000>},
    ConfigOption{"admin", "cookie_file", "text", "\"\"", "empty means data_dir/.cookie",
                 set_text<&C::cookie_file>},
    ConfigOption{"admin", "rpcauth", "list of texts", "[]", "\"user:salt$hmac:role\", one a user",
                 set_rpcauth},
};

}  // namespace

std::span<const ConfigOption> config_options()
{
    static const std::vector<ConfigOption> all = [] {
        std::vector<ConfigOption> both(table.begin(), table.end());
        for (const auto more :
             {limit_config_options(), log_config_options(), payout_config_options()}) {
            both.insert(both.end(), more.begin(), more.end());
        }
        return both;
    }();
    return all;
}

}  // namespace pool
