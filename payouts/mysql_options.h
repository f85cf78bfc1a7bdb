#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace payouts {

/// Where MySQL or MariaDB listens and whom to be there. A unix socket when `socket` is set, else
/// host and port. The database must exist; its tables are made by the migrations.
struct MysqlOptions {
    std::string socket;
    std::string host = "127.0.0.1";
    std::uint16_t port = 3306;
    std::string user = "zubr";
    std::string password;
    std::string database = "zubr";
    /// So long an answer may take: a server that is gone is noticed then. Who reads the books as a
    /// whole (verifyledger, rebuild) waits hours_of_reading.
    std::chrono::seconds patience{60};
    static constexpr std::chrono::hours hours_of_reading{6};
    /// The server ends a session that says nothing for so long, and rolls its transaction back:
    /// else the locks of a process that froze or lost its power stop all others for hours.
    std::chrono::seconds silence{10};
};

}  // namespace payouts
