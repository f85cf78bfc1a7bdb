#include <memory>
#include <string>
#include <utility>

#include <uv.h>

#include "pool/runtime/loop_shared.h"
#include "pool/runtime/socket_address.h"
#include "pool/runtime/tcp_conn_impl.h"

namespace pool {

namespace {

using Done = std::function<void(Result<std::unique_ptr<TcpConn>>)>;

struct Connecting {
    uv_connect_t uv{};
    std::shared_ptr<TcpConn::Impl> conn;
    Watch deadline;
    bool late = false;
    Done done;
};

tl::unexpected<Error> no_connection(const Endpoint& to, const std::string& why)
{
    return fail(Error::Code::unavailable, "cannot connect to " + to_string(to) + ": " + why);
}

void on_connect(uv_connect_t* request, int status) noexcept
{
    const std::unique_ptr<Connecting> attempt{static_cast<Connecting*>(request->data)};
    if (LoopShared::of(request->handle->loop).ending) return;
    attempt->deadline.stop();
    if (status < 0) {
        const Endpoint to = attempt->conn->peer;
        attempt->conn->drop();
        attempt->done(no_connection(to, attempt->late ? "no answer" : uv_strerror(status)));
        return;
    }
    attempt->done(std::make_unique<TcpConn>(std::move(attempt->conn)));
}

}  // namespace

void TcpConn::connect(Loop& loop, const Endpoint& to, Done done)
{
    const auto refuse = [&loop, &done](const Error& error) {
        loop.post([error, done] { done(fail(error)); });
    };
    const auto address = to_socket_address(to);
    if (!address) return refuse(address.error());
    auto conn = Impl::make(loop.native());
    if (!conn) return refuse(conn.error());

    (*conn)->peer = to;
    auto attempt = std::make_unique<Connecting>();
    attempt->uv.data = attempt.get();
    attempt->conn = *conn;
    attempt->done = std::move(done);
    const int status =
        uv_tcp_connect(&attempt->uv, (*conn)->tcp.get(), address->get(), &on_connect);
    if (status < 0) {
        (*conn)->drop();
        done = std::move(attempt->done);
        return refuse(no_connection(to, uv_strerror(status)).value());
    }
    Connecting* const waiting = attempt.release();  // on_connect's now
    waiting->deadline = loop.after(connect_deadline, [waiting] {
        waiting->late = true;
        // Closing cancels the attempt: on_connect comes with UV_ECANCELED.
        waiting->conn->tcp.close(nullptr);
    });
}

}  // namespace pool
