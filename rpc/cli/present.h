#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "pool/base/result.h"
#include "pool/runtime/tcp.h"

namespace rpc::cli {

/// A result for a person: a text as it is, an object as lines "key  value", a list of objects as a
/// table. Control characters are shown as '?': what miners call themselves must not reach the
/// terminal as commands.
std::string as_text(const std::string& result_json);

/// A result for a program or a file: indented JSON; a plain text as it is.
std::string as_json(const std::string& result_json);

/// "error -5: no such account": of {"code": …, "message": …}.
std::string error_text(const std::string& error_json);

enum class Colour : std::uint8_t { no, yes };
/// The summary of `-getinfo`, from the result of getpoolinfo. operator_page: where it is; "" when
/// no browser reaches it.
std::string info_text(const std::string& pool_json, Colour colour,
                      const std::string& operator_page = "");
/// "http://127.0.0.1:8337/#/operator": on the admin port, behind its log-in.
std::string operator_page(const pool::Endpoint& admin);

struct Screen {
    std::size_t rows = 0;  ///< 0: as many as it takes
    std::size_t columns = 0;
};
/// What `-top` shows: the summary's most important lines, and the workers as a table that fits on
/// the screen. From the results of getpoolinfo and listworkers.
std::string top_text(const std::string& pool_json, const std::string& workers_json, Screen screen);

/// True for a check's answer ("good": false) that found something.
bool found_wrong(const std::string& result_json);

/// Nothing when getpoolinfo says that the pool is ready; else what is not.
std::string not_ready_text(const std::string& pool_json);

}  // namespace rpc::cli
