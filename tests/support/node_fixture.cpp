#include "tests/support/node_fixture.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/support/json_rpc.h"

namespace tests {
namespace {

using std::chrono::seconds;

}  // namespace

NodeFixture::NodeFixture(std::string chain, std::vector<std::string> more)
    : chain_(std::move(chain)), more_(std::move(more))
{
    port_ = free_port();
    url_ = "http://127.0.0.1:" + std::to_string(port_);
    start();
}

void NodeFixture::start()
{
    std::vector<std::string> argv{required("ZUBR_TEST_BITCOIND"),
                                  "-chain=" + chain_,
                                  "-datadir=" + directory_.path().string(),
                                  "-server=1",
                                  "-listen=0",
                                  "-connect=0",
                                  "-dnsseed=0",
                                  "-fixedseeds=0",
                                  "-disablewallet=1",
                                  "-printtoconsole=1",
                                  "-rpcbind=127.0.0.1",
                                  "-rpcallowip=127.0.0.1",
                                  "-rpcport=" + std::to_string(port_)};
    const bool challenge = std::any_of(more_.begin(), more_.end(), [](const std::string& option) {
        return option.starts_with("-signetchallenge=");
    });
    if (chain_ == "signet" && !challenge) argv.emplace_back("-signetchallenge=51");
    argv.insert(argv.end(), more_.begin(), more_.end());
    process_ = std::make_unique<Process>(argv, directory_.path() / "output.log");
    const bool up = eventually(seconds{60}, [this] {
        return !process_->running() || call("getblockchaininfo").has_value();
    });
    if (!up || !process_->running()) {
        ADD_FAILURE() << "bitcoind does not answer:\n" << process_->output();
    }
}

void NodeFixture::stop()
{
    process_->signal(SIGTERM);
    EXPECT_TRUE(process_->wait(seconds{60}).has_value());
}

std::string NodeFixture::cookie_file() const
{
    if (chain_ == "main") return directory_.path().string() + "/.cookie";
    const std::string folder = chain_ == "signet" ? "" : "/" + chain_;
    // Custom signets have folders named after their challenge.
    if (!folder.empty()) return directory_.path().string() + folder + "/.cookie";
    for (const auto& entry : std::filesystem::directory_iterator{directory_.path()}) {
        if (entry.path().filename().string().starts_with("signet")) {
            return entry.path().string() + "/.cookie";
        }
    }
    return directory_.path().string() + "/signet/.cookie";
}

pool::Result<std::string> NodeFixture::call(const std::string& method, const std::string& params)
{
    return json_rpc(url_, cookie_file(), method, params);
}

std::uint32_t NodeFixture::height()
{
    const auto count = call("getblockcount");
    if (!count) {
        ADD_FAILURE() << count.error().detail;
        return 0;
    }
    return static_cast<std::uint32_t>(std::strtoul(count->c_str(), nullptr, 10));
}

void NodeFixture::generate(int blocks)
{
    const auto made = call("generatetodescriptor", "[" + std::to_string(blocks) + ",\"raw(51)\"]");
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().detail);
}

}  // namespace tests
