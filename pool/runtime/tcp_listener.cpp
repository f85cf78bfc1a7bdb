#include <cerrno>
#include <chrono>
#include <memory>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "pool/base/log.h"
#include "pool/runtime/listener_handover.h"
#include "pool/runtime/socket_address.h"
#include "pool/runtime/tcp_conn_impl.h"

namespace pool {

namespace {

// Enough that a storm is taken in quickly, few enough that the connections there are stay served.
constexpr int accepts_per_turn_max = 16;
constexpr std::chrono::milliseconds pause_without_descriptors{100};

std::string describe(int error) { return std::generic_category().message(error); }

tl::unexpected<Error> cannot_listen(const Endpoint& address, int error)
{
    const std::string name = to_string(address);
    if (error == EADDRINUSE) {
        return fail(Error::Code::unavailable,
                    name + " is in use by another program: stop that, or choose another port");
    }
    if (error == EADDRNOTAVAIL) {
        return fail(Error::Code::unavailable, name + " is no address of this machine");
    }
    if (error == EACCES) {
        return fail(Error::Code::unavailable, name + " needs the right to open ports below 1024");
    }
    return fail(Error::Code::unavailable, "cannot listen on " + name + ": " + describe(error));
}

class Socket {
public:
    explicit Socket(int fd) : fd_(fd) {}
    ~Socket()
    {
        if (fd_ >= 0) ::close(fd_);
    }
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    Socket& operator=(Socket&&) = delete;
    int fd() const { return fd_; }

private:
    int fd_;
};

tl::unexpected<Error> cannot_listen(const std::string& path, int error)
{
    return fail(Error::Code::unavailable, "cannot listen on " + path + ": " + describe(error));
}

Result<::sockaddr_un> unix_address(const std::string& path)
{
    ::sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path) {
        return fail(Error::Code::invalid, path + " is longer than the path of a socket may be (" +
                                              std::to_string(sizeof address.sun_path - 1) + ")");
    }
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, path.size());
    return address;
}

/// What a server that was killed has left. Another's that lives stays.
void remove_left_over(const ::sockaddr_un& address)
{
    struct ::stat status{};
    if (::lstat(address.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode)) return;
    const Socket probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (probe.fd() < 0) return;
    const auto* const generic = reinterpret_cast<const ::sockaddr*>(&address);
    if (::connect(probe.fd(), generic, sizeof address) == 0 || errno != ECONNREFUSED) return;
    ::unlink(address.sun_path);
}

Result<Socket> open_unix(const ListenOptions& options)
{
    const auto address = unix_address(options.unix_path);
    if (!address) return fail(address.error());
    remove_left_over(*address);
    Socket socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    constexpr ::mode_t for_user_and_group = 0660;
    // Nobody can connect before listen: so the mode is right from the first moment.
    const auto* const generic = reinterpret_cast<const ::sockaddr*>(&*address);
    const bool ready = socket.fd() >= 0 && ::bind(socket.fd(), generic, sizeof *address) == 0 &&
                       ::chmod(address->sun_path, for_user_and_group) == 0 &&
                       ::listen(socket.fd(), options.backlog) == 0;
    if (!ready) return cannot_listen(options.unix_path, errno);
    return socket;
}

/// A socket of our own rather than a listening uv_tcp_t: options are set before bind, and
/// accepting can pause when descriptors run out, where libuv would spin or drop connections.
Result<Socket> open_listening(const ListenOptions& options)
{
    if (!options.unix_path.empty()) return open_unix(options);
    if (const int fd = handover::take(to_string(options.address)); fd >= 0) return Socket{fd};
    const auto address = to_socket_address(options.address);
    if (!address) return fail(address.error());
    Socket socket{
        ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    const int on = 1;
    const bool ready = socket.fd() >= 0 &&
                       ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                       (!options.reuse_port ||
                        ::setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0) &&
                       ::bind(socket.fd(), address->get(), address->length) == 0 &&
                       ::listen(socket.fd(), options.backlog) == 0;
    if (!ready) return cannot_listen(options.address, errno);
    return socket;
}

}  // namespace

Result<void> check_free(const Endpoint& address)
{
    if (address.port == 0 || handover::has(to_string(address))) return {};
    const auto opened = open_listening({.address = address, .reuse_port = false, .backlog = 1});
    if (!opened) return fail(opened.error());
    return {};
}

