#include "rpc/method.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace rpc {
namespace {

tl::unexpected<RpcError> bad(const Param& param, const std::string& what)
{
    return tl::unexpected{RpcError{ErrorCode::invalid_params, param.name + " " + what}};
}

std::string type_word(ParamType type)
{
    switch (type) {
        case ParamType::text:
            return "text";
        case ParamType::integer:
            return "integer";
        case ParamType::boolean:
            return "boolean";
    }
    return "";
}

std::optional<std::int64_t> integer_in(std::string_view text)
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

tl::expected<ParamValue, RpcError> read_integer(const Param& param, const pool::JsonValue& given)
{
    std::optional<std::int64_t> value = given.int64();
    const auto text = given.string();
    if (!value && text) value = integer_in(*text);
    if (!value) return bad(param, "must be an integer");
    if (*value < param.min || *value > param.max) {
        return bad(param,
                   "must be " + std::to_string(param.min) + " to " + std::to_string(param.max));
    }
    return *value;
}

tl::expected<ParamValue, RpcError> read_boolean(const Param& param, const pool::JsonValue& given)
{
    const std::optional<bool> value = given.boolean();
    if (value) return *value;
    if (given.string() == "true") return true;
    if (given.string() == "false") return false;
    return bad(param, "must be true or false");
}

tl::expected<ParamValue, RpcError> read_text(const Param& param, const pool::JsonValue& given)
{
    // A name like 12345 looks like a number to whoever wrote the JSON.
    std::optional<std::string_view> value = given.string();
    if (!value) value = given.number_text();
    if (!value) return bad(param, "must be a text");
    if (value->size() > param.length_max) {
        return bad(param, "is longer than " + std::to_string(param.length_max) + " bytes");
    }
    // Names, hashes and words: what is none of them needs no store to say so.
    const auto fits = [&param](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x20 && byte != 0x7f && (byte < 0x80 || param.prose);
    };
    if (!std::all_of(value->begin(), value->end(), fits)) {
        return bad(param, param.prose ? "holds control characters"
                                      : "holds more than printable ASCII characters");
    }
    return std::string{*value};
}

tl::expected<ParamValue, RpcError> read_one(const Param& param, const pool::JsonValue& given)
{
    if (!given.exists() || given.is_null()) {
        if (param.required) return bad(param, "is missing");
        return param.default_value;
    }
    switch (param.type) {
        case ParamType::text:
            return read_text(param, given);
        case ParamType::integer:
            return read_integer(param, given);
        case ParamType::boolean:
            return read_boolean(param, given);
    }
    return bad(param, "has no type");
}

bool names_one(const std::vector<Param>& params, std::string_view name)
{
    for (const Param& param : params) {
        if (param.name == name) return true;
    }
    return false;
}

std::optional<RpcError> misfit(const std::vector<Param>& params, const pool::JsonValue& given)
{
    using Type = pool::JsonValue::Type;
    if (given.type() == Type::missing) return std::nullopt;
    if (given.type() == Type::array) {
        if (given.size() <= params.size()) return std::nullopt;
        return RpcError{ErrorCode::invalid_params,
                        "at most " + std::to_string(params.size()) + " parameters"};
    }
    if (given.type() != Type::object) {
        return RpcError{ErrorCode::invalid_request, "params must be an array or an object"};
    }
    for (const pool::JsonValue member : given) {
        if (names_one(params, member.key())) continue;
        return RpcError{ErrorCode::invalid_params,
                        "unknown parameter '" + std::string{member.key().substr(0, 64)} + "'"};
    }
    return std::nullopt;
}

std::string default_text(const ParamValue& value)
{
    if (const auto* text = std::get_if<std::string>(&value)) return "\"" + *text + "\"";
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    return "";
}

std::string param_line(const Param& param)
{
    std::string line = param.name + " (" + type_word(param.type);
    line += param.required ? ", required" : ", optional";
    const std::string fallback = default_text(param.default_value);
    if (!param.required && !fallback.empty()) line += ", default " + fallback;
    if (param.min != INT64_MIN && param.max != INT64_MAX) {
        line += ", " + std::to_string(param.min) + " to " + std::to_string(param.max);
    }
    return line + ")  " + param.doc;
}

}  // namespace

