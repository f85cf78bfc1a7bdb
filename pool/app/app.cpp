#include "pool/app/app.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "pool/app/block_watch.h"
#include "pool/app/books.h"
#include "pool/app/leftover.h"
#include "pool/app/live.h"
#include "pool/app/miners.h"
#include "pool/app/service_manager.h"
#include "pool/app/store_options.h"
#include "pool/app/stratum_loop.h"
#include "pool/app/stratum_options.h"
#include "pool/app/submitter.h"
#include "pool/app/v2_identity.h"
#include "pool/app/view.h"
#include "pool/app/work_desk.h"
#include "pool/base/log.h"
#include "pool/crypto/header_hasher.h"
#include "pool/crypto/sha256.h"
#include "pool/share/redis_client.h"
#include "rpc/auth.h"
#include "rpc/cookie.h"
#include "rpc/methods.h"
#include "rpc/server.h"

namespace pool {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds node_patience{30};
constexpr seconds v2_refresh_every{60};
constexpr std::uint64_t block_reserve_bytes = std::uint64_t{16} << 20;  // four full blocks

// Job ids go on where no earlier life can have come to (four a second, day and night) and stay
// below 2^31, where the shards' own begin, until 2043. They are in every coinbase: no work is given
// out twice.
std::uint64_t first_job_of_this_life(UnixMillis now)
{
    constexpr std::uint64_t since = 1'767'225'600'000;  // 2026-01-01
    constexpr std::uint64_t a_job_ms = 250;
    return (std::max(now.value, since) - since) / a_job_ms + 1;
}

std::filesystem::path journal_root(const Config& config)
{
    return std::filesystem::path{config.data_dir} / "journal";
}

WorkSource::Options work_options(const Config& config)
{
    WorkSource::Options options;
    options.chain = config.chain;
    options.empty_first = config.empty_first;
    options.refresh = seconds{config.refresh_seconds};
    options.look = seconds{config.look_seconds};
    options.richer_by = {config.richer_sat};
    options.richer_percent = config.richer_percent;
    options.disagree_after = seconds{config.disagree_seconds};
    options.lost_after = seconds{config.lost_seconds};
    return options;
}

payouts::FoundBlock to_books(const FoundFile& found)
{
    return {.hash = found.hash,
            .height = found.height,
            .found_at = found.found_at,
            .reward = found.reward,
            .finder = found.account,
            .worker = found.worker,
            .header = found.header,
            .coinbase = found.coinbase};
}

payouts::BlockAnswer to_books(const NodeAnswer& answer)
{
    return {.hash = answer.hash,
            .node = answer.node,
            .at = answer.at,
            .outcome = std::string{to_string(answer.answer.outcome)},
            .reason = answer.answer.reason,
            .took = answer.answer.took};
}

/// Waits for an answer from another thread, but not past a signal.
Result<void> wait_or_signal(std::future<Result<void>>& answer, const sigset_t& signals)
{
    while (answer.wait_for(milliseconds{50}) != std::future_status::ready) {
        const timespec at_once{};
        if (const int got = ::sigtimedwait(&signals, nullptr, &at_once); got > 0 && got != SIGHUP) {
            return fail(Error::Code::unavailable, "stopped before the node gave work");
        }
    }
    return answer.get();
}

}  // namespace

// In the order in which they are built; dropped the other way round.
struct App::Parts {
    Config config;
    Loop core;
    Loop rpc_loop;
    std::vector<std::unique_ptr<Node>> nodes;
    std::optional<V2IdentityKeeper> v2;  // the core loop's, once it runs
    Watch v2_refresh;
    std::unique_ptr<stratum::Gate> gate;
    std::vector<std::unique_ptr<StratumLoop>> loops;
    std::vector<std::unique_ptr<Leftover>> leftovers;
    std::shared_ptr<const stratum::AccountDirectory> registered_names;  // as they were at the start
    std::unique_ptr<Books> books;
    std::unique_ptr<Submitter> submitter;
    std::unique_ptr<BlockWatch> watch;
    std::unique_ptr<WorkDesk> desk;
    std::unique_ptr<Live> live;
    std::unique_ptr<View> view;
    std::unique_ptr<Heartbeat> heartbeat;
    std::unique_ptr<Miners> miners;
    std::unique_ptr<rpc::CookieFile> cookie;
    std::unique_ptr<rpc::Authenticator> auth;
    rpc::Router router;
    std::unique_ptr<rpc::Server> rpc_server;
    Digest chain_head{};                         // of the slots that earlier lives have sealed
    std::map<std::string, std::uint64_t> marks;  // the ledger thread's: what was told to the loops
    std::thread core_thread;
    std::thread rpc_thread;

