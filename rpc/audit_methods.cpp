#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "pool/base/json.h"
#include "rpc/audit.h"
#include "rpc/methods.h"

namespace rpc {
namespace {

constexpr RoleSet readers{Role::auditor};

std::string audit_json(const std::vector<AuditRecord>& records)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_array();
    for (const AuditRecord& record : records) {
        json.begin_object().key("id").unsigned_integer(record.id);
        json.key("at_ms").unsigned_integer(record.at.value).key("kind").string(record.kind);
        json.key("about").unsigned_integer(record.about);
        json.key("actor").string(record.actor).key("role").string(record.role);
        json.key("host").string(record.host).key("method").string(record.method);
        json.key("params").string(record.params);
        json.key("repeats").unsigned_integer(record.repeats);
        json.key("hash").string(record.hash).end_object();
    }
    json.end_array();
    return out;
}

Method listaudit_method(AuditLog& log)
{
    Method method;
    method.group = "audit";
    method.name = "listaudit";
    method.reads_only = true;
    method.roles = readers;
    method.params = {{.name = "limit",
                      .type = ParamType::integer,
                      .required = false,
                      .default_value = std::int64_t{50},
                      .min = 1,
                      .max = 1000,
                      .doc = "at most so many"},
                     {.name = "before",
                      .type = ParamType::integer,
                      .required = false,
                      .default_value = std::int64_t{0},
                      .min = 0,
                      .max = INT64_MAX,
                      .doc = "only ids below it; 0: from the newest"},
                     {.name = "actor",
                      .required = false,
                      .length_max = 64,
                      .prose = true,
                      .doc = "only what this user did"}};
    method.doc =
        "Lists what was asked of the admin RPC, newest first. What changes something has a row "
        "\"call\" before it began and one \"done\" or \"failed\" after it; reading the same again, "
        "or "
        "being refused it, within ten minutes only counts in repeats of the next row, and of who "
        "asks for too much at once the rows tell methods only.";
    method.result =
        "a list of objects: id, at_ms, kind (call, refused, done, failed), about, actor, role, "
        "host, method, params, repeats, hash";
    method.handler = [&log](const Caller&, const Arguments& arguments, Reply reply) {
        log.list(static_cast<std::uint32_t>(arguments.integer(0)),
                 static_cast<std::uint64_t>(arguments.integer(1)),
                 arguments.optional_text(2).value_or(""),
                 [reply = std::move(reply)](const pool::Result<std::vector<AuditRecord>>& rows) {
                     if (!rows) return reply(tl::unexpected{to_rpc_error(rows.error())});
                     reply(audit_json(*rows));
                 });
    };
    return method;
}

Method verifyaudit_method(AuditLog& log)
{
    Method method;
    method.group = "audit";
    method.name = "verifyaudit";
    method.reads_only = true;
    method.roles = readers;
    method.doc =
        "Computes the chain of the audit's hashes again. Compare head with one that you noted "
        "earlier, or with the hashes in the log's lines `audited`: a chain that was written anew "
        "as a whole would still fit together.";
    method.result = "an object: good, rows, head, difference (the first one, or empty)";
    method.handler = [&log](const Caller&, const Arguments&, Reply reply) {
        log.verify([reply = std::move(reply)](const pool::Result<AuditVerdict>& verdict) {
            if (!verdict) return reply(tl::unexpected{to_rpc_error(verdict.error())});
            std::string out;
            pool::JsonWriter json{out};
            json.begin_object().key("good").boolean(verdict->difference.empty());
            json.key("rows").unsigned_integer(verdict->rows).key("head").string(verdict->head);
            json.key("difference").string(verdict->difference).end_object();
            reply(std::move(out));
        });
    };
    return method;
}

}  // namespace

void register_audit_methods(Router& router, AuditLog& log)
{
    router.add(listaudit_method(log));
    router.add(verifyaudit_method(log));
}

}  // namespace rpc
