#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "payouts/mysql_maintenance.h"
#include "pool/app/app.h"
#include "pool/app/config.h"
#include "pool/app/keygen.h"
#include "pool/app/node_check.h"
#include "pool/app/owner_token.h"
#include "pool/app/server_control.h"
#include "pool/app/service_manager.h"
#include "pool/app/store_options.h"
#include "pool/base/log.h"
#include "pool/runtime/listener_handover.h"

extern "C" char** environ;

namespace {

constexpr const char* listeners_variable = "ZUBR_LISTENERS";
constexpr int exit_ok = 0;
constexpr int exit_world = 1;   // a node, a store, a port, the disk
constexpr int exit_config = 2;  // usage and configuration

std::map<std::string, std::string> zubr_environment()
{
    std::map<std::string, std::string> variables;
    for (char** at = environ; *at != nullptr; ++at) {
        const std::string entry{*at};
        const auto equals = entry.find('=');
        const bool wanted =
            entry.starts_with("ZUBR_") || entry.starts_with("CREDENTIALS_DIRECTORY=");
        if (!wanted || equals == std::string::npos) continue;
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
    if (told.migrate->parsed() && !told.dry) {
        const std::chrono::hours lock{config.address_lock_hours};
        if (auto set = payouts::set_address_lock(admin, lock); !set) return complain(set.error());
    }
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

/// What is set by an option of its own, by the name of what it sets.
using Shorthands = std::shared_ptr<std::map<std::string, std::string>>;

Shorthands add_shorthands(CLI::App& cli)
{
    auto told = std::make_shared<std::map<std::string, std::string>>();
    const auto add = [&](const char* flags, const std::string& option, const char* value) {
        cli.add_option(flags, (*told)[option], "the same as --set " + option + '=' + value);
    };
    add("--datadir", "pool.data_dir", "DIRECTORY");
    add("--network", "network.chain", "NAME");
    add("-l,--log-level", "log.level", "LEVEL");
    add("--log-format", "log.format", "FORMAT");
    add("--hash-kernel", "stratum.hash_kernel", "NAME");
    return told;
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
    sigaddset(&signals, SIGUSR1);
    sigaddset(&signals, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    return signals;
}

/// Becomes the program that lies at `path` by now: an upgrade may have replaced it.
int become(const std::string& path, char** argv, const std::string& listeners)
{
    ::setenv(listeners_variable, listeners.c_str(), 1);
    ::execv(path.c_str(), argv);
    pool::log::error("not_handed_over", {{"program", path}, {"reason", std::strerror(errno)}});
    return exit_world;
}

int serve(pool::Config config, const pool::ConfigSources& sources, char** argv)
{
    std::error_code unknown;
    const std::string program = std::filesystem::read_symlink("/proc/self/exe", unknown);
    const char* const inherited = std::getenv(listeners_variable);
    if (inherited != nullptr) pool::handover::unpack(inherited);
    ::unsetenv(listeners_variable);
    const sigset_t signals = block_signals();
    auto app = pool::App::start(std::move(config), signals);
    pool::handover::close_rest();
    if (!app) {
        std::fprintf(stderr, "zubrd: %s\n", app.error().detail.c_str());
        return exit_world;
    }
    const pool::ServiceManager manager = pool::ServiceManager::of_environment();
    manager.tell_ready();
    const int signal =
        (*app)->wait_for_signal(signals, [&sources] { return pool::load_config(sources); });
    const bool stays = signal == SIGUSR2;
    const std::string listeners = stays ? pool::handover::pack() : "";
    if (stays) {
        manager.tell_handing_over();
    } else {
        manager.tell("STOPPING=1");
    }
    (*app)->stop(&signals);
    app->reset();
    return stays ? become(program, argv, listeners) : exit_ok;
}

}  // namespace

int main(int argc, char** argv)
{
    pool::ConfigSources sources;
    bool check_only = false;
    bool print_config = false;
    bool print_example = false;
    CLI::App cli{"zubrd, the Zubr mining pool server"};
    cli.fallthrough();  // -c may stand behind a verb
    cli.set_version_flag("--version", std::string{"zubrd "} + pool::version);
    cli.add_option("-c,--config", sources.file, "configuration file (TOML)");
    cli.add_option("--set", sources.sets, "section.key=value, wins over file and environment");
    const Shorthands shorthands = add_shorthands(cli);
    cli.add_flag("--check-config", check_only, "read the configuration, say what is wrong, end");
    cli.add_flag("--print-config", print_config,
                 "print every option as it is set, and where; secrets as ***; end");
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

    // Behind --set: of two words for the same the later one counts.
    for (const auto& [option, value] : *shorthands) {
        if (value.empty()) continue;
        std::string& set = sources.sets.emplace_back(option);
        set += '=';
        set += value;
    }
    sources.environment = zubr_environment();
    auto config = pool::load_config(sources);
    if (!config) {
        std::fprintf(stderr, "zubrd: %s%s\n", config.error().detail.c_str(),
                     sources.file.empty() ? " (no file was given: -c FILE)" : "");
        return exit_config;
    }
    if (print_config) {
        std::fputs(pool::config_as_set(*config).c_str(), stdout);
        return exit_ok;
    }
    if (check_only) {
        std::fputs("the configuration is good\n", stdout);
        return exit_ok;
    }
    pool::configure_log(*config);

    if (maintenance.wanted()) return maintain(*config, maintenance);
    if (check->parsed()) return ask_nodes(*config);
    return serve(*std::move(config), sources, argv);
}