    Result<void> open_stores();
    Result<void> open_loops(payouts::Service& service, RedisClient& redis);
    Result<void> open_core();
    Result<void> open_v2();
    Result<void> start_work(const sigset_t& signals);
    Result<void> load_tls();
    Result<void> start_stratum(std::uint16_t& port);
    Result<void> open_rpc();
    void start_rpc(std::uint16_t stratum_port);

    Books::Out books_out();
    WorkDesk::Out desk_out();
    void tell_marks(const std::vector<payouts::ProducerReport>& producers);
    void on_candidate(BlockCandidate candidate);
};

// Refuse to start rather than serve work that we cannot account for.
Result<void> App::Parts::open_stores()
{
    std::error_code error;
    std::filesystem::create_directories(journal_root(config), error);
    if (error) {
        return fail(Error::Code::io, "cannot make " + journal_root(config).string() + ": " +
                                         error.message() + "; check pool.data_dir");
    }
    auto service = payouts::Service::open(service_options(config));
    if (!service) return fail(service.error());
    const auto head = (*service)->chain_head();
    if (!head) return fail(head.error());
    chain_head = *head;
    RedisClient redis{redis_options(config)};
    if (config.redis_require_persistence) {
        if (auto kept = check_redis_persistence(redis); !kept) return kept;
    }
    if (auto opened = open_v2(); !opened) return opened;
    if (auto opened = open_loops(**service, redis); !opened) return opened;
    // Miners come back all at once after a restart: their names are known before the port opens.
    const auto registered = (*service)->registered();
    if (!registered) return fail(registered.error());
    registered_names = directory_of(*registered);
    books = std::make_unique<Books>(std::move(*service), registered_names, books_out());
    return {};
}

Result<void> App::Parts::open_v2()
{
    if (!config.stratum_v2) return {};
    const UnixTime now = to_seconds(read_clock().wall);
    auto keeper = V2IdentityKeeper::open({config.v2_identity, config.data_dir}, now);
    if (!keeper) return fail(keeper.error());
    v2 = std::move(*keeper);
    v2_refresh = core.every(v2_refresh_every, [this] {
        if (!v2->refresh(to_seconds(read_clock().wall))) return;
        for (const auto& loop : loops) loop->set_identity(v2->identity());
    });
    return {};
}

// A new life numbers its shares after all that any store has seen.
Result<void> App::Parts::open_loops(payouts::Service& service, RedisClient& redis)
{
    const auto hasher = choose_hasher(config.hash_kernel);
    if (!hasher) return fail(hasher.error());
    log::info("hash_kernels", {{"chosen", hasher->describe()}});
    gate = std::make_unique<stratum::Gate>(gate_options(config));
    const std::vector<std::string> names = producer_names(config);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto streamed = last_stream_seq(redis, names[i]);
        if (!streamed) return fail(streamed.error());
        const auto booked = service.mark(names[i]);
        if (!booked) return fail(booked.error());
        StratumLoop::Options options;
        options.producer = names[i];
        options.journal_directory = journal_root(config) / names[i];
        options.redis = redis_options(config);
        options.server = stratum_options(config, *hasher, i, names.size());
        options.server.shard.gate = gate.get();
        options.drain = std::chrono::seconds{config.drain_seconds};
        if (v2) options.server.shard.identity = v2->identity();
        options.booked = *booked;
        options.start_after = std::max(*streamed, *booked);
        auto loop = StratumLoop::open(std::move(options));
        if (!loop) return fail(loop.error());
        loops.push_back(std::move(*loop));
    }
    auto old = Leftover::find(core, journal_root(config), redis_options(config), names);
    if (!old) return fail(old.error());
    leftovers = std::move(*old);
    for (const auto& leftover : leftovers) {
        const auto booked = service.mark(leftover->producer());
        if (!booked) return fail(booked.error());
        leftover->start(*booked);
    }
    return {};
}

