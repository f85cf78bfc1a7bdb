#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pool/base/result.h"
#include "tests/support/node_fixture.h"
#include "tests/support/process.h"

namespace tests {

/// A database of its own in the real MariaDB of ./dev test, or in another that outlives the object;
/// dropped with it.
class Database {
public:
    explicit Database(std::string socket = required("ZUBR_TEST_MYSQL"));
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    const std::string& name() const { return name_; }
    const std::string& socket() const { return socket_; }
    /// First column of the first row, as text; fails the test on an SQL error.
    std::string scalar(const std::string& sql) const;

private:
    std::string socket_;
    std::string name_;
};

struct PoolOptions {
    double start_difficulty = 0;
    std::vector<std::string> sets;  ///< further "section.key=value"
    std::string more{};             ///< further text of the configuration file
};

/// A real zubrd on the given node, with Redis and MariaDB of ./dev test, in a directory of its own.
class PoolFixture {
public:
    PoolFixture(NodeFixture& node, PoolOptions options);

    /// Starts zubrd. Fails the test unless it is ready within 60 s.
    void start();
    /// The same without waiting for anything.
    void launch();
    /// kill -9, or SIGTERM and the exit code.
    void kill();
    int stop();
    bool ready();

    pool::Result<std::string> rpc(const std::string& method, const std::string& params = "[]");
    double info(const std::string& key);  ///< a number of getpoolinfo; -1 when it does not answer

    /// A miner on this pool; ends with the object. `more`: further arguments.
    std::unique_ptr<Process> miner(const std::string& user, std::vector<std::string> more,
                                   const std::string& output_name = "miner.log");

    /// The same over Stratum v2, trusting the pool's own authority only. channel: "standard", …
    std::unique_ptr<Process> v2_miner(const std::string& user, const std::string& channel,
                                      std::vector<std::string> more);
    /// stratum2+tcp://…/KEY, once the pool has started.
    std::string v2_url() const;

    const Database& database() const { return database_; }
    const std::filesystem::path& directory() const { return directory_.path(); }
    std::string config_file() const { return (directory_.path() / "zubr.toml").string(); }
    std::string data_dir() const { return (directory_.path() / "data").string(); }
    std::string server_id() const;  ///< its producers are this, "-0", "-1"
    std::uint16_t stratum_port() const { return stratum_port_; }
    std::string web_url() const;
    std::string admin_url() const;
    std::string log() const;
    Process& process() { return *process_; }

private:
    std::unique_ptr<Process> start_miner(const std::string& url, const std::string& user,
                                         const std::vector<std::string>& more,
                                         const std::string& output_name);

    NodeFixture& node_;
    PoolOptions options_;
    TempDir directory_;
    Database database_;
    std::uint16_t stratum_port_;
    std::uint16_t web_port_;
    std::uint16_t admin_port_;
    std::unique_ptr<Process> process_;
};

/// An address of regtest, signet or testnet4 whose key nobody has; another for each number.
std::string test_address(const std::string& chain, unsigned number);

}  // namespace tests
