#include "payouts/mysql_lease.h"

#include <utility>

#include "payouts/migrations.h"
#include "pool/base/log.h"

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

// Nobody takes a lease for longer: one that would last longer was taken before MySQL's clock was
// set back, and its holder may be gone. Should he live, the epoch keeps him from acting.
constexpr std::uint64_t longest_ms = 60'000;
const std::string server_ms = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS UNSIGNED)";

}  // namespace

Lease::Lease(MysqlConnection& db, std::string name, std::string holder,
             std::chrono::milliseconds duration)
    : db_(db), name_(std::move(name)), holder_(std::move(holder)), duration_(duration)
{
}

Lease::~Lease()
{
    if (held() && db_.connected()) give_back();
}

void Lease::give_back()
{
    (void)db_.execute("UPDATE lease SET until_ms = 0 WHERE name = ? AND epoch = ?",
                      {name_, epoch_});
    epoch_ = 0;
}

Result<bool> Lease::keep(pool::SteadyTime now)
{
    if (held() && now - renewed_ < duration_ / 3) return true;
    auto ours = held() ? renew() : take();
    if (ours && *ours) renewed_ = now;
    return ours;
}

Result<bool> Lease::renew()
{
    // Whoever runs on while a newer program changes the schema knows nothing of what it has added,
    // and that one may have died before it could end this lease.
    if (auto fits = check_schema(db_); !fits) {
        if (fits.error().code == Error::Code::refused) give_back();
        return fail(fits.error());
    }
    const auto done = db_.execute(
        "UPDATE lease SET until_ms = " + server_ms + " + ? WHERE name = ? AND epoch = ?",
        {static_cast<std::uint64_t>(duration_.count()), name_, epoch_});
    if (!done) return fail(done.error());
    if (done->rows == 1) return true;
    epoch_ = 0;
    pool::log::warn("lease_lost", {{"lease", name_}});
    return false;
}

Result<bool> Lease::take()
{
    auto transaction = Transaction::begin(db_);
    if (!transaction) return fail(transaction.error());
    const auto rows = db_.query("SELECT epoch, until_ms <= " + server_ms + " OR until_ms > ? + " +
                                    server_ms + " FROM lease WHERE name = ? FOR UPDATE",
                                {longest_ms, name_});
    if (!rows) return fail(rows.error());
    pool::check(rows->size() == 1, "the first migration makes the row");
    if (rows->front().u64(1) == 0) return false;
    if (auto fits = check_schema(db_); !fits) return fail(fits.error());
    const std::uint64_t next = rows->front().u64(0) + 1;
    const auto done = db_.execute(
        "UPDATE lease SET epoch = ?, holder = ?, until_ms = " + server_ms + " + ? WHERE name = ?",
        {next, holder_, static_cast<std::uint64_t>(duration_.count()), name_});
    if (!done) return fail(done.error());
    if (auto committed = transaction->commit(); !committed) return fail(committed.error());
    epoch_ = next;
    pool::log::info("lease_taken", {{"lease", name_}, {"epoch", epoch_}});
    return true;
}

Result<void> Lease::fence()
{
    const auto rows = db_.query("SELECT epoch FROM lease WHERE name = ? FOR UPDATE", {name_});
    if (!rows) return fail(rows.error());
    if (held() && rows->front().u64(0) == epoch_) return {};
    if (held()) pool::log::warn("lease_lost", {{"lease", name_}});
    epoch_ = 0;
    return fail(Error::Code::conflict, "another process has the lease " + name_);
}

}  // namespace payouts
