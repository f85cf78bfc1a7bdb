#pragma once

#include <string>

#include "pool/base/result.h"

namespace rpc::cli {

/// A user of the admin RPC, for its configuration.
struct NewUser {
    std::string line;      ///< of admin.rpcauth: "user:salt$hmac:role"
    std::string password;  ///< in no file; whoever is to use it must be told
};

/// Salts and hashes `password`, or 256 random bits when it is empty. Errors: invalid, for a name
/// or role that zubrd would not take, or a password of fewer than 12 characters; io, without
/// randomness.
pool::Result<NewUser> make_user(const std::string& name, const std::string& role,
                                std::string password);

/// {"rpcauth": …} and, when it was made here, "password".
std::string user_json(const NewUser& user, bool with_password);

}  // namespace rpc::cli