struct TcpListener::Impl {
    struct Core;
    std::shared_ptr<Core> core;  // shared with the running accept, which may drop the listener
};

struct TcpListener::Impl::Core {
    Core(Loop& its_loop, Socket its_socket,
         std::function<void(std::unique_ptr<TcpConn>)> its_on_accept)
        : loop(its_loop), socket(std::move(its_socket)), on_accept(std::move(its_on_accept))
    {
    }

    Loop& loop;
    Socket socket;       // closed after the watch on it stops
    std::string path{};  // of a unix socket
    std::function<void(std::unique_ptr<TcpConn>)> on_accept;
    Watch readable;
    Watch pause;
    bool dropped = false;
    bool short_of_descriptors = false;
    bool paused = false;
    std::weak_ptr<Core> self;

    void watch()
    {
        if (paused) return;
        readable = loop.watch_fd(socket.fd(), {.readable = true}, [weak = self](FdEvents) {
            if (const auto core = weak.lock()) core->accept_some();
        });
    }

    void accept_some()
    {
        for (int i = 0; i < accepts_per_turn_max && !dropped && !paused; ++i) {
            SocketAddress peer;
            peer.length = sizeof peer.storage;
            const int fd =
                ::accept4(socket.fd(), peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                if (errno == EAGAIN || errno == EWOULDBLOCK) return;
                // Gone before we came, or a network error of that one connection (accept(2)).
                const bool its_own = errno == EINTR || errno == ECONNABORTED || errno == EPROTO ||
                                     errno == EPERM || errno == ENETDOWN || errno == ENETUNREACH ||
                                     errno == EHOSTDOWN || errno == EHOSTUNREACH ||
                                     errno == ENOPROTOOPT || errno == ENONET || errno == EOPNOTSUPP;
                if (its_own) continue;
                return pause_accepting(errno);
            }
            short_of_descriptors = false;
            Endpoint from = path.empty() ? to_endpoint(peer) : Endpoint{std::string{unix_peer}, 0};
            auto conn = TcpConn::Impl::adopt(loop.native(), fd, std::move(from));
            if (conn) on_accept(std::make_unique<TcpConn>(std::move(*conn)));
        }
    }

    // Descriptors or memory are short: what waits stays in the kernel's queue meanwhile.
    void pause_accepting(int error)
    {
        if (!std::exchange(short_of_descriptors, true)) {
            log::error("accept_failed", {{"reason", describe(error)}});
        }
        readable.stop();
        pause = loop.after(pause_without_descriptors, [weak = self] {
            if (const auto core = weak.lock()) core->watch();
        });
    }
};

TcpListener::TcpListener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

TcpListener::~TcpListener()
{
    Impl::Core& core = *impl_->core;
    core.dropped = true;
    core.readable.stop();
    core.pause.stop();
    handover::forget(core.socket.fd());
    if (!core.path.empty()) ::unlink(core.path.c_str());
}

Result<std::unique_ptr<TcpListener>> TcpListener::listen(
    Loop& loop, const ListenOptions& options,
    std::function<void(std::unique_ptr<TcpConn>)> on_accept)
{
    auto socket = open_listening(options);
    if (!socket) return fail(socket.error());
    auto impl = std::make_unique<Impl>();
    impl->core = std::make_shared<Impl::Core>(loop, std::move(*socket), std::move(on_accept));
    impl->core->self = impl->core;
    impl->core->path = options.unix_path;
    if (options.unix_path.empty()) {
        handover::note(to_string(options.address), impl->core->socket.fd());
    }
    impl->core->watch();
    return std::make_unique<TcpListener>(std::move(impl));
}

void TcpListener::set_paused(bool paused)
{
    Impl::Core& core = *impl_->core;
    if (std::exchange(core.paused, paused) == paused) return;
    core.readable.stop();
    if (!paused && !core.pause.active()) core.watch();
}

std::uint16_t TcpListener::port() const
{
    if (!impl_->core->path.empty()) return 0;
    SocketAddress local;
    local.length = sizeof local.storage;
    if (::getsockname(impl_->core->socket.fd(), local.get(), &local.length) != 0) return 0;
    return to_endpoint(local).port;
}

}  // namespace pool
