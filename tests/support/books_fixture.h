#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "payouts/mysql_connection.h"
#include "payouts/service.h"
#include "pool/share/record.h"
#include "pool/share/redis_client.h"
#include "tests/support/pool_fixture.h"

namespace tests {

/// The records of one producer, put into its Redis stream as its shipper does.
class StreamWriter {
public:
    /// prefix: of the stream's key; see BooksFixture.
    StreamWriter(const std::string& prefix, const std::string& producer);

    void start(std::uint64_t slot);
    /// Declares handle `member` for test address `address`, on regtest.
    void account(std::uint64_t member, unsigned address, std::uint64_t slot);
    /// Declares handle `member` for an account that was registered under a name.
    void registered(std::uint64_t member, pool::AccountId account, std::uint64_t slot);
    void worker(std::uint32_t worker, std::uint64_t member, const std::string& name,
                std::uint64_t slot);
    void share(std::uint64_t member, std::uint64_t slot, std::uint64_t work,
               pool::RecordKind kind = pool::RecordKind::share, std::uint32_t worker = 0,
               pool::CompactBits bits = {0x207fffff});
    void mark(std::uint64_t slot);

    std::uint64_t last() const { return records_.size(); }
    const pool::Record& record(std::uint64_t seq) const { return records_.at(seq - 1); }
    /// XADDs records first ..= last as one entry. False: Redis has refused it.
    bool ship(std::uint64_t first, std::uint64_t last);
    /// All that was not shipped yet.
    void ship_rest();
    /// DEL, as when Redis lost it.
    void lose_stream();
    /// Its entries go, its last number stays: as when all of it was booked once.
    void trim();
    /// Entries that lie in it.
    std::uint64_t length();

private:
    void add(pool::Record record, std::uint64_t slot);
    std::string key_;
    pool::RedisClient redis_;
    std::vector<pool::Record> records_;
    std::uint64_t shipped_ = 0;
};

/// Books on a database of their own, with streams of their own, in the servers of ./dev test; or in
/// another MariaDB.
class BooksFixture {
public:
    explicit BooksFixture(std::string mysql_socket = required("ZUBR_TEST_MYSQL"));

    /// network_bits of all shares: regtest's, so a share of work 2 scores one unit.
    payouts::ServiceOptions options() const;
    payouts::MysqlOptions mysql() const;
    /// Fails the test when it can't.
    std::unique_ptr<payouts::Service> open();
    StreamWriter producer(const std::string& name) const { return {prefix_, name}; }

    /// First column of the first row.
    std::string scalar(const std::string& sql) const { return database_.scalar(sql); }
    std::uint64_t number(const std::string& sql) const;
    /// Makes the caches again (payouts::rebuild_balances) though the books may not verify; returns
    /// how many balances were wrong. Fails the test when it can't.
    std::uint64_t rebuild() const;
    /// Locks of addresses are then as if the database's own clock, too, stood at this time of the
    /// test's.
    void turn_database_clock(pool::UnixMillis to) const;
    const Database& database() const { return database_; }

private:
    Database database_;
    std::string prefix_;
};

/// The time at which slot `slot` has just begun.
pool::Now now_in(std::uint64_t slot);

/// Steps until there is nothing more to do at once; fails the test on an error.
payouts::StepReport settle(payouts::Service& service, std::uint64_t slot);

}  // namespace tests
