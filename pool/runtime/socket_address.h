#pragma once

#include <sys/socket.h>

#include "pool/base/result.h"
#include "pool/runtime/tcp.h"

namespace pool {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

/// Errors: invalid, when the host is no numeric address.
Result<SocketAddress> to_socket_address(const Endpoint& endpoint);
/// An IPv4 address that came through an IPv6 socket (::ffff:1.2.3.4) is given as IPv4. Empty host
/// for other families.
Endpoint to_endpoint(const SocketAddress& address);

}  // namespace pool
