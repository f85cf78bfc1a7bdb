#include <algorithm>
#include <cstdint>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <span>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include <uv.h>

#include "pool/base/prefetch.h"
#include "pool/base/release_memory.h"
#include "pool/runtime/loop_shared.h"
#include "pool/runtime/tcp_conn_impl.h"

namespace pool {

namespace {

// A miner that lost power is found after 60 + 3 * 10 s of silence.
constexpr int keepalive_idle_s = 60;
constexpr int keepalive_interval_s = 10;
constexpr int keepalive_probes = 3;
// Keepalive does not ask while something unacknowledged is under way, and a job is every 30 s.
constexpr int unacknowledged_max_ms = 90'000;

uv_stream_t* stream_of(uv_tcp_t* tcp) { return reinterpret_cast<uv_stream_t*>(tcp); }

int fd_of(uv_tcp_t* tcp)
{
    uv_os_fd_t fd = -1;
    return uv_fileno(reinterpret_cast<const uv_handle_t*>(tcp), &fd) == 0 ? fd : -1;
}

void set_option(int fd, int level, int name, int value)
{
    // A socket whose peer is gone already may refuse; reading will tell.
    static_cast<void>(setsockopt(fd, level, name, &value, sizeof value));
}

}  // namespace

TcpConn::TcpConn(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
TcpConn::~TcpConn() { impl_->drop(); }
void TcpConn::start(Callbacks callbacks) { impl_->start(std::move(callbacks)); }
void TcpConn::write(std::string_view bytes) { impl_->write(bytes); }
void TcpConn::prefetch() const { impl_->prefetch(); }
void TcpConn::set_write_queue_max(std::size_t bytes) { impl_->write_queue_max = bytes; }
std::size_t TcpConn::write_queue_bytes() const { return impl_->queued(); }
void TcpConn::close_after_write() { impl_->close_after_write(); }
void TcpConn::pause_reading() { impl_->pause_reading(); }
void TcpConn::resume_reading() { impl_->resume_reading(); }
void TcpConn::set_kernel_send_buffer(int bytes) { impl_->set_kernel_send_buffer(bytes); }
const Endpoint& TcpConn::peer() const { return impl_->peer; }

Result<std::shared_ptr<TcpConn::Impl>> TcpConn::Impl::make(uv_loop_t* loop)
{
    auto impl = std::make_shared<Impl>();
    impl->self_ = impl;
    const int made =
        impl->tcp.open(impl.get(), [loop](uv_tcp_t* handle) { return uv_tcp_init(loop, handle); });
    if (made < 0) return fail(Error::Code::unavailable, uv_strerror(made));
    return impl;
}

Result<std::shared_ptr<TcpConn::Impl>> TcpConn::Impl::adopt(uv_loop_t* loop, int fd, Endpoint peer)
{
    auto impl = make(loop);
    const int opened = impl ? uv_tcp_open((*impl)->tcp.get(), fd) : 0;
    if (!impl || opened < 0) {
        ::close(fd);
        return impl ? fail(Error::Code::unavailable, uv_strerror(opened)) : fail(impl.error());
    }
    (*impl)->peer = std::move(peer);
    return impl;
}

void TcpConn::Impl::set_socket_options()
{
    const int fd = fd_of(tcp.get());
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, keepalive_idle_s);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, keepalive_interval_s);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, keepalive_probes);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, unacknowledged_max_ms);
}

void TcpConn::Impl::set_kernel_send_buffer(int bytes)
{
    if (usable()) set_option(fd_of(tcp.get()), SOL_SOCKET, SO_SNDBUF, bytes);
}

void TcpConn::Impl::start(Callbacks wanted)
{
    callbacks_ = std::make_shared<const Callbacks>(std::move(wanted));
    if (socket_closed_) {
        // It ended before anyone could be told: tell now, but from the loop.
        uv_loop_t* const loop = tcp.get()->loop;
        timer_.open(this, [loop](uv_timer_t* timer) { return uv_timer_init(loop, timer); });
        uv_timer_start(timer_.get(), &Impl::on_late_start, 0, 0);
    } else if (usable() && !leaving_) {
        // Not before: who is turned away at the door is not worth six calls of the kernel.
        set_socket_options();
        start_reading();
    }
}

void TcpConn::Impl::start_reading()
{
    const int status = uv_read_start(stream_of(tcp.get()), &Impl::on_alloc, &Impl::on_read);
    if (status < 0) finish(CloseReason::peer_reset);
}

void TcpConn::Impl::pause_reading()
{
    if (!usable() || leaving_ || !callbacks_ || std::exchange(paused_, true)) return;
    uv_read_stop(stream_of(tcp.get()));
    filled_ = false;  // no other read is asked for now
}

void TcpConn::Impl::resume_reading()
{
    if (std::exchange(paused_, false) && usable()) start_reading();
}

void TcpConn::Impl::write(std::string_view bytes)
{
    if (!usable() || leaving_ || bytes.empty()) return;
    if (queued() == 0) {
        constexpr std::size_t attempt_max = std::size_t{1} << 30;
        const auto attempt = static_cast<unsigned>(std::min(bytes.size(), attempt_max));
        // libuv's buffers are for reading too, hence not const; uv_try_write does not change them.
        const uv_buf_t buffer = uv_buf_init(const_cast<char*>(bytes.data()), attempt);
        const int sent = uv_try_write(stream_of(tcp.get()), &buffer, 1);
        if (sent < 0 && sent != UV_EAGAIN) {
            finish(CloseReason::peer_reset);
            return;
        }
        if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
        if (bytes.empty()) return;
    }
    if (bytes.size() > write_queue_max - std::min(write_queue_max, queued())) {
        finish(CloseReason::write_overflow);
        return;
    }
    waiting_.append(bytes);
    if (!keep_while_writing_) write_queue();
}

