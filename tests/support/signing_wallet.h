#pragma once

#include <string>

#include "tests/support/node_fixture.h"

namespace tests {

/// The wallet of a real bitcoind on regtest, which signs messages for its addresses as a member's
/// wallet does: signmessage for P2PKH, else BIP 322's transaction like any other transaction.
class SigningWallet {
public:
    SigningWallet();

    /// type: "legacy", "p2sh-segwit", "bech32" or "bech32m".
    std::string address(const std::string& type);
    /// base64
    std::string sign(const std::string& address, const std::string& message);
    NodeFixture& node() { return node_; }

private:
    std::string call(const std::string& method, const std::string& params);
    NodeFixture node_;
};

}  // namespace tests
