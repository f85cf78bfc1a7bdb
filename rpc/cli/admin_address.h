#pragma once

#include <functional>
#include <string>

#include "pool/base/result.h"
#include "pool/runtime/tcp.h"

namespace rpc::cli {

/// Where the server listens for admins and where its cookie lies.
struct AdminAddress {
    pool::Endpoint endpoint{"127.0.0.1", 8337};
    std::string socket{};  ///< "" when it has none; wins
    std::string cookie_file = "/var/lib/zubr/.cookie";
};

/// What a variable of the environment holds; nullptr when it is not set.
using Environment = std::function<const char*(const char* name)>;

/// Takes admin.listen, admin.socket, admin.cookie_file and pool.data_dir out of zubrd's own
/// configuration: the environment (ZUBR_ADMIN__LISTEN and so on), then the file (none when it is
/// ""); what is in neither has zubrd's default. Checks nothing else: that is zubrd's business.
/// Errors: io, when the file cannot be read; invalid, with the line.
pool::Result<AdminAddress> read_admin_address(const std::string& config_file,
                                              const Environment& environment);

/// Where to connect to reach a server that listens on `endpoint`: this machine when it listens on
/// all addresses.
pool::Endpoint reachable(pool::Endpoint endpoint);

}  // namespace rpc::cli
