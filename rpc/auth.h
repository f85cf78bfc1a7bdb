#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pool/base/hash.h"
#include "pool/base/result.h"
#include "pool/base/time.h"
#include "rpc/roles.h"

namespace rpc {

inline constexpr std::string_view cookie_user = "__cookie__";

/// Somebody who may call the admin RPC with a password of their own.
struct RpcUser {
    std::string name;
    std::string salt;
    pool::Digest password_hmac{};  ///< HMAC-SHA256, key = salt, text = password
    Role role = Role::viewer;
};

pool::Digest hmac_sha256(std::string_view key, std::string_view text);

/// Reads "user:salt$hmac:role": what bitcoind's rpcauth.py prints, and a role behind it.
/// Errors: invalid, with what is wrong; never with the line itself.
pool::Result<RpcUser> parse_rpc_user(std::string_view line);

/// What an Authorization header holds.
struct Credentials {
    std::string user;
    std::string password;
};

/// Reads "Basic <base64 of user:password>"; nothing for anything else.
std::optional<Credentials> parse_basic(std::string_view authorization);

/// Reads "Bearer <token>"; "" for anything else.
std::string_view parse_bearer(std::string_view authorization);

/// Knows who may come in. Pure; one thread.
class Authenticator {
public:
    /// cookie_secret: the password of `__cookie__`, an admin; nobody has it when empty.
    Authenticator(std::vector<RpcUser> users, std::string cookie_secret);

    /// In place of those that there were: whoever is left out may do nothing from here on.
    void set_users(std::vector<RpcUser> users) { users_ = std::move(users); }

    /// Takes the same time for a wrong name as for a wrong password.
    std::optional<Caller> identify(const Credentials& credentials) const;

private:
    std::vector<RpcUser> users_;
    std::string cookie_secret_;
};

/// Slows down who guesses passwords: the answer to a failure is held back, from 250 ms doubling to
/// 2 s, and until it is out no other password for that user is looked at that comes from there. So
/// a network tries one password of a user in two seconds, over however many connections, and who
/// guesses at one user keeps no other one out. The cookie is looked at in any case: it cannot be
/// guessed, and the server's own host must not be locked out.
///
/// Pure; bounded by entries_max, beyond which the one longest quiet is forgotten. While so many are
/// held back at once, nobody else's password is looked at: else invented names would make the
/// bound forget who guesses. While of_network_max of a network are, nobody else's from there is: so
/// one network alone keeps no other one out.
class FailureDelays {
public:
    static constexpr std::chrono::milliseconds first{250};
    static constexpr std::chrono::milliseconds longest{2000};
    static constexpr std::chrono::minutes forgotten_after{1};
    static constexpr std::size_t entries_max = 1024;
    static constexpr std::size_t of_network_max = entries_max / 4;

    /// Whose failures are counted together: the network, a space, the user. host: as TcpConn tells
    /// it; user: whatever was sent.
    static std::string name(const std::string& host, const std::string& user);
    /// True while no password of `who` is looked at.
    bool holding(const std::string& who, pool::SteadyTime now) const;
    /// Notes a failure; returns how long to hold its answer back.
    std::chrono::milliseconds failed(const std::string& who, pool::SteadyTime now);
    void succeeded(const std::string& who);
    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        std::chrono::milliseconds delay{0};
        pool::SteadyTime until;
    };
    void make_room(pool::SteadyTime now);
    bool network_is_full(const std::string& who, pool::SteadyTime now) const;

    std::map<std::string, Entry> entries_;
};

}  // namespace rpc
