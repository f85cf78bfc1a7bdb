#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "pool/base/result.h"
#include "pool/runtime/loop.h"

namespace pool {

/// "127.0.0.1:3333", "[::1]:3333". Numeric addresses only: nothing here resolves names.
struct Endpoint {
    std::string host;
    std::uint16_t port = 0;
};
Result<Endpoint> parse_endpoint(std::string_view text);
std::string to_string(const Endpoint& endpoint);

/// Why a connection ended, for counters and logs.
enum class CloseReason : std::uint8_t { peer_closed, peer_reset, we_closed, write_overflow };

/// What the peer of a connection by a unix socket is called.
inline constexpr std::string_view unix_peer = "unix";

/// One TCP connection of a loop, or one by a unix socket. The owner holds it by unique_ptr;
/// dropping it closes the socket at once without a callback. All calls and callbacks on the loop's
/// thread. TCP_NODELAY is on.
class TcpConn {
public:
    struct Callbacks {
        /// Bytes as they came, at most 64 KiB, only valid during the call; 64 bytes behind them
        /// may be read. What is beyond 64 KiB comes when every other connection that has something
        /// to say was read once. The owner may drop the TcpConn inside.
        std::function<void(std::span<const std::uint8_t>)> on_bytes;
        /// The peer sends no more but may still read. Without this the connection closes at once;
        /// with it the owner says its last words and calls close_after_write.
        std::function<void()> on_end{};
        /// Everything that had been queued is written.
        std::function<void()> on_drained{};
        /// Called once, after the last on_bytes, if it was not the owner who closed.
        std::function<void(CloseReason)> on_close;
    };

    static constexpr std::size_t write_queue_default = std::size_t{256} << 10;
    static constexpr std::chrono::milliseconds connect_deadline{10'000};
    static constexpr std::chrono::milliseconds linger{5'000};

    /// Connects as a client. `done` gets the connection or why there is none: unavailable (within
    /// connect_deadline), invalid for an address that is none. Never called from inside.
    static void connect(Loop& loop, const Endpoint& to,
                        std::function<void(Result<std::unique_ptr<TcpConn>>)> done);

    ~TcpConn();
    TcpConn(const TcpConn&) = delete;
    TcpConn& operator=(const TcpConn&) = delete;

    /// Starts reading. Callbacks never come before this, and never from inside a call of ours.
    void start(Callbacks callbacks);
    /// What comes waits in the kernel, and then at the peer, until reading goes on; nor is it seen
    /// meanwhile that the peer has gone. Twice is once.
    void pause_reading();
    void resume_reading();
    /// Writes at once what the socket takes (uv_try_write) and queues the rest. When more than
    /// the bound is queued the connection closes with write_overflow.
    void write(std::string_view bytes);
    /// Looks at what write() will: for callers that write to many, since the waits for memory that
    /// has not been looked at for long overlap then. Changes nothing.
    void prefetch() const;
    void set_write_queue_max(std::size_t bytes);
    std::size_t write_queue_bytes() const;
    /// Bounds what the kernel holds for a peer that does not read (it doubles the number). Without
    /// this it may be megabytes.
    void set_kernel_send_buffer(int bytes);
    /// Sends what is queued, tells the peer that no more comes and closes when it has closed too
    /// (closing earlier may cost it what is still under way), after `linger` at the latest. Then
    /// on_close(we_closed), or peer_reset if the peer went away first. No on_bytes from here on.
    void close_after_write();
    const Endpoint& peer() const;

    struct Impl;  // runtime's own
    explicit TcpConn(std::shared_ptr<Impl> impl);

private:
    std::shared_ptr<Impl> impl_;
};

struct ListenOptions {
    Endpoint address;         ///< port 0: the kernel chooses
    std::string unix_path{};  ///< instead: a unix socket there, for its user and group (0660)
    bool reuse_port = false;  ///< several loops, one port (SO_REUSEPORT)
    int backlog = 4096;
};

/// Does nobody listen there? With SO_REUSEPORT a second server of the same user would join in
/// unnoticed, and the kernel would share the miners out between the two. Errors: as of listen.
Result<void> check_free(const Endpoint& address);

class TcpListener {
public:
    /// `on_accept` may drop the listener. Out of descriptors, accepting pauses for 100 ms.
    /// Errors: unavailable with a sentence that names the address ("… is in use by another
    /// program"); invalid for an address that is none. A unix socket that nobody listens on any
    /// more is replaced; it goes with the listener.
    static Result<std::unique_ptr<TcpListener>> listen(
        Loop& loop, const ListenOptions& options,
        std::function<void(std::unique_ptr<TcpConn>)> on_accept);
    ~TcpListener();
    TcpListener(const TcpListener&) = delete;
    TcpListener& operator=(const TcpListener&) = delete;
    std::uint16_t port() const;
    /// While paused, who connects waits in the kernel's queue, in order.
    void set_paused(bool paused);

    struct Impl;
    explicit TcpListener(std::unique_ptr<Impl> impl);

private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace pool
