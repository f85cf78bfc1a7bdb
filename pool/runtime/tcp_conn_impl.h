#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <uv.h>

#include "pool/runtime/tcp.h"
#include "pool/runtime/uv_handle.h"

namespace pool {

/// The inside of a TcpConn. Lives while the TcpConn holds it or libuv writes from its buffer.
struct TcpConn::Impl {
    static Result<std::shared_ptr<Impl>> make(uv_loop_t* loop);
    /// Takes over a connected socket; closes it on failure.
    static Result<std::shared_ptr<Impl>> adopt(uv_loop_t* loop, int fd, Endpoint peer);

    void set_socket_options();
    void start(Callbacks wanted);
    void pause_reading();
    void resume_reading();
    void write(std::string_view bytes);
    void close_after_write();
    void set_kernel_send_buffer(int bytes);
    void prefetch() const;
    std::size_t queued() const;
    /// The owner let go: closes at once, calls nobody.
    void drop();

    Handle<uv_tcp_t> tcp;
    Endpoint peer;
    std::size_t write_queue_max = write_queue_default;

private:
    bool usable() const { return !finished_ && !tcp.closing(); }
    void finish(CloseReason why);
    void write_queue();
    void start_reading();
    void end_output();
    void received(ssize_t count, const char* bytes);
    void input_ended();
    void written(int status);
    void tell_closed();

    static void on_alloc(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept;
    static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept;
    static void on_written(uv_write_t* request, int status) noexcept;
    static void on_linger(uv_timer_t* timer) noexcept;
    static void on_late_start(uv_timer_t* timer) noexcept;
    static void after_close(void* owner) noexcept;

    // Shared, so that a running callback outlives a TcpConn that is dropped inside it.
    std::shared_ptr<const Callbacks> callbacks_;
    Handle<uv_timer_t> timer_;  // of lingering, or of telling a late start() that all is over
    std::string waiting_;       // what write_request_ did not take yet
    std::string in_flight_;     // what it points at
    uv_write_t write_request_{};
    std::shared_ptr<Impl> keep_while_writing_;
    std::weak_ptr<Impl> self_;
    bool filled_ = false;       // the read buffer, in this turn
    bool paused_ = false;       // pause_reading was called
    bool leaving_ = false;      // close_after_write was called
    bool input_ended_ = false;  // while leaving
    bool finished_ = false;
    bool socket_closed_ = false;
    CloseReason reason_ = CloseReason::we_closed;
};

}  // namespace pool
