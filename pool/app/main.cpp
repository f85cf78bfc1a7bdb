#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "payouts/mysql_maintenance.h"
#include "pool/app/app.h"
#include "pool/app/config.h"
#include "pool/app/keygen.h"
#include "pool/app/node_check.h"
#include "pool/app/owner_token.h"
#include "pool/app/service_manager.h"
#include "pool/app/store_options.h"
#include "pool/base/log.h"

extern "C" char** environ;

namespace {

constexpr int exit_ok = 0;
constexpr int exit_world = 1;   // a node, a store, a port, the disk
constexpr int exit_config = 2;  // usage and configuration

std::map<std::string, std::string> zubr_environment()
{
    std::map<std::string, std::string> variables;
    for (char** at = environ; *at != nullptr; ++at) {
        const std::string entry{*at};
        const auto equals = entry.find('=');
        if (!entry.starts_with("ZUBR_") || equals == std::string::npos) continue;
        variables[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    return variables;
}

int complain(const pool::Error& error)
{
    std::fprintf(stderr, "zubrd: %s\n", error.detail.c_str());
    return error.code == pool::Error::Code::invalid ? exit_config : exit_world;
}

int take_over(const pool::Config& config)
{
    const auto owner = pool::owner_token(config.data_dir);
    if (!owner) return complain(owner.error());
    const auto done = payouts::take_over(pool::mysql_options(config), config.server_id, *owner);
    if (!done) return complain(done.error());
    std::fputs(done->c_str(), stdout);
    return exit_ok;
}

/// What `zubrd migrate`, `rebuild` and `takeover` were told.
struct Maintenance {
    CLI::App* migrate = nullptr;
    CLI::App* rebuild = nullptr;
    CLI::App* takeover = nullptr;
    bool wanted() const { return migrate->parsed() || rebuild->parsed() || takeover->parsed(); }
    bool dry = false;
    std::string user;
    std::string password_file;
};

void add_maintenance(CLI::App& cli, Maintenance& told)
{
    told.migrate = cli.add_subcommand(
        "migrate", "bring the schema of the books up, grant the running user its rights, end");
    told.migrate->add_flag("--dry-run", told.dry, "only print what would be done");
    told.rebuild = cli.add_subcommand("rebuild", "make the balances again from the transfers, end");
    for (CLI::App* const verb : {told.migrate, told.rebuild}) {
        verb->add_option("--user", told.user,
                         "MySQL user who may change the schema; default: mysql.user");
        verb->add_option("--password-file", told.password_file,
                         "its password; without it, it has none");
    }
    told.takeover =
        cli.add_subcommand("takeover",
                           "write shares as pool.server_id from this data directory on, for the "
                           "one that did so is lost for good; end");
}

int maintain(const pool::Config& config, const Maintenance& told)
{
    if (told.takeover->parsed()) return take_over(config);
    const payouts::MysqlOptions running = pool::mysql_options(config);
    payouts::MysqlOptions admin = running;
    if (!told.user.empty()) {
        admin.user = told.user;
        admin.password.clear();
        std::ifstream file{told.password_file};
        if (!told.password_file.empty() && !std::getline(file, admin.password)) {
            return complain({pool::Error::Code::invalid, "cannot read " + told.password_file});
        }
    }
    const auto done = told.rebuild->parsed() ? payouts::rebuild_books(admin)
                                             : payouts::migrate_books(admin, running, told.dry);
    if (!done) return complain(done.error());
    std::fputs(done->c_str(), stdout);
    return exit_ok;
}

int ask_nodes(const pool::Config& config)
{
    pool::log::configure(pool::log::Level::error, config.log_format);
    const bool good = pool::check_nodes(config, [](bool well, std::string_view sentence) {
        std::printf("%s %.*s\n", well ? "ok " : "BAD", static_cast<int>(sentence.size()),
                    sentence.data());
    });
    return good ? exit_ok : exit_world;
}

// Signals are taken by sigwait alone; threads inherit the mask, so this comes first.
sigset_t block_signals()
{
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is a full disk, and no reason to die
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

}  // namespace

int main(int argc, char** argv)
{
    pool::ConfigSources sources;
    bool check_only = false;
    bool print_example = false;
    CLI::App cli{"zubrd, the Zubr mining pool server"};
    cli.fallthrough();  // -c may stand behind a verb
    cli.set_version_flag("--version", std::string{"zubrd "} + pool::version);
    cli.add_option("-c,--config", sources.file, "configuration file (TOML)");
    cli.add_option("--set", sources.sets, "section.key=value, wins over file and environment");
    std::string hash_kernel;
    cli.add_option("--hash-kernel", hash_kernel, "the same as --set stratum.hash_kernel=NAME");
    cli.add_flag("--check-config", check_only, "read the configuration, say what is wrong, end");
    cli.add_flag("--print-default-config", print_example, "print every option with its default");
    Maintenance maintenance;
    add_maintenance(cli, maintenance);
    const CLI::App* const check = cli.add_subcommand(
        "check", "ask every node whether it would take the blocks that we would mine, end");
    pool::KeygenWish keys;
    const CLI::App* keygen = pool::add_keygen(cli, keys);
    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return cli.exit(error) == 0 ? exit_ok : exit_config;
    }
    if (keygen->parsed()) return pool::run_keygen(keys);
    if (print_example) {
        std::fputs(pool::example_config().c_str(), stdout);
        return exit_ok;
    }

    if (!hash_kernel.empty()) sources.sets.push_back("stratum.hash_kernel=" + hash_kernel);
    sources.environment = zubr_environment();
    auto config = pool::load_config(sources);
    if (!config) {
        std::fprintf(stderr, "zubrd: %s%s\n", config.error().detail.c_str(),
                     sources.file.empty() ? " (no file was given: -c FILE)" : "");
        return exit_config;
    }
    if (check_only) {
        std::fputs("the configuration is good\n", stdout);
        return exit_ok;
    }
    pool::log::configure(config->log_level, config->log_format);

    if (maintenance.wanted()) return maintain(*config, maintenance);
    if (check->parsed()) return ask_nodes(*config);
    const sigset_t signals = block_signals();
    auto app = pool::App::start(*std::move(config), signals);
    if (!app) {
        std::fprintf(stderr, "zubrd: %s\n", app.error().detail.c_str());
        return exit_world;
    }
    const pool::ServiceManager manager = pool::ServiceManager::of_environment();
    manager.tell("READY=1");
    (*app)->wait_for_signal(signals, [&sources] { return pool::load_config(sources); });
    manager.tell("STOPPING=1");
    (*app)->stop(&signals);
    return exit_ok;
}
