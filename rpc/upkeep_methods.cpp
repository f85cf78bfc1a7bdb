#include <string>
#include <utility>
#include <vector>

#include "pool/base/json.h"
#include "pool/base/log.h"
#include "rpc/answers.h"
#include "rpc/methods.h"

namespace rpc {
namespace {

std::string config_json(const std::vector<ConfigEntry>& entries)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_array();
    for (const ConfigEntry& entry : entries) {
        json.begin_object().key("name").string(entry.name);
        json.key("value").raw(entry.value_json);
        json.key("source").string(entry.source).end_object();
    }
    json.end_array();
    return out;
}

std::string schema_json(const SchemaInfo& info)
{
    std::string out;
    pool::JsonWriter json{out};
    const std::uint64_t newest = info.applied.empty() ? 0 : info.applied.back().version;
    const bool whole = !info.applied.empty() && !info.applied.back().applied_at.empty();
    json.begin_object().key("applied").unsigned_integer(newest);
    json.key("known").unsigned_integer(info.known);
    json.key("up_to_date").boolean(whole && newest == info.known);
    json.key("migrations").begin_array();
    for (const SchemaInfo::Step& step : info.applied) {
        json.begin_object().key("version").unsigned_integer(step.version);
        json.key("applied_at").string(step.applied_at).end_object();
    }
    json.end_array().end_object();
    return out;
}

std::string backup_json(const BackupOutcome& outcome)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object().key("took_ms").unsigned_integer(outcome.took_ms);
    json.key("said").string(outcome.said).end_object();
    return out;
}

Method getconfig_method(ServerControl& server)
{
    Method method;
    method.group = "control";
    method.name = "getconfig";
    method.reads_only = true;
    method.roles = {Role::operating, Role::auditor};
    method.params = {{.name = "section",
                      .required = false,
                      .length_max = 64,
                      .doc = "only options whose name begins so, e.g. stratum"}};
    method.doc =
        "Tells every option as this process has it, and where it was set; secrets as ***. What "
        "was changed live since the start is not in it.";
    method.result = "a list of objects: name, value, source";
    method.handler = [&server](const Caller&, const Arguments& arguments, const Reply& reply) {
        const std::string begin = arguments.optional_text(0).value_or("");
        std::vector<ConfigEntry> entries = server.config();
        std::erase_if(entries, [&](const auto& entry) { return !entry.name.starts_with(begin); });
        reply(config_json(entries));
    };
    return method;
}

Method migratestatus_method(PoolView& view)
{
    Method method;
    method.group = "upkeep";
    method.name = "migratestatus";
    method.reads_only = true;
    method.doc = "Tells which migrations of the schema the database has.";
    method.result =
        "an object: applied, known (the newest of each), up_to_date, migrations (a list of "
        "objects: version, applied_at)";
    method.handler = [&view](const Caller&, const Arguments&, Reply reply) {
        view.schema(answer<SchemaInfo>(std::move(reply), schema_json));
    };
    return method;
}

Method backupnow_method(ServerControl& server)
{
    Method method;
    method.group = "upkeep";
    method.name = "backupnow";
    method.roles = {Role::operating};
    method.doc =
        "Runs admin.backup_command and waits for it, however long it takes (zubr-cli gives up "
        "after 15 minutes: -rpcclienttimeout=0). Miners, books and payouts go on meanwhile.";
    method.result = "an object: took_ms, said (its last line)";
    method.handler = [&server](const Caller& caller, const Arguments&, Reply reply) {
        pool::log::info("backup_asked", {{"user", caller.name}});
        server.backup(answer<BackupOutcome>(std::move(reply), backup_json));
    };
    return method;
}

}  // namespace

void register_upkeep_methods(Router& router, ServerControl& server, PoolView& view)
{
    router.add(getconfig_method(server));
    router.add(migratestatus_method(view));
    router.add(backupnow_method(server));
}

}  // namespace rpc