Books::Out App::Parts::books_out()
{
    return {
        .marks = [this](const auto& producers) { tell_marks(producers); },
        .watched =
            [this](const std::vector<payouts::WatchedBlock>& blocks) {
                std::vector<BlockWatch::Watched> watched;
                for (const auto& block : blocks) watched.push_back({block.hash, block.height});
                core.post([this, watched = std::move(watched)] {
                    watch->set_watched(watched);
                    watch->look();
                });
            },
        .chain_head =
            [this](const Digest& head) { core.post([this, head] { desk->set_chain_head(head); }); },
        .booked = [this](BlockHash hash) { core.post([this, hash] { submitter->booked(hash); }); },
        .directory =
            [this](const std::shared_ptr<const stratum::AccountDirectory>& directory) {
                for (const auto& loop : loops) loop->set_directory(directory);
            },
        .status =
            [this](const BooksStatus& status) {
                rpc_loop.post([this, status] { view->set_books(status); });
            },
    };
}

void App::Parts::tell_marks(const std::vector<payouts::ProducerReport>& producers)
{
    for (const payouts::ProducerReport& producer : producers) {
        std::uint64_t& told = marks[producer.name];
        if (told == producer.mark && !producer.gap) continue;
        told = producer.mark;
        for (const auto& loop : loops) {
            if (loop->producer() == producer.name) loop->set_mark(producer.mark, producer.gap);
        }
        for (const auto& leftover : leftovers) {
            if (leftover->producer() != producer.name) continue;
            core.post([&old = *leftover, mark = producer.mark, gap = producer.gap] {
                old.set_mark(mark, gap);
            });
        }
    }
}

// From the loop that checked the share to the loop that holds the nodes' connections, at once.
void App::Parts::on_candidate(BlockCandidate candidate)
{
    auto shared = std::make_shared<const BlockCandidate>(std::move(candidate));
    core.post([this, shared] { submitter->found(*shared); });
}

Result<void> App::Parts::open_core()
{
    std::vector<WorkNode> all;
    std::vector<Node*> takers;
    for (const NodeOptions& options : config.nodes) {
        nodes.push_back(make_node_rpc(core, options));
        Node* const node = nodes.back().get();
        all.push_back({node, options.zmq_hashblock});
        if (takes_blocks(node->role())) takers.push_back(node);
    }
    auto store = CandidateStore::open(std::filesystem::path{config.data_dir} / "blocks",
                                      block_reserve_bytes);
    if (!store) return fail(store.error());
    submitter = std::make_unique<Submitter>(
        core, takers, std::move(*store),
        Submitter::Out{
            .found = [this](const FoundFile& found) { books->record_found(to_books(found)); },
            .answer = [this](const NodeAnswer& answer) { books->record_answer(to_books(answer)); },
        });
    watch = std::make_unique<BlockWatch>(core, takers,
                                         [this](const std::vector<BlockWatch::Seen>& seen) {
                                             std::vector<payouts::BlockSighting> sightings;
                                             for (const auto& [hash, sighting] : seen)
                                                 sightings.push_back({hash, sighting});
                                             books->sight(std::move(sightings));
                                         });
    WorkDeskOptions options;
    options.chain = config.chain;
    options.pay_to = config.payout.script;
    options.coinbase_tag = config.coinbase_tag;
    options.extranonce_bytes = stratum::prefix_bytes + rolled_bytes;
    options.chain_head = chain_head;
    options.first_job = first_job_of_this_life(read_clock().wall);
    options.work = work_options(config);
    desk = std::make_unique<WorkDesk>(core, options, all, desk_out());
    return {};
}

WorkDesk::Out App::Parts::desk_out()
{
    return {
        .publish =
            [this](const std::shared_ptr<const Job>& job) {
                for (const auto& loop : loops) loop->publish(job);
            },
        .prepare =
            [this](const std::shared_ptr<const Job>& job) {
                for (const auto& loop : loops) loop->prepare(job);
            },
        .tip_moved = [this](Height) { watch->look(); },
        .announce =
            [this](const std::string& text) {
                for (const auto& loop : loops) loop->announce(text);
            },
    };
}

