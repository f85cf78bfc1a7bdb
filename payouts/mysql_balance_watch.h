#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "payouts/mysql_connection.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "pool/base/types.h"

namespace payouts {

/// Compares cached balances with the transfers that they were made of, part by part: transfers are
/// never changed, so what was summed once needs no second reading; once a day it begins anew all
/// the same, and whenever its newest event is not the one that it has read (MySQL has failed over).
/// Holds two numbers an account of the ledger (some 64 bytes). Blocking; one thread.
class BalanceWatch {
public:
    /// part: so many transfers, and the rest of the last one's event, are read by one look.
    explicit BalanceWatch(std::uint64_t part = 100'000) : part_(part) {}

    /// Reads the next part of the transfers; when those are all, compares every balance with them,
    /// in one snapshot: what others book meanwhile makes no difference, and nobody waits for
    /// anybody. The answer: the first one that differs, as a sentence of at most 64 bytes; "" when
    /// none does, or there is more to read. Errors: unavailable.
    pool::Result<std::string> look(MysqlConnection& db, pool::SteadyTime now);
    bool more() const { return more_; }  ///< to read before balances can be compared

private:
    struct Sums {
        std::uint64_t debits = 0;
        std::uint64_t credits = 0;
    };
    void begin(pool::SteadyTime now);
    pool::Result<bool> is_as_read(MysqlConnection& db) const;
    pool::Result<std::string> look_inside(MysqlConnection& db);
    pool::Result<void> add(MysqlConnection& db, std::uint64_t through);
    pool::Result<std::string> compare(MysqlConnection& db) const;

    std::uint64_t part_;
    std::unordered_map<std::uint64_t, Sums> sums_;  // by the ledger's account
    std::uint64_t through_ = 0;                     // the newest event in them
    pool::Digest newest_{};                         // its hash
    bool more_ = true;
    pool::SteadyTime begun_{};
};

}  // namespace payouts
