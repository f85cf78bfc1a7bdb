#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "rpc/cli/admin_address.h"
#include "rpc/cli/call.h"
#include "rpc/cli/command_line.h"
#include "rpc/cli/new_user.h"
#include "rpc/cli/present.h"
#include "rpc/cli/top.h"

namespace {

using rpc::cli::Action;
using rpc::cli::Colour;
using rpc::cli::CommandLine;

constexpr int exit_ok = 0;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

int complain(int code, const std::string& sentence)
{
    std::cerr << "zubr-cli: " << sentence << "\n";
    return code;
}

/// The configuration to look into when none is named: beside us, then the system's.
std::string usual_config_file()
{
    for (const char* const path : {"zubr.toml", "/etc/zubr/zubr.toml"}) {
        std::error_code ignored;
        if (std::filesystem::exists(path, ignored)) return path;
    }
    return "";
}

pool::Result<rpc::cli::Server> find_server(const CommandLine& line)
{
    const std::string file = line.config_file.empty() ? usual_config_file() : line.config_file;
    pool::Result<rpc::cli::AdminAddress> read =
        rpc::cli::read_admin_address(file, [](const char* name) { return std::getenv(name); });
    if (!read) return pool::fail(std::move(read.error()));
    rpc::cli::AdminAddress address = std::move(*read);
    if (!line.connect.empty()) {
        pool::Result<pool::Endpoint> endpoint = pool::parse_endpoint(line.connect);
        if (!endpoint) return pool::fail(std::move(endpoint.error()));
        address.endpoint = std::move(*endpoint);
        address.socket.clear();
    }
    if (!line.socket.empty()) address.socket = line.socket;
    rpc::cli::Server server;
    server.endpoint = rpc::cli::reachable(std::move(address.endpoint));
    server.socket = std::move(address.socket);
    server.user = line.user;
    server.password = line.password;
    server.cookie_file = std::move(address.cookie_file);
    if (!line.data_dir.empty()) server.cookie_file = line.data_dir + "/.cookie";
    if (!line.cookie_file.empty()) server.cookie_file = line.cookie_file;
    server.wait = line.wait;
    server.patience = std::chrono::seconds{line.patience_s};
    return server;
}

bool for_person(const CommandLine& line) { return isatty(STDOUT_FILENO) != 0 && !line.json; }

void print(const CommandLine& line, const std::string& json)
{
    std::cout << (for_person(line) ? rpc::cli::as_text(json) : rpc::cli::as_json(json));
}

/// "": by a socket no browser gets there.
std::string operator_page(const rpc::cli::Server& server)
{
    return server.socket.empty() ? rpc::cli::operator_page(server.endpoint) : "";
}

int show(const CommandLine& line, const rpc::cli::Server& server, const rpc::cli::Outcome& outcome)
{
    if (!outcome.error.empty()) {
        return complain(exit_failed, rpc::cli::error_text(outcome.error));
    }
    if (line.action == Action::healthcheck) {
        const std::string problems = rpc::cli::not_ready_text(outcome.result);
        if (!problems.empty()) return complain(exit_failed, problems);
        std::cout << "ready\n";
        return exit_ok;
    }
    if (line.action == Action::getinfo && for_person(line)) {
        // no-color.org: whoever has set it wants none.
        const bool plain = std::getenv("NO_COLOR") != nullptr;
        std::cout << rpc::cli::info_text(outcome.result, plain ? Colour::no : Colour::yes,
                                         operator_page(server));
    } else {
        print(line, outcome.result);
        const bool lists = line.method == "help" && line.params.empty() && for_person(line);
        if (lists && !operator_page(server).empty()) {
            std::cout << "The operator's page, behind the same log-in: " << operator_page(server)
                      << "\n";
        }
    }
    // Whoever runs verifyledger or verifyaudit from cron looks at nothing else.
    const bool good = !rpc::cli::found_wrong(outcome.result);
    return std::cout.flush() && good ? exit_ok : exit_failed;
}

/// A line for admin.rpcauth. The password comes by -stdin, or is made: other users can read
/// command lines.
int new_user(const CommandLine& line)
{
    const bool told = line.params.size() == 3;
    const auto user =
        rpc::cli::make_user(line.params.at(0), line.params.at(1), told ? line.params.at(2) : "");
    if (!user) return complain(exit_usage, user.error().detail);
    print(line, rpc::cli::user_json(*user, !told));
    std::cerr << "zubr-cli: put the line into the list admin.rpcauth of zubrd's configuration and "
                 "have zubrd read it again (systemctl reload zubrd, or zubr-cli reloadconfig)"
              << (told ? "" : "; the password is shown this once") << "\n";
    return std::cout.flush() ? exit_ok : exit_failed;
}

int run(const CommandLine& line)
{
    if (line.action == Action::rpcauth) return new_user(line);
    if (line.action == Action::top) {
        const pool::Result<rpc::cli::Server> server = find_server(line);
        return server ? rpc::cli::show_top(*server) : complain(exit_usage, server.error().detail);
    }
    const bool own = line.action != Action::call;
    const pool::Result<std::string> request =
        rpc::cli::request_json(own ? "getpoolinfo" : line.method, line.params);
    if (!request) return complain(exit_usage, request.error().detail);
    const pool::Result<rpc::cli::Server> server = find_server(line);
    if (!server) return complain(exit_usage, server.error().detail);

    const pool::Result<rpc::cli::Outcome> outcome = rpc::cli::call(*server, *request);
    if (!outcome) {
        return complain(exit_failed, "no answer from zubrd at " + to_string(server->endpoint) +
                                         ": " + outcome.error().detail);
    }
    return show(line, *server, *outcome);
}

// The method and its parameters, from words and stdin. What is wrong with them, if anything is.
std::optional<std::string> take_method(CommandLine& line, const std::vector<std::string>& words)
{
    line.method = words.front();
    line.params.assign(words.begin() + 1, words.end());
    const bool making = line.method == "rpcauth";
    if (making && line.params.size() != 2) {
        return "rpcauth takes a user and a role; a password of your own goes by -stdin";
    }
    for (std::string each; line.stdin_params && std::getline(std::cin, each);) {
        line.params.push_back(each);
    }
    if (making) {
        line.action = Action::rpcauth;
        if (line.params.size() > 3) return "one password is enough";
    }
    if (line.method == "healthcheck") {
        line.action = Action::healthcheck;
        if (!line.params.empty()) return "healthcheck takes no parameters";
    }
    return std::nullopt;
}

int parse_and_run(const std::vector<std::string>& arguments)
{
    CommandLine line;
    bool getinfo = false;
    bool top = false;
    std::vector<std::string> words;
    CLI::App app{"Asks a running zubrd. 'zubr-cli help' lists what it can be asked.", "zubr-cli"};
    app.prefix_command();  // behind the method everything is a parameter
    app.add_option("-c,--conf", line.config_file, "zubrd's configuration file");
    app.add_option("--datadir", line.data_dir, "pool.data_dir of zubrd, where its cookie lies");
    app.add_option("--rpcconnect", line.connect, "host:port of the admin RPC");
    app.add_option("--rpcsocket", line.socket, "or the path of its unix socket (admin.socket)");
    app.add_option("--cookie", line.cookie_file, "zubrd's cookie file");
    app.add_option("--rpcuser", line.user, "a user of admin.rpcauth, instead of the cookie");
    app.add_option("--rpcpassword", line.password, "that user's password");
    app.add_flag("--stdinrpcpass", line.stdin_password, "or the first line of stdin is it");
    app.add_flag("--rpcwait", line.wait, "wait until the server answers");
    app.add_option("--rpcclienttimeout", line.patience_s,
                   "seconds to wait for an answer (900); 0: as long as it takes")
        ->check(CLI::Range(0U, 1'000'000U));
    app.add_flag("--json", line.json, "JSON on a terminal too");
    app.add_flag("--getinfo", getinfo, "a summary of how the pool is doing");
    app.add_flag("--top", top, "the strongest workers, drawn anew every two seconds");
    app.add_flag("--stdin", line.stdin_params, "further parameters from stdin, one a line");
    app.footer(
        "METHOD [VALUE...] or METHOD [NAME=VALUE...]; 'healthcheck' succeeds when the pool "
        "is ready; 'rpcauth USER ROLE' makes a line for admin.rpcauth. Secrets go by -stdin: other "
        "users can read command lines.\nOn a terminal "
        "results are "
        "tables, elsewhere JSON.\nExit: 0 done, 1 refused or unreachable, 2 wrong usage.");
    try {
        // CLI11 takes them from the back.
        app.parse(std::vector<std::string>{arguments.rbegin(), arguments.rend()});
        words = app.remaining();
    } catch (const CLI::CallForHelp&) {
        std::cout << app.help();
        return exit_ok;
    } catch (const CLI::ParseError& error) {
        return complain(exit_usage, std::string{error.what()} + " (zubr-cli --help)");
    }

    if (getinfo) line.action = Action::getinfo;
    if (top) line.action = Action::top;
    if (getinfo && top) return complain(exit_usage, "-getinfo or -top, not both");
    if (!words.empty() && words.front() == "--") words.erase(words.begin());
    if (!words.empty() && words.front().starts_with('-')) {
        return complain(exit_usage, "unknown option " + words.front() + " (zubr-cli --help)");
    }
    const bool own = getinfo || top;
    if (own != words.empty()) {
        return complain(exit_usage, own ? "-getinfo and -top take no method"
                                        : "name a method; 'zubr-cli help' lists them");
    }
    if (line.stdin_password && !std::getline(std::cin, line.password)) {
        return complain(exit_usage, "-stdinrpcpass, and no password came");
    }
    if (!own) {
        if (const auto wrong = take_method(line, words)) return complain(exit_usage, *wrong);
    }
    return run(line);
}

}  // namespace

int main(int argc, char** argv)
{
    try {
        const std::vector<const char*> arguments(argv + 1, argv + argc);
        return parse_and_run(rpc::cli::with_two_dashes(arguments));
    } catch (const std::exception& error) {
        return complain(exit_failed, error.what());
    }
}
