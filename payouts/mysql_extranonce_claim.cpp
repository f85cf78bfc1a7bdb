#include "payouts/mysql_extranonce_claim.h"

#include <string_view>
#include <thread>
#include <utility>

namespace payouts {
namespace {

using pool::Error;
using pool::fail;
using pool::Result;

const std::string server_ms = "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS UNSIGNED)";
constexpr std::chrono::milliseconds look_every{200};

}  // namespace

ExtranonceClaim::ExtranonceClaim(MysqlConnection& db, std::uint32_t number, std::string holder,
                                 std::chrono::milliseconds duration)
    : db_(db),
      number_(number),
      row_("extranonce-" + std::to_string(number)),
      holder_(std::move(holder)),
      duration_(duration)
{
}

ExtranonceClaim::~ExtranonceClaim()
{
    if (!held_ || !db_.connected()) return;
    (void)db_.execute("UPDATE lease SET until_ms = 0 WHERE name = ? AND holder = ?",
                      {row_, holder_});
}

// One statement: of two servers that start together one sees the other's row.
Result<bool> ExtranonceClaim::renew()
{
    const auto done = db_.execute(
        "UPDATE lease SET until_ms = " + server_ms +
            " + ?, epoch = epoch + 1, holder = ? WHERE name = ? AND (holder = ? OR until_ms <= " +
            server_ms + ")",
        {static_cast<std::uint64_t>(duration_.count()), holder_, row_, holder_});
    if (!done) return fail(done.error());
    held_ = done->rows == 1;
    return held_;
}

Result<ExtranonceClaim::Other> ExtranonceClaim::other()
{
    const auto rows = db_.query("SELECT holder, until_ms FROM lease WHERE name = ?", {row_});
    if (!rows) return fail(rows.error());
    if (rows->empty()) return Other{};
    return Other{std::string{rows->front().text(0)}, rows->front().u64(1)};
}

Result<void> ExtranonceClaim::take()
{
    const auto made = db_.execute(
        "INSERT IGNORE INTO lease (name, epoch, holder, until_ms) VALUES (?, 0, '', 0)", {row_});
    if (!made) return fail(made.error());
    const auto first = other();
    if (!first) return fail(first.error());
    for (;;) {
        const auto ours = renew();
        if (!ours) return fail(ours.error());
        if (*ours) return {};
        const auto now = other();
        if (!now) return fail(now.error());
        // Somebody who renews it is alive.
        if (now->holder != first->holder || now->until_ms != first->until_ms) {
            const std::string_view name{now->holder};
            return fail(Error::Code::refused,
                        "the server " + std::string{name.substr(0, name.find(' '))} +
                            " on the same books has stratum.extranonce_server = " +
                            std::to_string(number_) +
                            ", too: give each server a number of its own (0 to 255), or their "
                            "miners do the same work twice");
        }
        std::this_thread::sleep_for(look_every);
    }
}

Result<bool> ExtranonceClaim::keep(pool::SteadyTime now)
{
    if (!held_ || now - renewed_ < duration_ / 3) return true;
    const auto ours = renew();
    if (!ours) return fail(ours.error());
    renewed_ = now;
    return *ours;
}

}  // namespace payouts
