#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "rpc/answers.h"
#include "rpc/methods.h"
#include "rpc/miner_control.h"
#include "rpc/views.h"

namespace rpc {
namespace {

Method listconnections_method(MinerControl& miners)
{
    Method method;
    method.group = "miners";
    method.name = "listconnections";
    method.reads_only = true;
    method.roles = {Role::operating, Role::auditor};
    method.params = {{.name = "limit",
                      .type = ParamType::integer,
                      .required = false,
                      .default_value = std::int64_t{100},
                      .min = 1,
                      .max = 10'000,
                      .doc = "at most so many"},
                     {.name = "account",
                      .required = false,
                      .length_max = 128,
                      .doc = "only connections that mine for it"}};
    method.doc = "Lists the connections of miners, oldest first.";
    method.result =
        "a list of objects: id, peer, user_agent, connected, difficulty, workers (how many), "
        "worker (the first: account.name, empty before it has authorised), accepted, rejected";
    method.handler = [&miners](const Caller&, const Arguments& arguments, Reply reply) {
        miners.connections(static_cast<std::size_t>(arguments.integer(0)),
                           arguments.optional_text(1).value_or(""),
                           answer<std::vector<ConnectionInfo>>(std::move(reply), connections_json));
    };
    return method;
}

Method disconnectclient_method(MinerControl& miners)
{
    Method method;
    method.group = "miners";
    method.name = "disconnectclient";
    method.roles = {Role::operating};
    method.params = {
        {.name = "who",
         .length_max = 256,
         .doc = "an id of listconnections, an address or a network like 10.0.0.0/8, an account, "
                "or account.worker"}};
    method.doc =
        "Closes connections; what they have submitted is answered first. They may come back: "
        "'setban' keeps them away.";
    method.result = "how many there were";
    method.handler = [&miners](const Caller&, const Arguments& arguments, Reply reply) {
        miners.disconnect(arguments.text(0),
                          answer<std::size_t>(std::move(reply), [](std::size_t count) {
                              return std::to_string(count);
                          }));
    };
    return method;
}

}  // namespace

void register_connection_methods(Router& router, MinerControl& miners)
{
    router.add(listconnections_method(miners));
    router.add(disconnectclient_method(miners));
}

}  // namespace rpc
