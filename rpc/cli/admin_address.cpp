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

pool::Result<AdminAddress> from_table(const toml::table& table)
{
    AdminAddress address;
    const std::string listen = table["admin"]["listen"].value_or(std::string{});
    const std::string cookie = table["admin"]["cookie_file"].value_or(std::string{});
    const std::string data_dir = table["pool"]["data_dir"].value_or(std::string{});
    if (!listen.empty()) {
        pool::Result<pool::Endpoint> endpoint = pool::parse_endpoint(listen);
        if (!endpoint)
            return fail(Error::Code::invalid, "admin.listen: " + endpoint.error().detail);
        address.endpoint = std::move(*endpoint);
    }
    address.socket = table["admin"]["socket"].value_or(std::string{});
    if (!data_dir.empty()) address.cookie_file = data_dir + "/.cookie";
    if (!cookie.empty()) address.cookie_file = cookie;
    return address;
}

}  // namespace

pool::Result<AdminAddress> read_admin_address(const std::string& config_file)
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

pool::Endpoint reachable(pool::Endpoint endpoint)
{
    if (endpoint.host == "0.0.0.0") endpoint.host = "127.0.0.1";
    if (endpoint.host == "::") endpoint.host = "::1";
    return endpoint;
}

}  // namespace rpc::cli