Result<void> App::Parts::start_work(const sigset_t& signals)
{
    std::promise<Result<void>> first_work;
    auto answer = first_work.get_future();
    core.post([&] {
        desk->start(node_patience, [&](Result<void> outcome) {
            if (outcome) outcome = submitter->resume();
            first_work.set_value(std::move(outcome));
        });
    });
    core_thread = std::thread{[this] { core.run(); }};
    auto started = wait_or_signal(answer, signals);
    if (started) return started;
    core.stop();  // before the promise goes
    core_thread.join();
    return started;
}

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
        auto opened = loop->start(registered_names, ports, [this](BlockCandidate candidate) {
            on_candidate(std::move(candidate));
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

Result<void> App::Parts::open_rpc()
{
    auto queries = payouts::Queries::open(mysql_options(config));
    if (!queries) return fail(queries.error());
    auto audits = payouts::Queries::open(mysql_options(config));
    if (!audits) return fail(audits.error());
    auto made = rpc::CookieFile::create(config.cookie_file);
    if (!made) return fail(made.error());
    cookie = std::move(*made);
    auth = std::make_unique<rpc::Authenticator>(config.rpc_users, cookie->secret());
    std::vector<StratumLoop*> plain;
    for (const auto& loop : loops) plain.push_back(loop.get());
    live = std::make_unique<Live>(rpc_loop, core, *desk, plain);
    view = std::make_unique<View>(View::Parts{.rpc_loop = rpc_loop,
                                              .live = *live,
                                              .books = *books,
                                              .queries = std::move(*queries),
                                              .audits = std::move(*audits),
                                              .loops = plain,
                                              .stop = [] { ::kill(::getpid(), SIGTERM); }},
                                  Identity{.version = version,
                                           .chain = config.chain,
                                           .stratum_port = 0,
                                           .web_port = 0,
                                           .started = read_clock().steady});
    miners = std::make_unique<Miners>(rpc_loop, *gate, plain);
    heartbeat =
        std::make_unique<Heartbeat>(rpc_loop, core, plain, ServiceManager::of_environment());
    rpc::register_admin_methods(router, *view);
    rpc::register_miner_methods(router, *miners);
    rpc::ServerOptions options{.admin = config.admin_listen, .web = config.web_listen};
    options.requests_per_second = config.web_requests_per_second;
    auto opened = rpc::Server::start(rpc_loop, options, router, *auth, *view);
    if (!opened) return fail(opened.error());
    rpc_server = std::move(*opened);
    return {};
}

void App::Parts::start_rpc(std::uint16_t stratum_port)
{
    view->identity().stratum_port = stratum_port;
    view->identity().web_port = rpc_server->web_port();
    rpc_thread = std::thread{[this] { rpc_loop.run(); }};
    log::info("web_listening", {{"port", rpc_server->web_port()}});
    log::info("admin_listening", {{"port", rpc_server->admin_port()}});
}

Result<std::unique_ptr<App>> App::start(Config config, const sigset_t& signals)
{
    if (!sha256_self_test() || !header_kernels_self_test()) {
        return fail(Error::Code::refused, "SHA-256 computes wrongly on this machine");
    }
    auto parts = std::make_unique<Parts>();
    parts->config = std::move(config);
    std::unique_ptr<App> app{new App{std::move(parts)}};
    Parts& p = *app->parts_;
    std::uint16_t port = p.config.stratum_listen.port;
    if (auto opened = p.open_stores(); !opened) return fail(opened.error());
    if (auto opened = p.open_core(); !opened) return fail(opened.error());
    if (auto started = p.start_work(signals); !started) return fail(started.error());
    // The last port to open is the one that miners come in by.
    if (auto opened = p.open_rpc(); !opened) return fail(opened.error());
    if (auto started = p.start_stratum(port); !started) return fail(started.error());
    p.start_rpc(port);
    p.books->start();
    log::info("ready", {{"version", version}, {"chain", to_string(p.config.chain)}});
    return app;
}

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
App::~App() { stop(); }

void App::wait_for_signal(const sigset_t& signals)
{
    int signal = 0;
    for (::sigwait(&signals, &signal); signal == SIGHUP; ::sigwait(&signals, &signal)) {
        // A certificate that can't be read leaves the old one in use.
        if (auto loaded = parts_->load_tls(); !loaded) {
            log::error("certificate_not_loaded", {{"detail", loaded.error().detail}});
        }
    }
    log::info("stopping", {{"signal", signal}});
}

void App::stop()
{
    Parts& p = *parts_;
    // Miners first: what they have submitted is answered, journaled and handed on.
    for (const auto& loop : p.loops) loop->begin_stop();
    for (const auto& loop : p.loops) loop->stop();
    if (p.rpc_thread.joinable()) {
        p.rpc_loop.stop();
        p.rpc_thread.join();
    }
    if (p.core_thread.joinable()) {
        p.core.stop();
        p.core_thread.join();
    }
    // What is not in MySQL yet lies in the journals, in Redis or among the found blocks, and the
    // next life takes it up.
    if (p.books != nullptr) p.books->stop();
}

}  // namespace pool
