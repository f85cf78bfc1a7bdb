#include "payouts/mysql_clock.h"

#include <cstdint>
#include <string>

#include "payouts/mysql_slots.h"

namespace payouts {

using pool::Error;
using pool::fail;
using pool::Result;

Result<void> check_clock(MysqlConnection& db, pool::UnixMillis own)
{
    if (auto connected = db.connect(); !connected) return connected;
    const auto server = server_clock(db);
    if (!server) return fail(server.error());
    const bool ahead = own > *server;
    const std::chrono::milliseconds apart{ahead ? own.value - server->value
                                                : server->value - own.value};
    if (apart <= clocks_apart_max) return {};
    const auto seconds = [](std::chrono::milliseconds time) {
        return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count());
    };
    return fail(Error::Code::refused,
                "this machine's clock is " + seconds(apart) + " s " +
                    (ahead ? "ahead of" : "behind") + " MySQL's, and they may be " +
                    seconds(clocks_apart_max) +
                    " s apart: shares and blocks would bear wrong times. Have NTP set both "
                    "(timedatectl), then start zubrd again");
}

}  // namespace payouts
