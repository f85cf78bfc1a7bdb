#include "rpc/cli/command_line.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "pool/base/json.h"

namespace rpc::cli {
namespace {

/// "limit=5" -> 5; npos when the text does not begin with a parameter's name and '='.
std::size_t name_length(std::string_view param)
{
    const std::size_t equals = param.find('=');
    if (equals == 0 || equals == param.npos) return param.npos;
    const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    const std::string_view name = param.substr(0, equals);
    return std::all_of(name.begin(), name.end(), fits) ? equals : param.npos;
}

/// The options whose value may be the next word: behind that the method is still to come.
bool takes_a_word(std::string_view option)
{
    constexpr std::array<std::string_view, 9> takers{
        "c",      "conf",    "datadir",     "rpcconnect",      "rpcsocket",
        "cookie", "rpcuser", "rpcpassword", "rpcclienttimeout"};
    option.remove_prefix(std::min(option.find_first_not_of('-'), option.size()));
    return std::find(takers.begin(), takers.end(), option) != takers.end();
}

}  // namespace

std::vector<std::string> with_two_dashes(std::span<const char* const> arguments)
{
    std::vector<std::string> out;
    bool before_method = true;
    bool value_of_option = false;
    for (const std::string_view argument : arguments) {
        const bool option = before_method && !value_of_option && argument.starts_with('-');
        if (!option && !value_of_option) before_method = false;
        value_of_option = option && takes_a_word(argument);
        const bool one_dash = option && argument.size() > 2 && argument[1] != '-';
        out.push_back(one_dash ? "-" + std::string{argument} : std::string{argument});
    }
    return out;
}

pool::Result<std::string> request_json(const std::string& method,
                                       std::span<const std::string> params)
{
    const auto named = static_cast<std::size_t>(std::count_if(
        params.begin(), params.end(),
        [](const std::string& param) { return name_length(param) != std::string::npos; }));
    if (named != 0 && named != params.size()) {
        return pool::fail(pool::Error::Code::invalid,
                          "give all parameters by position, or all of them as name=value");
    }

    std::string out;
    pool::JsonWriter json{out};
    json.begin_object().key("jsonrpc").string("2.0").key("id").string("zubr-cli");
    json.key("method").string(method).key("params");
    if (named == 0) {
        json.begin_array();
        for (const std::string& param : params) json.string(param);
        json.end_array();
    } else {
        json.begin_object();
        for (const std::string& param : params) {
            const std::size_t equals = name_length(param);
            json.key(param.substr(0, equals)).string(param.substr(equals + 1));
        }
        json.end_object();
    }
    json.end_object();
    return out;
}

}  // namespace rpc::cli
