#pragma once

namespace payouts {

/// Does the server's number of an error (MysqlConnection::last_error) say that a row would not be
/// as a CHECK of its table wants it? MariaDB has another number for it than MySQL.
constexpr bool violates_check(unsigned number) { return number == 4025 || number == 3819; }

}  // namespace payouts
