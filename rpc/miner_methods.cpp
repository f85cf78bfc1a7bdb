#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "pool/base/json.h"
#include "pool/base/log.h"
#include "rpc/answers.h"
#include "rpc/methods.h"
#include "rpc/miner_control.h"
#include "rpc/views.h"

namespace rpc {
namespace {

constexpr std::int64_t ban_seconds_max = 31'536'000;

Param network_param()
{
    return {.name = "network", .length_max = 64, .doc = "an address, or a network like 10.0.0.0/8"};
}

void answer_done(const Reply& reply, const pool::Result<void>& done)
{
    if (!done) return reply(tl::unexpected{to_rpc_error(done.error())});
    reply("null");
}

Method drain_method(MinerControl& miners)
{
    Method method;
    method.group = "miners";
    method.name = "drain";
    method.roles = {Role::operating};
    method.doc =
        "Closes the ports for miners and asks all of them, one after the other, to connect again. "
        "Those that stay are served until 'stop'. There is no way back but a restart.";
    method.params = {{.name = "seconds",
                      .type = ParamType::integer,
                      .required = false,
                      .min = 0,
                      .max = 3600,
                      .doc = "within this time; else stratum.drain_seconds"}};
    method.result = "null";
    method.handler = [&miners](const Caller& caller, const Arguments& arguments,
                               const Reply& reply) {
        pool::log::info("drain_asked", {{"user", caller.name}});
        std::optional<std::chrono::seconds> over;
        if (const auto given = arguments.optional_integer(0)) over = std::chrono::seconds{*given};
        miners.drain(over);
        reply("null");
    };
    return method;
}

Method listbanned_method(MinerControl& miners)
{
    Method method;
    method.group = "miners";
    method.name = "listbanned";
    method.reads_only = true;
    method.doc = "Lists the addresses and networks that may not connect.";
    method.result = "a list of objects: network, seconds_left";
    method.handler = [&miners](const Caller&, const Arguments&, const Reply& reply) {
        reply(bans_json(miners.bans()));
    };
    return method;
}

Method setban_method(MinerControl& miners)
{
    Method method;
    method.group = "miners";
    method.name = "setban";
    method.roles = {Role::operating};
    method.params = {network_param(),
                     {.name = "seconds",
                      .type = ParamType::integer,
                      .required = false,
                      .default_value = std::int64_t{86'400},
                      .min = 1,
                      .max = ban_seconds_max,
                      .doc = "for how long"}};
    method.doc =
        "Keeps an address or a network from connecting, to this server, also after a restart. Who "
        "is connected stays (disconnectclient). Said again, the new time counts.";
    method.result = "null";
    method.handler = [&miners](const Caller&, const Arguments& arguments, const Reply& reply) {
        answer_done(reply,
                    miners.ban(arguments.text(0), std::chrono::seconds{arguments.integer(1)}));
    };
    return method;
}

Method clearbanned_method(MinerControl& miners)
{
    Method method;
    method.group = "miners";
    method.name = "clearbanned";
    method.roles = {Role::operating};
    method.params = {network_param()};
    method.doc = "Lifts the ban of an address, or of a network and all addresses in it.";
    method.result = "null";
    method.handler = [&miners](const Caller&, const Arguments& arguments, const Reply& reply) {
        answer_done(reply, miners.unban(arguments.text(0)));
    };
    return method;
}

/// Nothing for what is no positive number.
std::optional<double> positive(const std::string& text)
{
    double number = 0;
    const char* const end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || at != end || !(number > 0)) return std::nullopt;
    return number;
}

Method setvardiff_method(MinerControl& miners)
{
    Method method;
    method.group = "miners";
    method.name = "setvardiff";
    method.roles = {Role::operating};
    method.params = {{.name = "port",
                      .type = ParamType::integer,
                      .min = 1,
                      .max = 65535,
                      .doc = "of a listener for miners"},
                     {.name = "min", .length_max = 32, .doc = "no easier than this, e.g. 1024"},
                     {.name = "max", .length_max = 32, .doc = "no harder than this"}};
    method.doc =
        "Changes the bounds of difficulty of a port, for its miners and those to come, until the "
        "next start. They are rounded to powers of two; the start difficulty is moved between "
        "them. Shares of jobs that are out keep what they were promised.";
    method.result = "how many connections there are";
    method.handler = [&miners](const Caller&, const Arguments& arguments, const Reply& reply) {
        const auto least = positive(arguments.text(1));
        const auto most = positive(arguments.text(2));
        if (!least || !most || *least > *most) {
            return reply(tl::unexpected{RpcError{
                ErrorCode::invalid_value, "min and max must be positive numbers, in this order"}});
        }
        miners.set_bounds(
            static_cast<std::uint16_t>(arguments.integer(0)), *least, *most,
            answer<std::size_t>(reply, [](std::size_t count) { return std::to_string(count); }));
    };
    return method;
}

Method resetworker_method(MinerControl& miners)
{
    Method method;
    method.group = "miners";
    method.name = "resetworker";
    method.roles = {Role::operating};
    method.params = {{.name = "account", .length_max = 128, .doc = "its address or name"},
                     {.name = "worker", .length_max = 64, .doc = "its name"}};
    method.doc =
        "Begins the counts of a worker (accepted, stale, refused, best share) anew. Its rates "
        "fade as before; the books are not touched.";
    method.result = "of how many connections, those before counted as one";
    method.handler = [&miners](const Caller&, const Arguments& arguments, Reply reply) {
        miners.reset_worker(arguments.text(0), arguments.text(1),
                            answer<std::size_t>(std::move(reply), [](std::size_t count) {
                                return std::to_string(count);
                            }));
    };
    return method;
}

Method setdifficulty_method(MinerControl& miners)
{
    Method method;
    method.group = "miners";
    method.name = "setdifficulty";
    method.roles = {Role::operating};
    method.params = {{.name = "account", .length_max = 128, .doc = "address or account name"},
                     {.name = "difficulty",
                      .length_max = 32,
                      .doc = "a decimal number; rounded down to a power of two"},
                     {.name = "worker",
                      .required = false,
                      .length_max = 64,
                      .doc = "only this worker's connections"}};
    method.doc = "Fixes the difficulty of an account's connections until they end.";
    method.result = "how many connections there were";
    method.handler = [&miners](const Caller&, const Arguments& arguments, Reply reply) {
        const std::string& text = arguments.text(1);
        double difficulty = 0;
        const char* const end = text.data() + text.size();
        const auto [at, error] = std::from_chars(text.data(), end, difficulty);
        if (error != std::errc{} || at != end || !(difficulty > 0)) {
            return reply(tl::unexpected{
                RpcError{ErrorCode::invalid_value, "difficulty must be a positive number"}});
        }
        miners.fix_difficulty(arguments.text(0), arguments.optional_text(2).value_or(""),
                              difficulty,
                              [reply = std::move(reply)](const pool::Result<std::size_t>& count) {
                                  if (!count) {
                                      return reply(tl::unexpected{to_rpc_error(count.error())});
                                  }
                                  reply(std::to_string(*count));
                              });
    };
    return method;
}

}  // namespace

void register_miner_methods(Router& router, MinerControl& miners)
{
    router.add(drain_method(miners));
    router.add(listbanned_method(miners));
    router.add(setban_method(miners));
    router.add(clearbanned_method(miners));
    router.add(setdifficulty_method(miners));
    router.add(setvardiff_method(miners));
    router.add(resetworker_method(miners));
}

}  // namespace rpc
