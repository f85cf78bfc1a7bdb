#include "rpc/cli/admin_address.h"

#include <fstream>
#include <sstream>
#include <string_view>
#include <utility>

#include <toml++/toml.h>

namespace rpc::cli {
namespace {

using pool::Error;
using pool::fail;

/// What is set, as it stands there.
struct Told {
    std::string listen;
    std::string socket;
    std::string cookie_file;
    std::string data_dir;
};

Told from_table(const toml::table& table)
{
    const auto text = [&table](const char* section, const char* key) {
        return table[section][key].value_or(std::string{});
    };
    return {text("admin", "listen"), text("admin", "socket"), text("admin", "cookie_file"),
            text("pool", "data_dir")};
}

pool::Result<Told> from_file(const std::string& config_file)
{
    std::ifstream file{config_file};
    std::stringstream text;
    text << file.rdbuf();
    if (!file) return fail(Error::Code::io, "cannot read " + config_file);
    // Debian's toml++ is built to throw.
    try {
        const std::string content = text.str();
        return from_table(toml::parse(std::string_view{content}, std::string_view{config_file}));
    } catch (const toml::parse_error& error) {
        return fail(Error::Code::invalid, config_file + ":" +
                                              std::to_string(error.source().begin.line) + ": " +
                                              std::string{error.description()});
    }
}

// As zubrd does: a variable that is set wins over the file, though it is empty.
void overlay(std::string& text, const char* value)
{
    if (value != nullptr) text = value;
}

}  // namespace

pool::Result<AdminAddress> read_admin_address(const std::string& config_file,
                                              const Environment& environment)
{
    pool::Result<Told> told = config_file.empty() ? Told{} : from_file(config_file);
    if (!told) return fail(std::move(told.error()));
    overlay(told->listen, environment("ZUBR_ADMIN__LISTEN"));
    overlay(told->socket, environment("ZUBR_ADMIN__SOCKET"));
    overlay(told->cookie_file, environment("ZUBR_ADMIN__COOKIE_FILE"));
    overlay(told->data_dir, environment("ZUBR_POOL__DATA_DIR"));

    AdminAddress address;
    if (!told->listen.empty()) {
        pool::Result<pool::Endpoint> endpoint = pool::parse_endpoint(told->listen);
        if (!endpoint) {
            return fail(Error::Code::invalid, "admin.listen: " + endpoint.error().detail);
        }
        address.endpoint = std::move(*endpoint);
    }
    address.socket = std::move(told->socket);
    if (!told->data_dir.empty()) address.cookie_file = told->data_dir + "/.cookie";
    if (!told->cookie_file.empty()) address.cookie_file = std::move(told->cookie_file);
    return address;
}

pool::Endpoint reachable(pool::Endpoint endpoint)
{
    if (endpoint.host == "0.0.0.0") endpoint.host = "127.0.0.1";
    if (endpoint.host == "::") endpoint.host = "::1";
    return endpoint;
}

}  // namespace rpc::cli
