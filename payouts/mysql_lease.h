#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/base/time.h"

namespace payouts {

/// The right to do something that only one process may do at a time, as a row of MySQL.
///
/// Whoever takes it raises its epoch; every transaction of the work holds the row and looks at
/// the epoch (fence). So one who slept through his lease can't finish what he had begun. Time is
/// the server's, clocks of processes don't matter. One thread.
class Lease {
public:
    /// holder: for people to read, at most 64 bytes.
    Lease(MysqlConnection& db, std::string name, std::string holder,
          std::chrono::milliseconds duration);
    ~Lease();  ///< gives it back when it can, so that another need not wait
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    /// Takes it, or renews it when a third of it is gone. True: it is ours. Errors: unavailable;
    /// refused, when a newer program has changed the schema meanwhile: it is given back.
    pool::Result<bool> keep(pool::SteadyTime now);
    /// Inside a transaction, first of all: holds the row until its end. Errors: conflict, when
    /// somebody else has taken it meanwhile: the transaction must be given up.
    pool::Result<void> fence();
    bool held() const { return epoch_ != 0; }

private:
    pool::Result<bool> take();
    pool::Result<bool> renew();
    void give_back();

    MysqlConnection& db_;
    std::string name_;
    std::string holder_;
    std::chrono::milliseconds duration_;
    std::uint64_t epoch_ = 0;  // 0: not ours
    pool::SteadyTime renewed_{};
};

}  // namespace payouts
