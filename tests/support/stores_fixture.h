#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tests/support/process.h"

namespace tests {

/// A redis-server of the test's own, persistent, that may die and come back.
class RedisFixture {
public:
    RedisFixture();
    void start();
    void kill();  ///< kill -9
    std::string socket() const { return (directory_.path() / "r.sock").string(); }

    /// It answers questions and takes nothing more: out of memory.
    void be_full() const;
    void have_room() const;

    /// Becomes a replica of `primary`; ends when it has all that the primary had.
    void follow(const RedisFixture& primary) const;
    /// Follows nobody any more, and lacks whatever its primary gets from now on.
    void stop_following() const;
    /// Whoever connects to `dead` is connected to this one from now on.
    void take_the_place_of(const RedisFixture& dead) const;

private:
    TempDir directory_;
    std::unique_ptr<Process> process_;
};

/// A mariadbd of the test's own that asks nobody for a password; with one database, "zubr".
class MysqlFixture {
public:
    MysqlFixture() : MysqlFixture(false) {}
    /// One that others may follow, and that may follow others.
    static MysqlFixture replicated() { return MysqlFixture{true}; }
    void start();
    void kill();  ///< kill -9

    /// Becomes a replica of `primary`, which is started anew for it and in which shares are being
    /// booked; ends when some of them have come over.
    void follow(MysqlFixture& primary);
    /// Follows nobody any more, and lacks whatever its primary gets from now on.
    void stop_following() const;
    /// Whoever connects to `dead` is connected to this one from now on.
    void take_the_place_of(const MysqlFixture& dead) const;
    Process& process() { return *process_; }
    std::string socket() const { return (directory_.path() / "m.sock").string(); }
    /// First column of the first row as text; empty when there is none or the server is away.
    std::string scalar(const std::string& sql) const;

private:
    explicit MysqlFixture(bool replicated);
    void must(const std::string& sql) const;
    void stop() const;

    TempDir directory_;
    std::uint16_t port_ = 0;  // 0: by its socket only, and without a binary log
    std::unique_ptr<Process> process_;
};

}  // namespace tests
