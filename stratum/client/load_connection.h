#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pool/base/result.h"
#include "pool/runtime/tcp.h"
#include "stratum/client/v2_session.h"

namespace stratum::client {

/// Who a connection of a load run is.
struct LoadLogin {
    std::string user;
    std::string password;
    std::uint32_t salt = 0;    ///< makes shares differ from other connections' and other runs'
    bool same_root = false;    ///< only the nonce changes
    std::optional<V2Wish> v2;  ///< speaks Stratum v2, else v1
};

/// One connection of a load run: a socket that does not wait, and the cheapest way to make shares
/// that are not mined and to recognise their answers.
class LoadConnection {
public:
    /// For each share: the moment it counts from (see put_share), what became of it, and the pool's
    /// words where it was refused.
    using OnAnswer = std::function<void(std::uint64_t intended, bool accepted, std::string_view)>;

    /// Connects and sends the first bytes of the protocol. Errors: unavailable; invalid, for what
    /// is no IPv4 address.
    static pool::Result<std::unique_ptr<LoadConnection>> open(const pool::Endpoint& to,
                                                              const LoadLogin& login);
    virtual ~LoadConnection();
    LoadConnection(const LoadConnection&) = delete;
    LoadConnection& operator=(const LoadConnection&) = delete;

    int fd() const { return fd_; }
    bool has_unsent() const { return !out_.empty(); }
    /// Has work, and the pool knows the user.
    virtual bool ready() const = 0;
    /// Adds a share to what send() sends. intended: the moment it counts from, in nanoseconds.
    virtual void put_share(std::uint64_t intended) = 0;
    /// Reads what there is. Errors: unavailable, when the connection is gone; refused, when the
    /// user is; invalid, when the other side does not speak the protocol.
    virtual pool::Result<void> receive(const OnAnswer& answered) = 0;
    /// Errors: unavailable, when the connection is gone.
    pool::Result<void> send();

protected:
    LoadConnection() = default;
    /// Appends what the socket has to `in`.
    pool::Result<void> read_into(std::string& in);

    /// What send() sends.
    std::string& to_send() { return out_; }

private:
    pool::Result<void> connect(const pool::Endpoint& to);

    int fd_ = -1;
    std::string out_;
};

}  // namespace stratum::client
