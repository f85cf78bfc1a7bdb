#include "pool/node/zmq_feed.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include <zmq.h>

namespace pool {
namespace {

constexpr std::array<char, 9> topic{'h', 'a', 's', 'h', 'b', 'l', 'o', 'c', 'k'};
// Its descriptor tells of changes only, so a change that came while we were reading could be
// missed; a look now and then costs nothing.
constexpr std::chrono::milliseconds look_period{100};

using Part = std::array<std::uint8_t, 64>;

}  // namespace

struct ZmqFeed::Impl {
    ~Impl()
    {
        ticker.stop();
        readable.stop();
        if (socket != nullptr) zmq_close(socket);
        if (context != nullptr) zmq_ctx_term(context);
    }

    // One part of a message; its true length, which may pass what the part holds.
    std::optional<std::size_t> receive(Part& part) const
    {
        const int length = zmq_recv(socket, part.data(), part.size(), ZMQ_DONTWAIT);
        if (length < 0) return std::nullopt;
        return static_cast<std::size_t>(length);
    }

    bool more() const
    {
        int value = 0;
        std::size_t size = sizeof value;
        return zmq_getsockopt(socket, ZMQ_RCVMORE, &value, &size) == 0 && value != 0;
    }

    void drain()
    {
        Part part{};
        while (const auto length = receive(part)) {
            const bool ours =
                *length == topic.size() && std::equal(topic.begin(), topic.end(), part.begin());
            std::optional<ZmqTip> tip = ours ? read_tip() : std::nullopt;
            while (more() && receive(part)) {
            }
            if (tip) on_tip(*tip);
        }
    }

    // The hash as it is displayed, then the sequence number, little-endian.
    std::optional<ZmqTip> read_tip() const
    {
        Part hash{};
        Part sequence{};
        ZmqTip tip;
        if (!more() || receive(hash) != tip.hash.bytes.size()) return std::nullopt;
        if (!more() || receive(sequence) != sizeof tip.sequence) return std::nullopt;
        std::reverse_copy(hash.begin(), hash.begin() + 32, tip.hash.bytes.begin());
        for (std::size_t i = 0; i < sizeof tip.sequence; ++i) {
            tip.sequence |= std::uint32_t{sequence[i]} << (8 * i);
        }
        return tip;
    }

    std::function<void(ZmqTip)> on_tip;
    void* context = nullptr;
    void* socket = nullptr;
    Watch readable;
    Watch ticker;
};

Result<std::unique_ptr<ZmqFeed>> ZmqFeed::open(Loop& loop, const std::string& endpoint,
                                               std::function<void(ZmqTip)> on_tip,
                                               std::chrono::milliseconds heartbeat)
{
    auto impl = std::make_unique<Impl>();
    impl->on_tip = std::move(on_tip);
    impl->context = zmq_ctx_new();
    if (impl->context != nullptr) impl->socket = zmq_socket(impl->context, ZMQ_SUB);
    if (impl->socket == nullptr) {
        return fail(Error::Code::unavailable,
                    "ZMQ gives no socket: " + std::string{zmq_strerror(zmq_errno())});
    }
    const int at_once = 0;
    const int keepalive = 1;
    const int reconnect_max_ms = 1000;
    const int heartbeat_ms = static_cast<int>(heartbeat.count());
    zmq_setsockopt(impl->socket, ZMQ_LINGER, &at_once, sizeof at_once);
    zmq_setsockopt(impl->socket, ZMQ_TCP_KEEPALIVE, &keepalive, sizeof keepalive);
    zmq_setsockopt(impl->socket, ZMQ_HEARTBEAT_IVL, &heartbeat_ms, sizeof heartbeat_ms);
    zmq_setsockopt(impl->socket, ZMQ_RECONNECT_IVL_MAX, &reconnect_max_ms, sizeof reconnect_max_ms);
    zmq_setsockopt(impl->socket, ZMQ_SUBSCRIBE, topic.data(), topic.size());
    if (zmq_connect(impl->socket, endpoint.c_str()) != 0) {
        return fail(Error::Code::invalid, "node.zmq_hashblock " + endpoint + ": " +
                                              zmq_strerror(zmq_errno()) +
                                              "; write it like \"tcp://127.0.0.1:28332\"");
    }
    int fd = -1;
    std::size_t size = sizeof fd;
    zmq_getsockopt(impl->socket, ZMQ_FD, &fd, &size);
    Impl* const raw = impl.get();
    impl->readable = loop.watch_fd(fd, {.readable = true}, [raw](FdEvents) { raw->drain(); });
    impl->ticker = loop.every(look_period, [raw] { raw->drain(); });
    return std::unique_ptr<ZmqFeed>{new ZmqFeed{std::move(impl)}};
}

ZmqFeed::ZmqFeed(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ZmqFeed::~ZmqFeed() = default;

}  // namespace pool
