#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "payouts/payout_options.h"
#include "pool/base/log.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/base/uint256.h"
#include "pool/bitcoin/address.h"
#include "pool/node/node_rpc.h"
#include "pool/runtime/tcp.h"
#include "rpc/auth.h"
#include "rpc/webhook_body.h"
#include "stratum/gate.h"

namespace pool {

/// Where a store listens: a unix socket, or host and port.
struct StoreAddress {
    std::string socket;
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
};

/// A further port for miners; what it does not say is as [stratum] says.
struct ListenerConfig {
    Endpoint listen;
    std::optional<double> start_difficulty;
    std::optional<double> min_difficulty;
    std::optional<double> max_difficulty;
    std::optional<std::uint32_t> shares_per_minute;
    std::optional<bool> vary_difficulty;
    std::uint32_t extranonce2_bytes = 8;
    bool tls_only = false;
    bool proxy_only = false;
    std::vector<std::string> proxies;
};

/// Whom to tell what happens; see rpc/webhook_body.h.
struct WebhookConfig {
    std::string url;
    std::string host;         ///< of the URL, for logs: the rest may be a secret
    std::string secret;       ///< signs; empty: unsigned
    std::string url_file;     ///< has the URL instead
    std::string secret_file;  ///< likewise
    rpc::WebhookFormat format = rpc::WebhookFormat::json;
    std::vector<std::string> events;  ///< names; empty: all
    std::string chat;                 ///< whom a Telegram bot tells; empty for other formats
};

/// An option as it is set, for admins.
struct ConfigLine {
    std::string name;    ///< "stratum.listen", "node[1].url"
    std::string value;   ///< JSON; of secrets "***", or "" where none is set
    std::string source;  ///< "default", or where it stands: "zubr.toml:12", "--set", …
};

/// All that an operator may set, checked. Read once in app.cpp and turned into the small option
/// structs of the parts; no module sees it, none reads the environment.
struct Config {
    Chain chain = Chain::main;

    std::string payout_address;
    Address payout;  ///< of payout_address, checked against the chain
    std::string coinbase_tag = "/zubr/";
    std::string data_dir;
    std::string server_id = "a";

    std::vector<NodeOptions> nodes;

    bool empty_first = true;
    std::uint32_t refresh_seconds = 30;
    std::uint32_t look_seconds = 10;
    std::uint32_t richer_sat = 10'000;
    std::uint32_t richer_percent = 1;
    std::uint32_t nodes_agree = 1;
    std::uint32_t disagree_seconds = 30;
    std::uint32_t lost_seconds = 120;

    Endpoint stratum_listen{"0.0.0.0", 3333};
    std::uint32_t stratum_loops = 0;  ///< 0: max(1, cores - 2)
    std::uint32_t extranonce_server = 0;
    std::string hash_kernel = "auto";
    double start_difficulty = 65536;
    double min_difficulty = 0;
    double max_difficulty = 4.6e18;
    bool vary_difficulty = true;
    bool stratum_resume = false;
    bool stratum_v2 = true;
    bool declare_jobs = false;
    std::string v2_identity;  ///< empty: the pool is its own authority
    std::uint32_t shares_per_minute = 10;
    std::vector<ListenerConfig> listeners;
    std::vector<std::string> proxies;  ///< networks that may send PROXY headers
    bool proxy_only = false;
    std::string tls_certificate;
    std::string tls_key;
    std::uint32_t drain_seconds = 3;

