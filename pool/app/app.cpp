#include "pool/app/app.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "pool/app/app_parts.h"
#include "pool/app/left_over_blocks.h"
#include "pool/base/log.h"
#include "pool/crypto/header_hasher.h"
#include "pool/crypto/sha256.h"

namespace pool {
namespace {

constexpr std::chrono::seconds left_over_patience{3};
constexpr std::chrono::seconds blocks_patience{3};
constexpr std::chrono::milliseconds look_every{20};

}  // namespace

Result<std::unique_ptr<App>> App::start(Config config, const sigset_t& signals)
{
    if (!sha256_self_test() || !header_kernels_self_test()) {
        return fail(Error::Code::refused, "SHA-256 computes wrongly on this machine");
    }
    auto parts = std::make_unique<Parts>();
    parts->config = std::move(config);
    std::unique_ptr<App> app{new App{std::move(parts)}};
    Parts& p = *app->parts_;
    p.heard = send_left_over_blocks(p.config, left_over_patience);
    std::uint16_t port = p.config.stratum_listen.port;
    if (auto opened = p.open_stores(); !opened) return fail(opened.error());
    if (auto opened = p.open_core(); !opened) return fail(opened.error());
    if (auto started = p.start_work(signals); !started) return fail(started.error());
    // The last port to open is the one that miners come in by.
    if (auto opened = p.open_rpc(); !opened) return fail(opened.error());
    if (auto started = p.start_stratum(port); !started) return fail(started.error());
    p.start_rpc(port);
    p.books->start();
    if (p.payouts != nullptr) p.payouts->start();
    log::info("ready", {{"version", version}, {"chain", to_string(p.config.chain)}});
    return app;
}

App::App(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
App::~App() { stop(); }

int App::wait_for_signal(const sigset_t& signals, const std::function<Result<Config>()>& read)
{
    while (true) {
        int signal = 0;
        ::sigwait(&signals, &signal);
        if (signal == SIGHUP) {
            parts_->reload(read());
        } else if (signal == SIGUSR1) {
            parts_->look_at_nodes();
        } else if (const auto fresh = signal == SIGUSR2 ? read() : Config{}; !fresh) {
            // The next program would not begin.
            log::error("not_handed_over", {{"reason", fresh.error().detail}});
        } else {
            log::info("stopping", {{"signal", signal}});
            return signal;
        }
    }
}

// What can't be read stays as it was.
void App::Parts::reload(const Result<Config>& fresh)
{
    if (auto loaded = load_tls(); !loaded) {
        log::error("certificate_not_loaded",
                   {{"detail", loaded.error().detail},
                    {"help", "the one before stays in use; mend the files and reload once more"}});
    }
    if (!fresh) {
        return log::error("configuration_not_reloaded", {{"detail", fresh.error().detail}});
    }
    rpc_loop.post([this, fresh = *fresh] {
        auth->set_users(fresh.rpc_users);
        server_control->reread(fresh);
        log::info("configuration_reloaded", {{"users", fresh.rpc_users.size()}});
    });
}

// By a node's -blocknotify: a word that needs no network.
void App::Parts::look_at_nodes()
{
    core.post([this] { desk->refresh(); });
}

// Miners get their time to leave, until somebody says stop once more.
void App::Parts::wait_for_loops(sigset_t signals)
{
    const ::timespec pause{0, std::chrono::nanoseconds{look_every}.count()};
    const auto all_over = [this] {
        return std::all_of(loops.begin(), loops.end(),
                           [](const auto& loop) { return loop->over(); });
    };
    sigdelset(&signals, SIGHUP);
    sigdelset(&signals, SIGUSR1);
    sigdelset(&signals, SIGUSR2);
    while (!all_over()) {
        if (::sigtimedwait(&signals, nullptr, &pause) <= 0) continue;
        log::info("stopping_at_once", {});
        for (const auto& loop : loops) loop->hurry();
        return;
    }
}

// A node that is slow or starting gets a block in this life rather than in the next, which may be
// hours away.
void App::Parts::wait_for_blocks()
{
    const auto until = std::chrono::steady_clock::now() + blocks_patience;
    while (std::chrono::steady_clock::now() < until) {
        const auto asked = std::make_shared<std::promise<bool>>();
        auto answer = asked->get_future();
        core.post([this, asked] { asked->set_value(submitter->ask_again()); });
        if (answer.wait_until(until) != std::future_status::ready) break;
        if (!answer.get()) return;
        std::this_thread::sleep_for(look_every);
    }
    log::warn("found_blocks_left", {{"reason", "a node has not answered; the next start asks it"}});
}

void App::stop(const sigset_t* hurry)
{
    Parts& p = *parts_;
    // Miners first: what they have submitted is answered, journaled and handed on.
    for (const auto& loop : p.loops) loop->begin_stop();
    if (hurry != nullptr) p.wait_for_loops(*hurry);
    for (const auto& loop : p.loops) loop->stop();
    if (p.rpc_thread.joinable()) {
        p.rpc_loop.stop();
        p.rpc_thread.join();
    }
    if (p.core_thread.joinable()) {
        p.wait_for_blocks();
        p.core.stop();
        p.core_thread.join();
    }
    // What is not in MySQL yet lies in the journals, in Redis or among the found blocks, and the
    // next life takes it up.
    if (p.payouts != nullptr) p.payouts->stop();
    if (p.books != nullptr) p.books->stop();
}

}  // namespace pool
