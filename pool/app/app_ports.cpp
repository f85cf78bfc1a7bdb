#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "pool/app/app_parts.h"
#include "pool/app/store_options.h"
#include "pool/app/stratum_options.h"
#include "pool/base/log.h"
#include "pool/runtime/this_thread.h"
#include "rpc/account_methods.h"
#include "rpc/methods.h"
#include "rpc/payout_methods.h"

// What listens: miners' ports, the web, the admin.
namespace pool {
namespace {

/// Is an address in one of these networks? They were checked.
std::function<bool(const std::string&)> holder_of(const std::vector<std::string>& networks)
{
    std::vector<stratum::Network> all;
    for (const std::string& each : networks) {
        if (const auto network = stratum::parse_network(each)) all.push_back(*network);
    }
    return [all = std::move(all)](const std::string& host) {
        const auto address = stratum::parse_ip(host);
        return address && std::any_of(all.begin(), all.end(), [&](const stratum::Network& each) {
                   return each.holds(*address);
               });
    };
}

}  // namespace

// At the start, and on SIGHUP: new connections get the new certificate.
Result<void> App::Parts::load_tls()
{
    if (config.tls_certificate.empty()) return {};
    auto tls = stratum::TlsContext::load(config.tls_certificate, config.tls_key);
    if (!tls) return fail(tls.error());
    for (const auto& loop : loops) loop->set_tls(*tls);
    log::info("certificate_loaded", {{"file", config.tls_certificate}});
    return {};
}

Result<void> App::Parts::start_stratum(std::uint16_t& port)
{
    std::vector<std::uint16_t> ports;
    for (const Endpoint& each : stratum_endpoints(config)) {
        if (auto free = check_free(each); !free) return free;
    }
    for (const auto& loop : loops) {
        auto opened = loop->start(registered_names, ports, [this](const BlockCandidate& candidate) {
            submitter->found(candidate);
        });
        if (!opened) return fail(opened.error());
        ports = *opened;  // where the kernel chose one, the others take the same
    }
    if (auto loaded = load_tls(); !loaded) return loaded;
    port = ports.front();
    for (const std::uint16_t each : ports) {
        log::info("stratum_listening", {{"port", each}, {"loops", loops.size()}});
    }
    return {};
}

// What asks the loops from outside: how they do, how late they are, and whether they live.
void App::Parts::watch_loops(const std::vector<StratumLoop*>& plain)
{
    std::vector<Live::Source> sources;
    for (StratumLoop* const loop : plain) {
        sources.push_back({loop->producer(), [loop](std::function<void(LoopSnapshot)> done) {
                               loop->snapshot(std::move(done));
                           }});
    }
    live = std::make_unique<Live>(
        rpc_loop, core, [this] { return Live::Work{desk->status(), desk->nodes()}; },
        std::move(sources), Live::Times{});
    std::vector<LoopLag::Target> targets{
        {"core", [this](std::function<void()> task) { core.post(std::move(task)); }}};
    for (StratumLoop* const loop : plain) {
        targets.push_back({loop->producer(),
                           [loop](std::function<void()> task) { loop->ping(std::move(task)); }});
    }
    lag = std::make_unique<LoopLag>(rpc_loop, std::move(targets));
    std::vector<Pulse> pulses;
    for (StratumLoop* const loop : plain) {
        pulses.push_back({[loop] { return loop->over(); },
                          [loop](std::function<void()> done) { loop->ping(std::move(done)); }});
    }
    heartbeat = std::make_unique<Heartbeat>(rpc_loop, core, std::move(pulses),
                                            ServiceManager::of_environment());
}

Result<void> App::Parts::open_rpc()
{
    auto queries = payouts::Queries::open(mysql_options(config));
    if (!queries) return fail(queries.error());
    payouts::MysqlOptions patient = mysql_options(config);
    patient.patience = payouts::MysqlOptions::hours_of_reading;
    auto audits = payouts::Queries::open(patient);
    if (!audits) return fail(audits.error());
    auto history = payouts::History::open(mysql_options(config));
    if (!history) return fail(history.error());
    auto made = rpc::CookieFile::create(config.cookie_file);
    if (!made) return fail(made.error());
    cookie = std::move(*made);
    auth = std::make_unique<rpc::Authenticator>(config.rpc_users, cookie->secret());
    const std::string authority =
        v2 ? stratum::v2::encode_authority(v2->identity()->authority) : std::string{};
    std::vector<const Node*> asked;
    for (const auto& node : nodes) asked.push_back(node.get());
    std::vector<StratumLoop*> plain;
    for (const auto& loop : loops) plain.push_back(loop.get());
    watch_loops(plain);
    if (auto opened = open_accounts(); !opened) return opened;
    retarget = std::make_unique<RetargetWatch>(rpc_loop, config.chain, config.nodes.front());
    view = std::make_unique<View>(
        View::Parts{.rpc_loop = rpc_loop,
                    .live = *live,
                    .lag = *lag,
                    .books = *books,
                    .queries = std::move(*queries),
                    .audits = std::move(*audits),
                    .history = std::move(*history),
                    .loops = plain,
                    .gate = *gate,
                    .nodes = asked,
                    .accounts = *accounts,
                    .retarget = *retarget,
                    .minimum_payout = config.payouts.caps.minimum,
                    .payouts_every =
                        config.payout_wallet.empty() ? std::chrono::hours{0} : config.payouts.every,
                    .explorer = config.web_explorer,
                    .withheld_blocks = config.withheld_blocks,
                    .stop = [] { ::kill(::getpid(), SIGTERM); }},
        Identity{.version = version,
                 .chain = config.chain,
                 .stratum_port = 0,
                 .tls = !config.tls_certificate.empty(),
                 .v2_authority = authority,
                 .web_port = 0,
                 .started = read_clock().steady});
    miners = std::make_unique<Miners>(rpc_loop, *gate, plain, bans_file(config));
    status_teller = std::make_unique<StatusTeller>(
        rpc_loop, [this](auto done) { view->pool_info(std::move(done)); },
        ServiceManager::of_environment());
    work_control = std::make_unique<WorkControl>(rpc_loop, core, *desk);
    server_control = std::make_unique<ServerControl>(rpc_loop, config);
    register_methods();
    open_webhooks();
    if (auto opened = open_payouts(); !opened) return opened;
    if (auto opened = open_audit(); !opened) return opened;
    return open_doors();
}

Result<void> App::Parts::open_doors()
{
    rpc::ServerOptions options{.admin = config.admin_listen, .web = config.web_listen};
    options.admin_socket = config.admin_socket;
    if (!config.admin_allow.empty()) options.admin_allows = holder_of(config.admin_allow);
    options.auditor = auditor.get();
    options.worker_metrics = config.worker_metrics;
    options.requests_per_second = config.web_requests_per_second;
    options.connections_per_address = config.web_connections_per_address;
    options.connections_per_prefix = config.web_connections_per_prefix;
    options.questions_per_address = config.web_questions_per_address;
    options.questions_per_prefix = config.web_questions_per_prefix;
    auto opened = rpc::Server::start(rpc_loop, options, router, *auth, *view);
    if (!opened) return fail(opened.error());
    rpc_server = std::move(*opened);
    return {};
}

void App::Parts::register_methods()
{
    router.take_turns_by([this](std::function<void()> rest) { rpc_loop.post(std::move(rest)); });
    rpc::register_admin_methods(router, *view);
    rpc::register_miner_methods(router, *miners);
    rpc::register_connection_methods(router, *miners);
    rpc::register_worker_methods(router, *view);
    rpc::register_work_methods(router, *work_control);
    rpc::register_server_methods(router, *server_control);
    rpc::register_upkeep_methods(router, *server_control, *view);
    rpc::register_account_methods(router, *accounts);
    rpc::register_terms_methods(router, *accounts);
    rpc::register_site_methods(router, *accounts);
    rpc::register_token_methods(router, *accounts, pages_url(config));
}

void App::Parts::open_webhooks()
{
    webhooks = std::make_unique<Webhooks>(
        rpc_loop, *view, *work_control, config.webhooks,
        rpc::WebhookSender{config.server_id, std::string{to_string(config.chain)}},
        read_clock().wall.value, Webhooks::Paces{},
        std::filesystem::path{config.data_dir} / "webhooks.told");
    view->add_metrics_by([this](auto& metrics) {
        webhooks->add_metrics(metrics);
        if (payouts != nullptr) add_payout_metrics(payouts->status(), metrics);
    });
}

Result<void> App::Parts::open_accounts()
{
    auto book = payouts::AccountBook::open(account_book_options(config));
    if (!book) return fail(book.error());
    accounts = std::make_unique<AccountDesk>(rpc_loop, *live, std::move(*book));
    return {};
}

Result<void> App::Parts::open_payouts()
{
    if (config.payout_wallet.empty()) {
        rpc::register_payout_methods(router, no_payouts);
        return {};
    }
    auto wallet = payout_wallet(config);
    if (!wallet) return fail(wallet.error());
    auto opened = payouts::Payouts::open(payout_options(config), std::move(*wallet));
    if (!opened) return fail(opened.error());
    payouts = std::make_unique<PayoutDesk>(rpc_loop, std::move(*opened));
    rpc::register_payout_methods(router, *payouts);
    view->payouts_part_by([this] { return payouts_part(payouts->status()); });
    webhooks->held_by([this]() -> std::optional<std::string> {
        const PayoutStatus& status = payouts->status();
        if (!status.known) return std::nullopt;
        const payouts::HoldState& hold = status.last.hold;
        return hold.stopped ? hold.reason + " (" + hold.by + ")" : std::string{};
    });
    return {};
}

Result<void> App::Parts::open_audit()
{
    auto writing = payouts::AuditBook::open(mysql_options(config));
    if (!writing) return fail(writing.error());
    auto reading = payouts::AuditBook::open(mysql_options(config));
    if (!reading) return fail(reading.error());
    audit = std::make_unique<AuditDesk>(rpc_loop, std::move(*writing), std::move(*reading));
    auditor = std::make_unique<rpc::Auditor>(*audit);
    router.audit_by(*auditor);
    rpc::register_audit_methods(router, *audit);
    return {};
}

void App::Parts::start_rpc(std::uint16_t stratum_port)
{
    view->identity().stratum_port = stratum_port;
    view->identity().web_port = rpc_server->web_port();
    rpc_loop.post([this] { webhooks->start(); });
    rpc_thread = std::thread{[this] {
        this_thread::name("rpc");
        rpc_loop.run();
    }};
    log::info("web_listening", {{"port", rpc_server->web_port()}});
    log::info("admin_listening", {{"port", rpc_server->admin_port()}});
}

}  // namespace pool
