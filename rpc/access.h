#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "payouts/account_token.h"

/// Who may read what of an account on the web. Pure.
namespace rpc {

/// What somebody may read of an account, and why.
struct Access {
    enum class Ground : std::uint8_t {
        closed,     ///< a private account without its token, or none at all: nobody is told which
        everybody,  ///< an address, or an account made public
        token,
    };
    Ground ground = Ground::closed;
    std::string account;          ///< as the books write it
    payouts::TokenScopes scopes;  ///< both for everybody, none when closed
    bool token_good = false;      ///< the token is somebody's, though maybe of another account
};

/// What an answer is made of.
enum class Need : std::uint8_t { anything, hashrate, earnings };

enum class Verdict : std::uint8_t { go, token_needed, scope_lacks };
Verdict judge(const Access& access, Need need);

std::string_view to_string(Need need);

}  // namespace rpc
