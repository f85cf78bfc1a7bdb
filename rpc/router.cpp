#include "rpc/router.h"

#include <utility>

#include "pool/base/nearest.h"
#include "pool/base/result.h"

namespace rpc {
namespace {

using Type = pool::JsonValue::Type;

constexpr std::size_t method_name_max = 64;

std::string render_error(std::string_view id, const RpcError& error)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object().key("jsonrpc").string("2.0").key("error").begin_object();
    json.key("code").integer(static_cast<int>(error.code)).key("message").string(error.message);
    json.end_object().key("id").raw(id).end_object();
    return out;
}

std::string render_result(std::string_view id, std::string_view result)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object().key("jsonrpc").string("2.0").key("result").raw(result);
    json.key("id").raw(id).end_object();
    return out;
}

/// The id as JSON text, to be given back as it came; nothing when it is of a type it may not be.
std::optional<std::string> id_text(const pool::JsonValue& id)
{
    if (id.is_null()) return "null";
    if (const auto number = id.number_text()) return std::string{*number};
    if (const auto text = id.string()) {
        std::string out;
        pool::append_json_string(out, *text);
        return out;
    }
    return std::nullopt;
}

/// To a call behind others of its batch whose replies are long enough.
RpcError too_long_with(const Method& method)
{
    return {ErrorCode::invalid_request, "the replies of this batch are " +
                                            std::to_string(Router::replies_bytes_max >> 20) +
                                            " MiB already; call " + method.name + " by itself"};
}

std::string first_sentence(const std::string& doc) { return doc.substr(0, doc.find('.')); }

}  // namespace

/// One call of a request: what to run, or the error that it is already.
struct Router::Call {
    std::string id = "null";  // as JSON text
    bool notification = false;
    const Method* method = nullptr;
    Arguments arguments;
    std::optional<RpcError> error;
};

struct Router::Batch {
    std::vector<Call> calls;
    std::vector<std::string> replies;
    std::size_t replies_bytes = 0;
    Caller caller;
    bool many = false;
    std::function<void(std::optional<std::string>)> done;
    std::size_t next = 0;
    bool waiting = false;  // for the answer of a handler
    bool pumping = false;
};

void Router::add(Method method)
{
    pool::check(method.handler != nullptr, "a method does something");
    std::string name = method.name;
    const bool added = methods_.emplace(std::move(name), std::move(method)).second;
    pool::check(added, "each method is registered once");
}

Router::Call Router::read_call(const pool::JsonValue& value) const
{
    Call call;
    const auto refuse = [&](ErrorCode code, std::string message) -> Call& {
        call.error = RpcError{code, std::move(message)};
        return call;
    };
    if (value.type() != Type::object) {
        return refuse(ErrorCode::invalid_request, "a request is an object");
    }
    const pool::JsonValue id = value.find("id");
    const std::optional<std::string> given_id = id_text(id);
    if (given_id) call.id = *given_id;
    if (id.exists() && !given_id) {
        return refuse(ErrorCode::invalid_request, "id must be a text, a number or null");
    }
    if (value.find("jsonrpc").string() != "2.0") {
        return refuse(ErrorCode::invalid_request, "jsonrpc must be \"2.0\"");
    }
    const std::optional<std::string_view> name = value.find("method").string();
    if (!name) return refuse(ErrorCode::invalid_request, "method must be a text");

    // From here on the request is well formed: without an id nobody waits for an answer.
    call.notification = !id.exists();
    const auto found = methods_.find(*name);
    if (found == methods_.end()) {
        return refuse(ErrorCode::method_not_found, unknown(*name));
    }
    auto arguments = Arguments::read(found->second.params, value.find("params"));
    if (!arguments) {
        return refuse(arguments.error().code,
                      arguments.error().message + "; usage: " + usage(found->second));
    }
    call.method = &found->second;
    call.arguments = std::move(*arguments);
    return call;
}

