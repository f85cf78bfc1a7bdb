#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pool/base/json.h"
#include "pool/base/result.h"
#include "rpc/roles.h"

namespace rpc {

/// Error codes of JSON-RPC 2.0, and ours with the numbers that bitcoind gives the same things.
enum class ErrorCode : std::int16_t {
    parse_error = -32700,
    invalid_request = -32600,
    method_not_found = -32601,
    invalid_params = -32602,
    internal_error = -32603,

    miscellaneous = -1,  ///< a file or the disk failed
    forbidden = -2,      ///< the caller's role may not do this
    not_found = -5,      ///< no such account, block, …
    invalid_value = -8,  ///< right type, wrong value
    verify_rejected = -26,
    already_there = -27,
    not_ready = -28,  ///< the part that knows is away: try again
};

struct RpcError {
    ErrorCode code = ErrorCode::internal_error;
    std::string message;
};

/// The result of a call as JSON text, or why there is none.
using RpcResult = tl::expected<std::string, RpcError>;
using Reply = std::function<void(RpcResult)>;

RpcError to_rpc_error(const pool::Error& error);

enum class ParamType : std::uint8_t { text, integer, boolean };

using ParamValue = std::variant<std::monostate, std::string, std::int64_t, bool>;

/// A parameter of a method, checked before the method is called.
struct Param {
    std::string name;
    ParamType type = ParamType::text;
    bool required = true;
    ParamValue default_value{};    ///< of an optional one; monostate: absent
    std::int64_t min = INT64_MIN;  ///< integers
    std::int64_t max = INT64_MAX;
    std::size_t length_max = 256;  ///< texts, in bytes
    bool prose = false;            ///< texts: for people, in any script; others are ASCII
    bool secret = false;           ///< never written down: neither audited nor logged
    std::string doc;
};

/// The checked parameters of one call, in the order of the method's table.
class Arguments {
public:
    /// Reads named (object) or positional (array) parameters, or none (missing). `null` is as
    /// good as absent. An integer or a boolean may come as text, as command lines send it.
    /// Errors: invalid_params, naming the parameter.
    static tl::expected<Arguments, RpcError> read(const std::vector<Param>& params,
                                                  const pool::JsonValue& given);

    /// By position; the type must be the table's (checked). Absent optional ones give nothing.
    const std::string& text(std::size_t index) const;
    std::int64_t integer(std::size_t index) const;
    bool boolean(std::size_t index) const;
    std::optional<std::string> optional_text(std::size_t index) const;
    std::optional<std::int64_t> optional_integer(std::size_t index) const;
    /// All that were given or have a default, as a JSON object by name; secret ones as "***".
    /// `params`: the table that they were read with.
    std::string to_json(const std::vector<Param>& params) const;

private:
    std::vector<ParamValue> values_;
};

struct Method {
    using Handler = std::function<void(const Caller&, const Arguments&, Reply)>;

    std::string group;  ///< headline in `help`: "control", "people", "blocks", "money"
    std::string name;   ///< lower case, no separators
    RoleSet roles = RoleSet::everyone();
    /// It changes nothing: it need not wait for the audit, and goes on without one. Other methods
    /// are written down before they begin, or refused.
    bool reads_only = false;
    std::vector<Param> params;
    std::string doc;     ///< what it does; the first sentence is its line in `help`
    std::string result;  ///< what it answers
    /// Answers exactly once, during the call or later.
    Handler handler;
};

/// What a caller hears whose role may not call `method`.
RpcError forbidden(const Method& method, const Caller& caller);

/// "getledger ( limit "account" )"
std::string usage(const Method& method);
/// Everything about a method, some lines of text.
std::string describe(const Method& method);

}  // namespace rpc
