#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pool/base/result.h"
#include "tests/support/process.h"

namespace tests {

/// A real bitcoind on a chain of its own, offline, in a directory of its own.
class NodeFixture {
public:
    /// chain: "regtest", "testnet4", "signet" (custom, OP_TRUE) or "main". Ready when the
    /// constructor ends.
    /// more: further options of bitcoind.
    explicit NodeFixture(std::string chain, std::vector<std::string> more = {});

    pool::Result<std::string> call(const std::string& method, const std::string& params = "[]");
    /// Height of the tip; fails the test when the node does not answer.
    std::uint32_t height();
    /// Empty blocks to an anyone-can-spend script.
    void generate(int blocks);
    void stop();   ///< and keep the chain
    void start();  ///< again

    const std::string& url() const { return url_; }
    std::string cookie_file() const;
    const std::string& chain() const { return chain_; }
    Process& process() { return *process_; }

private:
    TempDir directory_;
    std::string chain_;
    std::vector<std::string> more_;
    std::uint16_t port_ = 0;
    std::string url_;
    std::unique_ptr<Process> process_;
};

}  // namespace tests