RpcError to_rpc_error(const pool::Error& error)
{
    using Code = pool::Error::Code;
    ErrorCode code = ErrorCode::internal_error;
    switch (error.code) {
        case Code::invalid:
        case Code::limit:
            code = ErrorCode::invalid_value;
            break;
        case Code::unavailable:
            code = ErrorCode::not_ready;
            break;
        case Code::refused:
            code = ErrorCode::verify_rejected;
            break;
        case Code::not_found:
            code = ErrorCode::not_found;
            break;
        case Code::conflict:
            code = ErrorCode::already_there;
            break;
        case Code::io:
            code = ErrorCode::miscellaneous;
            break;
    }
    return {code, error.detail};
}

tl::expected<Arguments, RpcError> Arguments::read(const std::vector<Param>& params,
                                                  const pool::JsonValue& given)
{
    if (std::optional<RpcError> error = misfit(params, given)) {
        return tl::unexpected{std::move(*error)};
    }
    const bool positional = given.type() == pool::JsonValue::Type::array;
    Arguments arguments;
    for (std::size_t i = 0; i < params.size(); ++i) {
        tl::expected<ParamValue, RpcError> value =
            read_one(params[i], positional ? given.at(i) : given.find(params[i].name));
        if (!value) return tl::unexpected{std::move(value.error())};
        arguments.values_.push_back(std::move(*value));
    }
    return arguments;
}

const std::string& Arguments::text(std::size_t index) const
{
    const auto* value = std::get_if<std::string>(&values_.at(index));
    pool::check(value != nullptr, "the method's table says that this parameter is a text");
    return *value;
}

std::int64_t Arguments::integer(std::size_t index) const
{
    const auto* value = std::get_if<std::int64_t>(&values_.at(index));
    pool::check(value != nullptr, "the method's table says that this parameter is an integer");
    return *value;
}

bool Arguments::boolean(std::size_t index) const
{
    const auto* value = std::get_if<bool>(&values_.at(index));
    pool::check(value != nullptr, "the method's table says that this parameter is a boolean");
    return *value;
}

std::optional<std::string> Arguments::optional_text(std::size_t index) const
{
    if (std::holds_alternative<std::monostate>(values_.at(index))) return std::nullopt;
    return text(index);
}

std::optional<std::int64_t> Arguments::optional_integer(std::size_t index) const
{
    if (std::holds_alternative<std::monostate>(values_.at(index))) return std::nullopt;
    return integer(index);
}

std::string Arguments::to_json(const std::vector<Param>& params) const
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object();
    for (std::size_t i = 0; i < values_.size(); ++i) {
        const ParamValue& value = values_[i];
        if (std::holds_alternative<std::monostate>(value)) continue;
        json.key(params.at(i).name);
        if (params.at(i).secret)
            json.string("***");
        else if (const auto* text = std::get_if<std::string>(&value))
            json.string(*text);
        else if (const auto* number = std::get_if<std::int64_t>(&value))
            json.integer(*number);
        else
            json.boolean(std::get<bool>(value));
    }
    json.end_object();
    return out;
}

RpcError forbidden(const Method& method, const Caller& caller)
{
    return {ErrorCode::forbidden,
            "the role " + std::string{to_string(caller.role)} + " may not call " + method.name};
}

std::string usage(const Method& method)
{
    std::string line = method.name;
    bool optional = false;
    for (const Param& param : method.params) {
        if (!param.required && !optional) line += " (";
        optional = optional || !param.required;
        line += param.type == ParamType::text ? " \"" + param.name + "\"" : " " + param.name;
    }
    return optional ? line + " )" : line;
}

std::string describe(const Method& method)
{
    std::string out = usage(method) + "\n\n" + method.doc + "\n";
    if (!method.params.empty()) out += "\nParameters, by position or by name:\n";
    for (std::size_t i = 0; i < method.params.size(); ++i) {
        out += std::to_string(i + 1) + ". " + param_line(method.params[i]) + "\n";
    }
    out += "\nResult: " + method.result + "\nRoles: " + method.roles.to_text() + "\n";
    if (!method.reads_only) out += "Changes something: refused while it cannot be audited.\n";
    return out;
}

}  // namespace rpc
