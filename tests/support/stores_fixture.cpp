#include "tests/support/stores_fixture.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <mysql.h>

#include "pool/share/redis_client.h"

namespace tests {
namespace {

using std::chrono::seconds;

std::optional<std::string> query(const std::string& socket, const std::string& database,
                                 const std::string& sql)
{
    MYSQL* connection = ::mysql_init(nullptr);
    std::optional<std::string> out;
    const bool connected = ::mysql_real_connect(connection, nullptr, "zubr", "",
                                                database.empty() ? nullptr : database.c_str(), 0,
                                                socket.c_str(), 0) != nullptr;
    if (connected && ::mysql_query(connection, sql.c_str()) == 0) {
        out = "";
        if (MYSQL_RES* result = ::mysql_store_result(connection); result != nullptr) {
            const MYSQL_ROW row = ::mysql_fetch_row(result);
            if (row != nullptr && row[0] != nullptr) out = row[0];
            ::mysql_free_result(result);
        }
    }
    ::mysql_close(connection);
    return out;
}

bool listens(const std::string& path)
{
    const int client = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const bool yes =
        ::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(client);
    return yes;
}

pool::Result<pool::RedisReply> ask(const std::string& socket,
                                   std::initializer_list<std::string_view> words)
{
    pool::RedisOptions options;
    options.socket = socket;
    return pool::RedisClient{options}.command(words);
}

/// The text of Redis's answer; an error fails the test.
std::string tell(const std::string& socket, std::initializer_list<std::string_view> words)
{
    const auto reply = ask(socket, words);
    EXPECT_TRUE(reply.has_value() && !reply->is_error()) << (reply ? reply->text : "no answer");
    return reply ? reply->text : "";
}

}  // namespace

RedisFixture::RedisFixture() { start(); }

void RedisFixture::start()
{
    const std::string directory = directory_.path().string();
    process_ = std::make_unique<Process>(
        std::vector<std::string>{required("ZUBR_TEST_REDIS_SERVER"), "--port", "0", "--unixsocket",
                                 socket(), "--dir", directory, "--save", "", "--appendonly", "yes",
                                 "--appendfsync", "everysec"},
        directory_.path() / "redis.log");
    EXPECT_TRUE(eventually(seconds{30}, [this] { return listens(socket()); }))
        << process_->output();
}

void RedisFixture::kill()
{
    process_->signal(SIGKILL);
    EXPECT_EQ(process_->wait(seconds{10}), 128 + SIGKILL);
}

void RedisFixture::follow(const RedisFixture& primary) const
{
    // Replicas come by TCP. A port that was free may be somebody's by the time Redis takes it.
    std::string port;
    EXPECT_TRUE(eventually(seconds{10}, [&] {
        port = std::to_string(free_port());
        const auto reply = ask(primary.socket(), {"CONFIG", "SET", "port", port});
        return reply && !reply->is_error();
    }));
    tell(socket(), {"REPLICAOF", "127.0.0.1", port});
    const auto linked = [this] {
        return tell(socket(), {"INFO", "replication"}).find("master_link_status:up") !=
               std::string::npos;
    };
    EXPECT_TRUE(eventually(seconds{30}, linked)) << process_->output();
}

void RedisFixture::be_full() const { tell(socket(), {"CONFIG", "SET", "maxmemory", "1"}); }

void RedisFixture::have_room() const { tell(socket(), {"CONFIG", "SET", "maxmemory", "0"}); }

void RedisFixture::stop_following() const { tell(socket(), {"REPLICAOF", "NO", "ONE"}); }

void RedisFixture::take_the_place_of(const RedisFixture& dead) const
{
    std::filesystem::rename(socket(), dead.socket());
}

MysqlFixture::MysqlFixture(bool replicated)
{
    if (replicated) port_ = free_port();
    std::filesystem::create_directory(directory_.path() / "data");
    start();
    EXPECT_TRUE(query(socket(), "", "create database zubr").has_value()) << process_->output();
    // What was made anew is whole on disk only after an orderly end; from then on it may be killed.
    process_->signal(SIGTERM);
    EXPECT_TRUE(process_->wait(seconds{30}).has_value());
    start();
}

void MysqlFixture::start()
{
    // No system tables: they take seconds to make, and skipping the grants is all we need of them.
    std::vector<std::string> argv{required("ZUBR_TEST_MARIADBD"),
                                  "--no-defaults",
                                  "--datadir=" + (directory_.path() / "data").string(),
                                  "--socket=" + socket(),
                                  "--skip-grant-tables",
                                  "--character-set-server=utf8mb4",
                                  "--innodb-log-file-size=8M",
                                  "--innodb-buffer-pool-size=32M"};
    if (port_ == 0) {
        argv.emplace_back("--skip-networking");
    } else {
        const std::string port = std::to_string(port_);
        argv.insert(argv.end(), {"--bind-address=127.0.0.1", "--port=" + port,
                                 "--server-id=" + port, "--log-bin=b", "--log-slave-updates",
                                 "--binlog-format=ROW", "--skip-slave-start"});
    }
    if (::geteuid() == 0) argv.emplace_back("--user=root");
    process_ = std::make_unique<Process>(argv, directory_.path() / "mariadbd.log");
    EXPECT_TRUE(eventually(seconds{60}, [this] {
        return query(socket(), "", "select 1").has_value();
    })) << process_->output();
}

void MysqlFixture::kill()
{
    process_->signal(SIGKILL);
    EXPECT_EQ(process_->wait(seconds{10}), 128 + SIGKILL);
}

void MysqlFixture::must(const std::string& sql) const
{
    EXPECT_TRUE(query(socket(), "", sql).has_value()) << sql << "\n" << process_->output();
}

void MysqlFixture::stop() const
{
    process_->signal(SIGTERM);
    EXPECT_EQ(process_->wait(seconds{60}), 0) << process_->output();
}

// A cold copy: without tables of rights no trigger has an owner that another server would take.
void MysqlFixture::follow(MysqlFixture& primary)
{
    primary.stop();
    stop();
    const auto data = directory_.path() / "data";
    std::filesystem::remove_all(data);
    std::filesystem::copy(primary.directory_.path() / "data", data,
                          std::filesystem::copy_options::recursive);
    primary.start();
    start();
    // Of the system's tables, the one that a replica writes where it is.
    must("create database mysql");
    must(
        "create table mysql.gtid_slave_pos (domain_id int unsigned not null, sub_id bigint "
        "unsigned not null, server_id int unsigned not null, seq_no bigint unsigned not null, "
        "primary key (domain_id, sub_id)) engine=InnoDB");
    must("change master to master_host = '127.0.0.1', master_port = " +
         std::to_string(primary.port_) + ", master_user = 'zubr', master_log_file = '" +
         primary.scalar("show master status") + "', master_log_pos = 4, master_use_gtid = no");
    must("start slave");
    const auto marks = [](const MysqlFixture& of) {
        return std::strtoull(of.scalar("select sum(mark) from producer").c_str(), nullptr, 10);
    };
    const std::uint64_t had = marks(primary);
    EXPECT_TRUE(eventually(seconds{60}, [&] { return marks(*this) > had; })) << process_->output();
}

void MysqlFixture::stop_following() const { must("stop slave"); }

void MysqlFixture::take_the_place_of(const MysqlFixture& dead) const
{
    std::filesystem::rename(socket(), dead.socket());
}

std::string MysqlFixture::scalar(const std::string& sql) const
{
    return query(socket(), "zubr", sql).value_or("");
}

}  // namespace tests
