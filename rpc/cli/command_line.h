#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pool/base/result.h"

namespace rpc::cli {

/// What is called: a method with its parameters, or something of zubr-cli's own.
enum class Action : std::uint8_t { call, getinfo, top, healthcheck, rpcauth };

struct CommandLine {
    Action action = Action::call;
    std::string config_file;  ///< "" when not given
    std::string data_dir;     ///< likewise
    std::string connect;      ///< host:port, "" when not given
    std::string socket;       ///< path, "" when not given
    std::string cookie_file;  ///< "" when not given
    std::string user;
    std::string password;
    bool stdin_password = false;     ///< `password` is the first line of stdin
    bool wait = false;               ///< until the server answers
    bool json = false;               ///< JSON on a terminal too
    std::uint32_t patience_s = 900;  ///< for an answer; 0: as long as it takes
    bool stdin_params = false;       ///< further parameters come from stdin, one a line
    std::string method;
    std::vector<std::string> params;
};

/// Long options with one dash, as bitcoin-cli takes them, become ones with two ("-conf=x" ->
/// "--conf=x"). Only what stands before the method: behind it a dash may begin a value.
std::vector<std::string> with_two_dashes(std::span<const char* const> arguments);

/// The JSON-RPC request of a call. Parameters go by position, or by name when all of them read
/// name=value.
/// Errors: invalid, when some are named and some are not.
pool::Result<std::string> request_json(const std::string& method,
                                       std::span<const std::string> params);

}  // namespace rpc::cli
