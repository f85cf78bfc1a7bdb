#include <string>
#include <utility>

#include "pool/base/json.h"
#include "rpc/answers.h"
#include "rpc/methods.h"

namespace rpc {
namespace {

Method logging_method(ServerControl& server)
{
    Method method;
    method.group = "control";
    method.name = "logging";
    method.roles = {Role::operating};
    method.params = {
        {.name = "level",
         .required = false,
         .length_max = 16,
         .doc = "debug, info, notice, warn or error; without it nothing changes"},
        {.name = "part",
         .required = false,
         .length_max = 16,
         .doc = "app, node, share, runtime, stratum, payouts or rpc; without it, all of them"}};
    method.doc = "Sets from which level on lines are logged, until the next start or reload.";
    method.result = "an object: the level of each part by now";
    method.handler = [&server](const Caller&, const Arguments& arguments, const Reply& reply) {
        if (const auto level = arguments.optional_text(0)) {
            const auto done = server.set_log_level(*level, arguments.optional_text(1).value_or(""));
            if (!done) return reply(tl::unexpected{to_rpc_error(done.error())});
        }
        std::string out;
        pool::JsonWriter json{out};
        json.begin_object();
        for (const LogLevel& each : server.log_levels()) json.key(each.part).string(each.level);
        json.end_object();
        reply(std::move(out));
    };
    return method;
}

Method getmemoryinfo_method(ServerControl& server)
{
    Method method;
    method.group = "control";
    method.name = "getmemoryinfo";
    method.reads_only = true;
    method.doc = "Tells what the process holds of memory, files and threads.";
    method.result =
        "an object, in bytes: resident, resident_most, heap_used, heap_free; open_files, "
        "open_files_max, threads";
    method.handler = [&server](const Caller&, const Arguments&, const Reply& reply) {
        const MemoryInfo info = server.memory();
        std::string out;
        pool::JsonWriter json{out};
        json.begin_object().key("resident").unsigned_integer(info.resident);
        json.key("resident_most").unsigned_integer(info.resident_most);
        json.key("heap_used").unsigned_integer(info.heap_used);
        json.key("heap_free").unsigned_integer(info.heap_free);
        json.key("open_files").unsigned_integer(info.open_files);
        json.key("open_files_max").unsigned_integer(info.open_files_max);
        json.key("threads").unsigned_integer(info.threads).end_object();
        reply(std::move(out));
    };
    return method;
}

Method reloadconfig_method(ServerControl& server)
{
    Method method;
    method.group = "control";
    method.name = "reloadconfig";
    method.roles = {Role::operating};
    method.doc =
        "Does what SIGHUP does: reads the TLS certificate and its key again, and admin.rpcauth, "
        "log.level and log.levels of the configuration. Other settings hold until a restart.";
    method.result = "null; what came of it is in the log";
    method.handler = [&server](const Caller&, const Arguments&, const Reply& reply) {
        server.reload();
        reply("null");
    };
    return method;
}

}  // namespace

void register_server_methods(Router& router, ServerControl& server)
{
    router.add(logging_method(server));
    router.add(getmemoryinfo_method(server));
    router.add(reloadconfig_method(server));
}

}  // namespace rpc
