#include "payouts/mysql_hold.h"

#include <utility>

#include "payouts/mysql_audit.h"
#include "payouts/mysql_payouts.h"
#include "pool/base/json.h"
#include "pool/base/log.h"

namespace payouts {

using pool::fail;
using pool::Result;

// Whoever has asked for the release of an earlier hold, or has held payouts for another reason, did
// not know of this one: it needs two people anew, and its reason is the one to be shown.
Result<void> hold_payouts(MysqlConnection& db, const std::string& why, pool::UnixMillis now)
{
    if (auto locked = lock_controls(db); !locked) return locked;
    if (auto put = write_control(db, "release", {"", "zubrd"}, now); !put) return put;
    return write_control(db, "payouts", {why, "zubrd"}, now);
}

void tell_hold(const MysqlOptions& mysql, const std::string& why, pool::UnixMillis now)
{
    pool::log::warn("payouts_stopped", {{"user", "zubrd"}, {"reason", why}});
    AuditRow row;
    row.at = now;
    row.kind = "done";
    row.actor = "zubrd";
    row.method = "stoppayouts";
    pool::JsonWriter{row.params}.begin_array().string(why).end_array();
    const auto book = AuditBook::open(mysql);
    const auto written = book ? (*book)->append(std::move(row)) : fail(book.error());
    if (!written) pool::log::error("audit_not_written", {{"reason", written.error().detail}});
}

std::string lost_block_text(pool::Height height)
{
    return "mature block " + std::to_string(height.value) + " has left the chain";
}

}  // namespace payouts
