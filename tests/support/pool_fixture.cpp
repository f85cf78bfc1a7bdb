#include "tests/support/pool_fixture.h"

#include <atomic>
#include <csignal>
#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>
#include <mysql.h>

#include "pool/bitcoin/address.h"
#include "pool/crypto/sha256.h"
#include "tests/support/json_rpc.h"

namespace tests {
namespace {

using std::chrono::seconds;

std::string unique_name()
{
    static std::atomic<unsigned> next{0};
    return "zubr_test_" + std::to_string(::getpid()) + "_" + std::to_string(next++);
}

std::string query(const std::string& socket, const std::string& database, const std::string& sql)
{
    MYSQL* connection = ::mysql_init(nullptr);
    std::string out;
    const bool connected = ::mysql_real_connect(connection, nullptr, "zubr", "zubr",
                                                database.empty() ? nullptr : database.c_str(), 0,
                                                socket.c_str(), 0) != nullptr;
    if (!connected || ::mysql_query(connection, sql.c_str()) != 0) {
        ADD_FAILURE() << sql << ": " << ::mysql_error(connection);
    } else if (MYSQL_RES* result = ::mysql_store_result(connection); result != nullptr) {
        const MYSQL_ROW row = ::mysql_fetch_row(result);
        if (row != nullptr && row[0] != nullptr) {
            out.assign(row[0], ::mysql_fetch_lengths(result)[0]);  // may be bytes
        }
        ::mysql_free_result(result);
    }
    ::mysql_close(connection);
    return out;
}

}  // namespace

Database::Database(std::string socket) : socket_(std::move(socket)), name_(unique_name())
{
    query(socket_, "", "create database " + name_);
}

Database::~Database() { query(socket_, "", "drop database " + name_); }

std::string Database::scalar(const std::string& sql) const { return query(socket_, name_, sql); }

PoolFixture::PoolFixture(NodeFixture& node, PoolOptions options)
    : node_(node),
      options_(std::move(options)),
      stratum_port_(free_port()),
      web_port_(free_port()),
      admin_port_(free_port())
{
    std::ofstream config{config_file()};
    config << "[network]\nchain = \"" << node.chain() << "\"\n"
           << "[pool]\npayout_address = \"" << test_address(node.chain(), 0) << "\"\n"
           << "data_dir = \"" << data_dir()
           << "\"\n"
           // Streams of different tests share one Redis: the server's id keeps them apart.
           << "server_id = \"" << server_id() << "\"\n"
           << "[[node]]\nname = \"local\"\nurl = \"" << node.url() << "\"\n"
           << "cookie_file = \"" << node.cookie_file() << "\"\n"
           << "[stratum]\nlisten = \"127.0.0.1:" << stratum_port_ << "\"\nloops = 2\n"
           << "vary_difficulty = false\ndrain_seconds = 0\n"
           << "min_difficulty = 0\nstart_difficulty = " << std::fixed << options_.start_difficulty
           << "\n[redis]\nsocket = \"" << required("ZUBR_TEST_REDIS") << "\"\n"
           << "[mysql]\nsocket = \"" << required("ZUBR_TEST_MYSQL") << "\"\n"
           << "user = \"zubr\"\npassword = \"zubr\"\ndatabase = \"" << database_.name() << "\"\n"
           << "[web]\nlisten = \"127.0.0.1:" << web_port_ << "\"\n"
           << "[admin]\nlisten = \"127.0.0.1:" << admin_port_ << "\"\n"
           << options_.more;
}

std::string PoolFixture::server_id() const
{
    return "t" + std::to_string(::getpid()) + "-" + std::to_string(stratum_port_);
}

void PoolFixture::start()
{
    launch();
    const bool up = eventually(seconds{60}, [this] { return !process_->running() || ready(); });
    if (!up || !process_->running()) ADD_FAILURE() << "zubrd is not ready:\n" << log();
}

void PoolFixture::launch()
{
    std::vector<std::string> argv{required("ZUBR_TEST_BIN") + "/zubrd", "-c", config_file()};
    for (const std::string& set : options_.sets) {
        argv.emplace_back("--set");
        argv.push_back(set);
    }
    process_ = std::make_unique<Process>(argv, directory_.path() / "zubrd.log");
}

void PoolFixture::kill()
{
    process_->signal(SIGKILL);
    EXPECT_EQ(process_->wait(seconds{10}), 128 + SIGKILL);
}

int PoolFixture::stop()
{
    process_->signal(SIGTERM);
    const auto code = process_->wait(seconds{30});
    EXPECT_TRUE(code.has_value()) << "zubrd does not stop:\n" << log();
    return code.value_or(-1);
}

bool PoolFixture::ready() { return http_get(web_url() + "/readyz").status == 200; }

pool::Result<std::string> PoolFixture::rpc(const std::string& method, const std::string& params)
{
    return json_rpc("http://127.0.0.1:" + std::to_string(admin_port_), data_dir() + "/.cookie",
                    method, params);
}

double PoolFixture::info(const std::string& key)
{
    const auto answer = rpc("getpoolinfo");
    return answer ? number_in(*answer, key).value_or(-1) : -1;
}

std::unique_ptr<Process> PoolFixture::start_miner(const std::string& url, const std::string& user,
                                                  const std::vector<std::string>& more,
                                                  const std::string& output_name)
{
    std::vector<std::string> argv{
        required("ZUBR_TEST_BIN") + "/zubr-miner", "--url", url, "--user", user, "--threads", "1"};
    argv.insert(argv.end(), more.begin(), more.end());
    return std::make_unique<Process>(argv, directory_.path() / output_name);
}

std::unique_ptr<Process> PoolFixture::miner(const std::string& user, std::vector<std::string> more,
                                            const std::string& output_name)
{
    return start_miner("stratum+tcp://127.0.0.1:" + std::to_string(stratum_port_), user, more,
                       output_name);
}

std::unique_ptr<Process> PoolFixture::v2_miner(const std::string& user, const std::string& channel,
                                               std::vector<std::string> more)
{
    more.insert(more.end(), {"--channel", channel});
    return start_miner(v2_url(), user, more, "miner-v2-" + channel + ".log");
}

std::string PoolFixture::v2_url() const
{
    std::string key = read_file(data_dir() + "/v2-authority.pub");
    while (!key.empty() && key.back() == '\n') key.pop_back();
    return "stratum2+tcp://127.0.0.1:" + std::to_string(stratum_port_) + "/" + key;
}

std::string PoolFixture::admin_url() const
{
    return "http://127.0.0.1:" + std::to_string(admin_port_);
}

std::string PoolFixture::web_url() const { return "http://127.0.0.1:" + std::to_string(web_port_); }

std::string PoolFixture::log() const { return read_file(directory_.path() / "zubrd.log"); }

std::string test_address(const std::string& chain, unsigned number)
{
    const std::string text = "zubr test address " + std::to_string(number);
    const pool::Digest digest = pool::sha256(pool::as_bytes(text));
    pool::Script script{0x00, 0x14};  // P2WPKH of a hash that no key has
    script.insert(script.end(), digest.begin(), digest.begin() + 20);
    const auto parsed = pool::parse_chain(chain);
    const auto address = pool::address_of_script(script, parsed.value_or(pool::Chain::regtest));
    EXPECT_TRUE(address.has_value());
    return address ? address->text : "";
}

}  // namespace tests
