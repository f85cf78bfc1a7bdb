#include "rpc/audit.h"

#include <utility>

#include "pool/base/log.h"

namespace rpc {
namespace {

constexpr std::size_t name_max = 64;  // of the columns, in characters
constexpr std::chrono::minutes sweep_every{1};

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

// Once a minute, for it walks over all of them.
void QuietCalls::sweep(pool::SteadyTime now, std::size_t room, std::vector<AuditRecord>& due)
{
    if (now - swept_ < sweep_every) return;
    swept_ = now;
    for (auto at = calls_.begin(); at != calls_.end();) {
        Entry& entry = at->second;
        const bool young = entry.told && now - entry.written < a_row_every;
        if (young || (entry.repeats > 0 && due.size() >= room)) {
            ++at;
            continue;
        }
        if (entry.repeats > 0) {
            entry.record.repeats = entry.repeats;
            due.push_back(std::move(entry.record));
        }
        at = calls_.erase(at);
    }
}

/// Null when even the summed ones are too many.
QuietCalls::Entry* QuietCalls::entry_of(AuditRecord& record, pool::SteadyTime now)
{
    const std::string summed = record.actor + '\n' + record.method + '\n' + record.kind;
    const std::string own = summed + '\n' + record.host + '\n' + record.params;
    const bool short_enough = record.params.size() <= params_max;
    if (const auto known = calls_.find(own); known != calls_.end()) return &known->second;
    if (short_enough && calls_.size() < calls_max && rows_.allow(record.actor, now)) {
        return &calls_[own];
    }
    record.params = "{}";
    const auto known = calls_.find(summed);
    if (known != calls_.end()) return &known->second;
    return calls_.size() < 2 * calls_max ? &calls_[summed] : nullptr;
}

void QuietCalls::note(AuditRecord record, pool::SteadyTime now, std::size_t room,
                      std::vector<AuditRecord>& due)
{
    sweep(now, room, due);
    Entry* const entry = entry_of(record, now);
    const bool room_left = due.size() < room;
    if (entry == nullptr) {
        if (room_left) due.push_back(std::move(record));
        return;
    }
    const bool row_due = !entry->told || now - entry->written >= a_row_every;
    entry->record = record;
    if (!row_due || !room_left) {
        ++entry->repeats;
        return;
    }
    entry->told = true;
    entry->written = now;
    record.repeats = std::exchange(entry->repeats, 0);
    due.push_back(std::move(record));
}

void Auditor::run(const Method& method, const Caller& caller, const Arguments& arguments,
                  bool allowed, Reply reply)
{
    AuditRecord record = record_of(method, caller, arguments);
    if (!allowed) {
        record.kind = "refused";
        note_quietly(std::move(record));
        return reply(tl::unexpected{forbidden(method, caller)});
    }
    if (method.reads_only) {
        note_quietly(std::move(record));
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

void Auditor::note_quietly(AuditRecord record)
{
    std::vector<AuditRecord> due;
    quiet_.note(std::move(record), pool::read_clock().steady, quiet_waiting_max - quiet_waiting_,
                due);
    for (AuditRecord& row : due) {
        ++quiet_waiting_;
        write(std::move(row), [this] { --quiet_waiting_; });
    }
}

// Where nothing waits for the row: what it tells has happened, or has no effect.
void Auditor::write(AuditRecord record, const std::function<void()>& over)
{
    const std::string method = record.method;
    log_.write(std::move(record), [method, over](const pool::Result<std::uint64_t>& id) {
        if (over) over();
        if (id) return;
        pool::log::warn("audit_not_written", {{"method", method}, {"detail", id.error().detail}});
    });
}

}  // namespace rpc
