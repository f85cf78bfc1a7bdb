#include "rpc/audit.h"

#include <utility>

#include "pool/base/log.h"

namespace rpc {
namespace {

constexpr std::size_t name_max = 64;  // of the columns, in characters

AuditRecord record_of(const Method& method, const Caller& caller, const Arguments& arguments)
{
    AuditRecord record;
    record.at = pool::read_clock().wall;
    record.kind = "call";
    record.actor = caller.name.substr(0, name_max);
    record.role = to_string(caller.role);
    record.host = caller.host.substr(0, name_max);
    record.method = method.name;
    record.params = arguments.to_json(method.params);
    return record;
}

}  // namespace

std::optional<std::uint64_t> ReadRepeats::note(const std::string& call, pool::SteadyTime now)
{
    const auto found = calls_.find(call);
    if (found != calls_.end() && now - found->second.written < a_row_every) {
        ++found->second.repeats;
        return std::nullopt;
    }
    if (found != calls_.end()) {
        found->second.written = now;
        return std::exchange(found->second.repeats, 0);
    }
    if (calls_.size() >= calls_max) {
        // What nobody has repeated has nothing left to tell.
        std::erase_if(calls_, [&](const auto& entry) {
            return entry.second.repeats == 0 && now - entry.second.written >= a_row_every;
        });
    }
    if (calls_.size() < calls_max) calls_.emplace(call, Entry{now, 0});
    return 0;
}

void Auditor::run(const Method& method, const Caller& caller, const Arguments& arguments,
                  bool allowed, Reply reply)
{
    AuditRecord record = record_of(method, caller, arguments);
    if (!allowed) {
        record.kind = "refused";
        write(std::move(record));
        return reply(tl::unexpected{forbidden(method, caller)});
    }
    if (method.reads_only) {
        const std::string call = record.actor + '\n' + record.host + '\n' + record.method + '\n';
        const auto repeats = reads_.note(call + record.params, pool::read_clock().steady);
        if (repeats) {
            record.repeats = *repeats;
            write(std::move(record));
        }
        return method.handler(caller, arguments, std::move(reply));
    }
    log_.write(record, [this, &method, caller, arguments, record,
                        reply = std::move(reply)](const pool::Result<std::uint64_t>& id) {
        if (!id) {
            return reply(tl::unexpected{RpcError{
                ErrorCode::not_ready,
                "nothing was done, for the audit cannot be written: " + id.error().detail}});
        }
        method.handler(caller, arguments, [this, record, about = *id, reply](RpcResult result) {
            AuditRecord outcome = record;
            outcome.at = pool::read_clock().wall;
            outcome.kind = result ? "done" : "failed";
            outcome.about = about;
            outcome.params = "{}";
            if (!result) {
                outcome.params.clear();
                pool::append_json_string(outcome.params, result.error().message);
            }
            write(std::move(outcome));
            reply(std::move(result));
        });
    });
}

// Where nothing waits for the row: what it tells has happened, or has no effect.
void Auditor::write(AuditRecord record)
{
    const std::string method = record.method;
    log_.write(std::move(record), [method](const pool::Result<std::uint64_t>& id) {
        if (id) return;
        pool::log::warn("audit_not_written", {{"method", method}, {"detail", id.error().detail}});
    });
}

}  // namespace rpc
