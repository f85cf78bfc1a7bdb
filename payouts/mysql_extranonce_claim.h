#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/base/time.h"

namespace payouts {

/// That this server, and no other on these books, hands out extranonces that begin with a number:
/// two with the same one would have their miners search the same space. A row of `lease`, renewed
/// while the server lives. Time is MySQL's. One thread.
class ExtranonceClaim {
public:
    /// number: stratum.extranonce_server. holder: names this server in each of its lives, and no
    /// other; its part in front of a blank is for people; at most 64 bytes. duration: how long a
    /// server that fell silent keeps its number.
    ExtranonceClaim(MysqlConnection& db, std::uint32_t number, std::string holder,
                    std::chrono::milliseconds duration);
    ~ExtranonceClaim();  ///< gives it back when it can
    ExtranonceClaim(const ExtranonceClaim&) = delete;
    ExtranonceClaim& operator=(const ExtranonceClaim&) = delete;

    /// Takes it, at a start; waits while the number is that of a server which seems to be dead.
    /// Errors besides: refused, with a sentence that says what to do, when that server lives.
    pool::Result<void> take();
    /// Renews it when a third of it is gone. False, once: another server has taken it meanwhile.
    pool::Result<bool> keep(pool::SteadyTime now);

private:
    struct Other {
        std::string holder;
        std::uint64_t until_ms = 0;
    };
    pool::Result<bool> renew();
    pool::Result<Other> other();

    MysqlConnection& db_;
    std::uint32_t number_;
    std::string row_;
    std::string holder_;
    std::chrono::milliseconds duration_;
    bool held_ = false;
    pool::SteadyTime renewed_;
};

}  // namespace payouts