void TcpConn::Impl::write_queue()
{
    in_flight_ = std::exchange(waiting_, {});
    const uv_buf_t buffer =
        uv_buf_init(in_flight_.data(), static_cast<unsigned>(in_flight_.size()));
    const int status =
        uv_write(&write_request_, stream_of(tcp.get()), &buffer, 1, &Impl::on_written);
    if (status < 0) {
        finish(CloseReason::peer_reset);
        return;
    }
    write_request_.data = this;
    keep_while_writing_ = self_.lock();
}

void TcpConn::Impl::written(int status)
{
    release_memory(in_flight_);
    if (!usable()) return;
    if (status < 0) {
        finish(CloseReason::peer_reset);
    } else if (!waiting_.empty()) {
        write_queue();
    } else if (leaving_) {
        end_output();
    } else if (const auto keep = callbacks_; keep && keep->on_drained) {
        keep->on_drained();
    }
}

void TcpConn::Impl::prefetch() const
{
    pool::prefetch(*this);
    if (tcp) pool::prefetch(*tcp.get());
}

std::size_t TcpConn::Impl::queued() const
{
    if (!usable()) return 0;
    return uv_stream_get_write_queue_size(stream_of(tcp.get())) + waiting_.size();
}

void TcpConn::Impl::close_after_write()
{
    if (!usable() || leaving_) return;
    leaving_ = true;
    uv_loop_t* const loop = tcp.get()->loop;
    timer_.open(this, [loop](uv_timer_t* timer) { return uv_timer_init(loop, timer); });
    uv_update_time(loop);
    uv_timer_start(timer_.get(), &Impl::on_linger, static_cast<std::uint64_t>(linger.count()), 0);
    // Reads on, to throw away: unread bytes at close would make the kernel reset the connection,
    // and the peer might lose our last words.
    if (!callbacks_ || std::exchange(paused_, false)) start_reading();
    if (usable() && queued() == 0) end_output();
}

// All is sent: says so to the peer, whose own end then ends the connection.
void TcpConn::Impl::end_output()
{
    const int fd = fd_of(tcp.get());
    if (input_ended_ || fd < 0 || ::shutdown(fd, SHUT_WR) != 0) finish(CloseReason::we_closed);
}

void TcpConn::Impl::received(ssize_t count, const char* bytes)
{
    if (count == UV_EOF) {
        input_ended();
    } else if (count < 0) {
        finish(CloseReason::peer_reset);
    } else if (count > 0 && !leaving_) {
        const auto keep = callbacks_;
        if (!keep->on_bytes) return;
        // Nothing of ours may be touched behind this call.
        keep->on_bytes(
            {reinterpret_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(count)});
    }
}

void TcpConn::Impl::input_ended()
{
    input_ended_ = true;
    if (const auto keep = callbacks_; !leaving_ && keep && keep->on_end) return keep->on_end();
    if (!leaving_) finish(CloseReason::peer_closed);
    if (usable() && queued() == 0) finish(CloseReason::we_closed);
}

void TcpConn::Impl::finish(CloseReason why)
{
    if (finished_) return;
    finished_ = true;
    reason_ = why;
    release_memory(waiting_);
    timer_.reset();
    tcp.close(&Impl::after_close);
}

void TcpConn::Impl::drop()
{
    finished_ = true;
    release_memory(waiting_);
    timer_.reset();
    tcp.reset();
    callbacks_.reset();
}

void TcpConn::Impl::tell_closed()
{
    const auto keep = callbacks_;
    if (!keep || !keep->on_close) return;
    keep->on_close(reason_);
}

// Behind a read that filled the buffer libuv asks for another at once, up to 31 times, while
// everybody else waits. There is none then (uv_alloc_cb: UV_ENOBUFS): it turns to the others, and
// since it polls for a state and not for a change, comes back for the rest in the next turn.
void TcpConn::Impl::on_alloc(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept
{
    if (std::exchange(owner_of<Impl>(handle)->filled_, false)) {
        *buffer = uv_buf_init(nullptr, 0);
        return;
    }
    *buffer = uv_buf_init(LoopShared::of(handle->loop).read_buffer.data(), LoopShared::read_bytes);
}

void TcpConn::Impl::on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept
{
    if (count == UV_ENOBUFS) return;
    auto* const impl = owner_of<Impl>(stream);
    impl->filled_ = count == LoopShared::read_bytes;
    impl->received(count, buffer->base);
}

void TcpConn::Impl::on_written(uv_write_t* request, int status) noexcept
{
    const auto impl = std::move(static_cast<Impl*>(request->data)->keep_while_writing_);
    impl->written(status);
}

void TcpConn::Impl::on_linger(uv_timer_t* timer) noexcept
{
    owner_of<Impl>(timer)->finish(CloseReason::we_closed);
}

void TcpConn::Impl::on_late_start(uv_timer_t* timer) noexcept
{
    owner_of<Impl>(timer)->tell_closed();
}

void TcpConn::Impl::after_close(void* owner) noexcept
{
    auto* const impl = static_cast<Impl*>(owner);
    impl->socket_closed_ = true;
    impl->tell_closed();
}

}  // namespace pool