void Router::call(std::string_view request, const Caller& caller,
                  std::function<void(std::optional<std::string>)> done)
{
    const pool::JsonLimits limits{request_bytes_max, depth_max, values_max};
    const pool::Result<pool::JsonValue> value = document_.parse(request, limits);
    if (!value) {
        ++counts_.errors;
        const bool too_large = value.error().code == pool::Error::Code::limit;
        done(render_error("null", {too_large ? ErrorCode::invalid_request : ErrorCode::parse_error,
                                   value.error().detail}));
        return;
    }

    const auto batch = std::make_shared<Batch>();
    batch->caller = caller;
    batch->done = std::move(done);
    batch->many = value->type() == Type::array;
    if (!batch->many) {
        batch->calls.push_back(read_call(*value));
    } else if (value->size() == 0 || value->size() > batch_max) {
        ++counts_.errors;
        batch->done(render_error(
            "null", {ErrorCode::invalid_request,
                     "a batch holds 1 to " + std::to_string(batch_max) + " requests"}));
        return;
    } else {
        for (const pool::JsonValue item : *value) batch->calls.push_back(read_call(item));
    }
    pump(batch);
}

void Router::start(Call& call, const Caller& caller, Reply reply)
{
    ++counts_.calls;
    if (call.error) return reply(tl::unexpected{std::move(*call.error)});
    const bool allowed = call.method->roles.holds(caller.role);
    ++counts_.active;
    Reply counted = [this, reply = std::move(reply)](RpcResult result) {
        --counts_.active;
        reply(std::move(result));
    };
    if (auditor_ != nullptr) {
        return auditor_->run(*call.method, caller, call.arguments, allowed, std::move(counted));
    }
    if (!allowed) return counted(tl::unexpected{forbidden(*call.method, caller)});
    call.method->handler(caller, call.arguments, std::move(counted));
}

// A loop, not a recursion: handlers may answer during the call, fifty times in a row.
void Router::pump(const std::shared_ptr<Batch>& batch)
{
    if (batch->pumping) return;
    batch->pumping = true;
    while (!batch->waiting && batch->next < batch->calls.size()) {
        Call& call = batch->calls[batch->next++];
        batch->waiting = true;
        if (batch->replies_bytes >= replies_bytes_max && call.method != nullptr) {
            call.error = too_long_with(*call.method);
        }
        start(call, batch->caller, [this, batch, &call](RpcResult result) {
            pool::check(batch->waiting, "a method answers once");
            batch->waiting = false;
            if (!result) ++counts_.errors;
            if (!call.notification) {
                batch->replies.push_back(result ? render_result(call.id, *result)
                                                : render_error(call.id, result.error()));
                batch->replies_bytes += batch->replies.back().size();
            }
            pump(batch);
        });
        if (later_ && !batch->waiting && batch->next < batch->calls.size()) {
            later_([this, batch] { pump(batch); });
            break;
        }
    }
    batch->pumping = false;
    if (batch->waiting || batch->next < batch->calls.size() || !batch->done) return;

    const auto done = std::exchange(batch->done, nullptr);
    if (batch->replies.empty()) return done(std::nullopt);
    if (!batch->many) return done(std::move(batch->replies.front()));
    std::string out;
    pool::JsonWriter json{out};
    json.begin_array();
    for (const std::string& reply : batch->replies) json.raw(reply);
    json.end_array();
    done(std::move(out));
}

std::string Router::unknown(std::string_view name) const
{
    name = name.substr(0, method_name_max);
    std::vector<std::string> known;
    for (const auto& [each, method] : methods_) known.push_back(each);
    const std::string near = pool::nearest(name, known);
    const bool meant = !near.empty() && pool::edit_distance(name, near) <= near.size() / 3;
    return "no method '" + std::string{name} + "'; " +
           (meant ? "did you mean " + near + "? " : std::string{}) + "'help' lists them";
}

std::string Router::help() const
{
    std::map<std::string, std::string> groups;
    for (const auto& [name, method] : methods_) {
        groups[method.group] += usage(method) + "\n    " + first_sentence(method.doc) + "\n";
    }
    std::string out;
    for (const auto& [group, lines] : groups) {
        out.append("== ").append(group).append(" ==\n").append(lines).append("\n");
    }
    return out + "'help METHOD' says more.\n";
}

std::optional<std::string> Router::help(std::string_view name) const
{
    const auto found = methods_.find(name);
    if (found == methods_.end()) return std::nullopt;
    return describe(found->second);
}

}  // namespace rpc
