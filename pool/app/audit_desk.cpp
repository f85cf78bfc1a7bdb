#include "pool/app/audit_desk.h"

#include <utility>

#include "pool/base/bytes.h"
#include "pool/base/log.h"
#include "pool/base/log_record.h"

namespace pool {
namespace {

constexpr std::size_t writes_max = 1024;
constexpr std::size_t reads_max = 4;

payouts::AuditRow to_row(rpc::AuditRecord&& record)
{
    payouts::AuditRow row;
    row.at = record.at;
    row.kind = std::move(record.kind);
    row.about = record.about;
    row.actor = std::move(record.actor);
    row.role = std::move(record.role);
    row.host = std::move(record.host);
    row.method = std::move(record.method);
    row.params = std::move(record.params);
    row.repeats = record.repeats;
    return row;
}

rpc::AuditRecord to_record(payouts::AuditRow&& row)
{
    return {.id = row.id,
            .at = row.at,
            .kind = std::move(row.kind),
            .about = row.about,
            .actor = std::move(row.actor),
            .role = std::move(row.role),
            .host = std::move(row.host),
            .method = std::move(row.method),
            .params = std::move(row.params),
            .repeats = row.repeats,
            .hash = to_hex(row.hash)};
}

// The log is elsewhere than the table: whoever rewrites the one has to rewrite the other. No bar of
// the log keeps it back: raising one would be a way to be rid of it.
void note(const payouts::AuditRow& row)
{
    const std::string hash = to_hex(row.hash);
    log::record("audited", {{"id", row.id},
                            {"kind", row.kind},
                            {"user", row.actor},
                            {"method", row.method},
                            {"hash", hash}});
}

/// Runs `work` on `thread` and gives its result to `done` on the loop.
template <typename T, typename Work>
void run_on(TaskThread& thread, Loop& loop, Work work, std::function<void(Result<T>)> done)
{
    const auto reply = std::make_shared<std::function<void(Result<T>)>>(std::move(done));
    const bool posted = thread.post([&loop, work = std::move(work), reply] {
        auto answer = std::make_shared<Result<T>>(work());
        loop.post([reply, answer] { (*reply)(std::move(*answer)); });
    });
    if (!posted) (*reply)(fail(Error::Code::unavailable, "too much to write or read at once"));
}

}  // namespace

AuditDesk::AuditDesk(Loop& rpc_loop, std::unique_ptr<payouts::AuditBook> writing,
                     std::unique_ptr<payouts::AuditBook> reading)
    : rpc_loop_(rpc_loop),
      writing_(std::move(writing)),
      reading_(std::move(reading)),
      writer_(writes_max, {}),
      reader_(reads_max, {})
{
    writer_.start();
    reader_.start();
}

AuditDesk::~AuditDesk()
{
    writer_.stop();
    reader_.stop();
}

void AuditDesk::write(rpc::AuditRecord record, Done<std::uint64_t> done)
{
    const auto row = std::make_shared<payouts::AuditRow>(to_row(std::move(record)));
    run_on<std::uint64_t>(
        writer_, rpc_loop_,
        [this, row]() -> Result<std::uint64_t> {
            const auto written = writing_->append(std::move(*row));
            if (!written) return fail(written.error());
            note(*written);
            return written->id;
        },
        std::move(done));
}

void AuditDesk::list(std::uint32_t limit, std::uint64_t before, const std::string& actor,
                     Done<std::vector<rpc::AuditRecord>> done)
{
    run_on<std::vector<rpc::AuditRecord>>(
        reader_, rpc_loop_,
        [this, limit, before, actor]() -> Result<std::vector<rpc::AuditRecord>> {
            auto rows = reading_->list(limit, before, actor);
            if (!rows) return fail(rows.error());
            std::vector<rpc::AuditRecord> records;
            for (payouts::AuditRow& row : *rows) records.push_back(to_record(std::move(row)));
            return records;
        },
        std::move(done));
}

void AuditDesk::verify(Done<rpc::AuditVerdict> done)
{
    run_on<rpc::AuditVerdict>(
        reader_, rpc_loop_,
        [this]() -> Result<rpc::AuditVerdict> {
            const auto check = reading_->verify();
            if (!check) return fail(check.error());
            if (!check->difference.empty()) {
                log::error("audit_differs", {{"reason", check->difference}});
            }
            return rpc::AuditVerdict{check->rows, to_hex(check->head), check->difference};
        },
        std::move(done));
}

}  // namespace pool
