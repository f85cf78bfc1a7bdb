#include "rpc/cli/new_user.h"

#include <array>
#include <cstdint>
#include <sys/random.h>
#include <utility>

#include "pool/base/bytes.h"
#include "pool/base/json.h"
#include "rpc/auth.h"

namespace rpc::cli {
namespace {

using pool::Error;
using pool::fail;

constexpr std::size_t password_min = 12;

template <std::size_t Size>
pool::Result<std::string> random_hex()
{
    std::array<std::uint8_t, Size> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        return fail(Error::Code::io, "the system gives no random bytes");
    }
    return pool::to_hex(bytes);
}

}  // namespace

pool::Result<NewUser> make_user(const std::string& name, const std::string& role,
                                std::string password)
{
    const auto salt = random_hex<16>();
    if (!salt) return fail(salt.error());
    if (password.empty()) {
        auto made = random_hex<32>();
        if (!made) return fail(made.error());
        password = std::move(*made);
    }
    if (password.size() < password_min) {
        return fail(Error::Code::invalid, "a password has 12 characters or more");
    }
    std::string line = name;
    line.append(":").append(*salt).append("$");
    line.append(pool::to_hex(hmac_sha256(*salt, password))).append(":").append(role);
    const auto read = parse_rpc_user(line);
    if (!read) return fail(read.error());
    // A colon would end the name, in the line and in the login.
    if (read->name != name) return fail(Error::Code::invalid, "a user's name has no colon");
    return NewUser{std::move(line), std::move(password)};
}

std::string user_json(const NewUser& user, bool with_password)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object().key("rpcauth").string(user.line);
    if (with_password) json.key("password").string(user.password);
    json.end_object();
    return out;
}

}  // namespace rpc::cli
