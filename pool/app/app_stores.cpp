#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <unistd.h>
#include <utility>

#include "pool/app/app_parts.h"
#include "pool/app/ban_file.h"
#include "pool/app/owner_token.h"
#include "pool/app/store_options.h"
#include "pool/app/stratum_options.h"
#include "pool/base/log.h"
#include "pool/crypto/header_hasher.h"

// From the stores to the miners' loops and back.
namespace pool {
namespace {

constexpr std::chrono::seconds v2_refresh_every{60};
constexpr std::chrono::seconds redis_loads_in{60};

std::filesystem::path journal_root(const Config& config)
{
    return std::filesystem::path{config.data_dir} / "journal";
}

}  // namespace

// Refuse to start rather than serve work that we cannot account for.
Result<void> App::Parts::open_stores()
{
    std::error_code error;
    std::filesystem::create_directories(journal_root(config), error);
    if (error) {
        return fail(Error::Code::io, "cannot make " + journal_root(config).string() + ": " +
                                         error.message() + "; check pool.data_dir");
    }
    const auto owner = owner_token(config.data_dir);
    if (!owner) return fail(owner.error());
    payouts::ServiceOptions options = service_options(config);
    options.owner = *owner;
    options.server_id = config.server_id;
    options.extranonce_server = config.extranonce_server;
    auto service = payouts::Service::open(std::move(options));
    if (!service) return fail(service.error());
    const auto head = (*service)->chain_head();
    if (!head) return fail(head.error());
    chain_head = *head;
    RedisClient redis{redis_options(config)};
    if (auto loaded = wait_until_loaded(redis, redis_loads_in); !loaded) return loaded;
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

// A file that cannot be read keeps no miner away.
void App::Parts::ban_again()
{
    const Now now = read_clock();
    const auto bans = read_bans(bans_file(config), now);
    if (!bans) return log::error("bans_not_read", {{"reason", bans.error().detail}});
    for (const auto& ban : *bans) {
        if (!gate->ban(ban.network, ban.until, now.steady)) break;
    }
    if (!bans->empty()) log::info("bans_read", {{"networks", bans->size()}});
}

// A new life numbers its shares after all that any store has seen.
Result<void> App::Parts::open_loops(payouts::Service& service, RedisClient& redis)
{
    const auto hasher = choose_hasher(config.hash_kernel);
    if (!hasher) return fail(hasher.error());
    log::info("hash_kernels", {{"chosen", hasher->describe()}});
    gate = std::make_unique<stratum::Gate>(gate_options(config));
    ban_again();
    const auto used_tokens = std::make_shared<stratum::v2::UsedTokens>();
    auto known_scripts = service.known_scripts();
    if (!known_scripts) return fail(known_scripts.error());
    const auto known = std::make_shared<const KnownScripts>(std::move(*known_scripts));
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
        options.unbooked_max = config.redis_unbooked_max;
        options.server = stratum_options(config, *hasher, i, names.size());
        options.limits.workers = config.worker_names_max;
        options.limits.accounts_an_hour = config.new_accounts_max;
        options.limits.known = known;
        options.server.shard.gate = gate.get();
        options.server.shard.used_tokens = used_tokens;
        options.server.shard.known = &known_difficulties;
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
    service.set_unbooked([this] {
        payouts::UnbookedSince since;
        for (const auto& loop : loops) since[loop->producer()] = loop->unbooked_since();
        for (const auto& each : leftovers) since[each->producer()] = each->unbooked_since();
        return since;
    });
    service.set_journals(
        [this](const std::string& producer) -> std::optional<payouts::JournalState> {
            for (const auto& loop : loops) {
                if (loop->producer() != producer) continue;
                return payouts::JournalState{loop->shipped(), 0, loop->lacks_from()};
            }
            for (const auto& each : leftovers) {
                if (each->producer() != producer) continue;
                return payouts::JournalState{each->shipped(), each->newest(), each->lacks_from()};
            }
            return std::nullopt;
        });
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
        .booked =
            [this](BlockHash hash) {
                core.post([this, hash] { submitter->booked(hash); });
                rpc_loop.post([this] { view->changed(); });
            },
        .answer_booked =
            [this](BlockHash hash) { core.post([this, hash] { submitter->answer_booked(hash); }); },
        .directory =
            [this](const std::shared_ptr<const stratum::AccountDirectory>& directory) {
                for (const auto& loop : loops) loop->set_directory(directory);
            },
        .taken_over =
            [](const std::string& producer) {
                log::error("server_taken_over",
                           {{"producer", producer},
                            {"reason", "another data directory has this server_id now"}});
                ::kill(::getpid(), SIGTERM);
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

}  // namespace pool