    std::vector<std::string> network_rules;  ///< as given
    stratum::GateOptions gate;               ///< its networks: network_rules, read
    std::uint32_t handshaking_max = 8192;
    std::uint32_t workers_max = 1000;
    std::uint32_t worker_names_max = 10'000;
    std::uint32_t new_accounts_max = 50'000;
    std::uint32_t bad_shares_max = 160;
    std::uint32_t stale_shares_max = 224;
    std::uint32_t easy_shares = 5000;
    std::uint32_t line_bytes = 8192;
    std::uint32_t line_bytes_handshake = 4096;
    std::uint32_t json_depth = 6;
    std::uint32_t json_values = 256;
    std::uint32_t job_line_bytes = 3584;
    double withheld_blocks = 7;
    std::uint32_t block_answer_ms = 20;
    std::uint32_t lines_per_second = 10'000;
    std::uint32_t write_queue_kib = 256;
    std::uint32_t write_stall_seconds = 60;
    std::uint32_t first_line_seconds = 15;
    std::uint32_t subscribe_seconds = 30;
    std::uint32_t authorize_seconds = 60;
    std::uint32_t line_seconds = 15;
    std::uint32_t bad_requests = 32;
    std::uint32_t shed_seconds = 3;
    std::uint32_t idle_minutes = 30;

    StoreAddress redis{"", "127.0.0.1", 6379};
    std::string redis_user;      ///< of Redis' ACL; empty: its default user
    std::string redis_password;  ///< empty: it wants none
    std::string redis_password_file;
    bool redis_require_persistence = true;
    std::uint32_t redis_unbooked_max = 2'000'000;
    StoreAddress mysql{"", "127.0.0.1", 3306};
    std::string mysql_user = "zubr";
    std::string mysql_password;
    std::string mysql_password_file;
    std::string mysql_database = "zubr";

    U128 window_score = 0;  ///< N in units of 10^-18
    bool window_seed = false;
    std::uint32_t fee_bps = 100;
    std::uint32_t address_lock_hours = 72;
    std::uint32_t notice_hours = 24;

    std::string payout_wallet;  ///< empty: this server pays nobody
    std::string payout_node;    ///< which [[node]] has the wallet; empty: the first
    payouts::PayoutOptions payouts;

    Endpoint web_listen{"127.0.0.1", 8080};
    std::uint32_t web_requests_per_second = 50;
    std::uint32_t web_connections_per_address = 64;
    std::uint32_t web_connections_per_prefix = 256;
    std::uint32_t web_questions_per_address = 8;
    std::uint32_t web_questions_per_prefix = 32;
    std::string web_url;       ///< "https://pool.example"; empty: nobody knows
    std::string web_explorer;  ///< "https://…{txid}…"; empty: txids are no links
    std::vector<WebhookConfig> webhooks;

    Endpoint admin_listen{"127.0.0.1", 8337};
    std::vector<std::string> admin_allow;  ///< networks; empty: all
    std::string admin_socket;              ///< empty: none
    std::string backup_command;            ///< empty: none
    std::uint32_t worker_metrics = 0;      ///< workers on /metrics/workers; 0: none
    std::string cookie_file;               ///< empty: data_dir/.cookie
    std::vector<rpc::RpcUser> rpc_users;

    log::Level log_level = log::Level::info;
    std::map<log::Part, log::Level> log_levels;  ///< of parts that have one of their own
    log::Format log_format = log::Format::text;

    std::vector<ConfigLine> lines;  ///< of all of the above, as it was given
};

/// What stands on the command line and in the environment, beside the file.
struct ConfigSources {
    std::string file;
    std::vector<std::string> sets;  ///< "section.key=value", strongest
    /// ZUBR_SECTION__KEY, ZUBR_NODE1__KEY, and systemd's CREDENTIALS_DIRECTORY.
    std::map<std::string, std::string> environment;
};

/// Reads and checks a configuration: default < file < environment < set. A secret that none of them
/// tells is read from the file that its option with "_file" names, or is a credential of systemd's.
///
/// Errors: invalid, always one sentence that says where and what to do: an unknown key with its
/// line and the nearest name, a wrong type, a value out of range, a payout address of another
/// chain; io, when the file can't be read.
Result<Config> load_config(const ConfigSources& sources);

/// Where people reach the web pages: web.url; without one, what web.listen is to this machine.
std::string pages_url(const Config& config);

/// Every option as it is set, as it would stand in a file, with where that was said behind it;
/// secrets are "***".
std::string config_as_set(const Config& config);

/// The example file: every option with its default and its explanation.
std::string example_config();

}  // namespace pool
