#include "tests/bench/tls_storm.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <netinet/in.h>
#include <string>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include <openssl/err.h>
#include <openssl/ssl.h>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const char* why)
{
    std::fprintf(stderr, "%s\n", why);
    std::exit(1);
}

struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct ContextFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

struct Miner {
    int fd = -1;
    std::unique_ptr<SSL, SslFree> ssl;
    bool said_hello = false;
    bool in = false;
    std::string heard;
};

class Storm {
public:
    Storm(std::uint16_t port, std::string_view hello)
        : hello_(hello),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)),
          context_(SSL_CTX_new(TLS_client_method()))
    {
        to_.sin_family = AF_INET;
        to_.sin_port = htons(port);
        to_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        // Thousands of clients in one process: as little memory each as may be.
        SSL_CTX_set_mode(context_.get(), SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
    }
    ~Storm()
    {
        for (const Miner& miner : miners_) {
            if (miner.fd >= 0) ::close(miner.fd);
        }
        ::close(epoll_);
    }
    Storm(const Storm&) = delete;
    Storm& operator=(const Storm&) = delete;

    TlsStorm run(std::size_t count, std::chrono::seconds limit)
    {
        const auto begun = Clock::now();
        miners_.resize(count);
        for (std::size_t at = 0; at < count; ++at) {
            connect(miners_[at]);
            // A miner speaks as soon as it is connected, however many others still connect.
            if (at % 16 == 0) hear(0);
        }
        while (in_ < count) {
            if (Clock::now() - begun > limit) die("not all miners are in");
            hear(50);
        }
        return {std::chrono::duration<double>(Clock::now() - begun).count(), turned_away_};
    }

private:
    void hear(int wait_ms)
    {
        std::array<epoll_event, 512> events{};
        const int ready = ::epoll_wait(epoll_, events.data(), events.size(), wait_ms);
        for (int at = 0; at < ready; ++at) {
            go_on(*static_cast<Miner*>(events[static_cast<std::size_t>(at)].data.ptr));
        }
    }
    void connect(Miner& miner)
    {
        miner.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (miner.fd < 0) die("no more files: ulimit -n");
        if (::connect(miner.fd, reinterpret_cast<const sockaddr*>(&to_), sizeof to_) != 0 &&
            errno != EINPROGRESS) {
            die("can't connect");
        }
        miner.ssl.reset(SSL_new(context_.get()));
        SSL_set_fd(miner.ssl.get(), miner.fd);
        SSL_set_connect_state(miner.ssl.get());
        miner.said_hello = false;
        miner.heard.clear();
        watch(miner, EPOLL_CTL_ADD, EPOLLOUT);
    }
    void watch(Miner& miner, int how, std::uint32_t events)
    {
        epoll_event event{};
        event.events = events;
        event.data.ptr = &miner;
        ::epoll_ctl(epoll_, how, miner.fd, &event);
    }
    void go_on(Miner& miner)
    {
        ERR_clear_error();  // or OpenSSL would say of this one what became of another
        if (!miner.said_hello) {
            const int said =
                SSL_write(miner.ssl.get(), hello_.data(), static_cast<int>(hello_.size()));
            if (said <= 0) return wait_or_come_again(miner, said);
            miner.said_hello = true;
        }
        std::array<char, 4096> buffer{};
        int got = 0;
        while ((got = SSL_read(miner.ssl.get(), buffer.data(), buffer.size())) > 0) {
            if (!miner.in) miner.heard.append(buffer.data(), static_cast<std::size_t>(got));
        }
        if (!miner.in && miner.heard.find("mining.notify\",\"params") != std::string::npos) {
            miner.in = true;
            miner.heard = {};
            ++in_;
        }
        wait_or_come_again(miner, got);
    }
    void wait_or_come_again(Miner& miner, int result)
    {
        const int why = SSL_get_error(miner.ssl.get(), result);
        if (why == SSL_ERROR_WANT_READ) return watch(miner, EPOLL_CTL_MOD, EPOLLIN);
        if (why == SSL_ERROR_WANT_WRITE) return watch(miner, EPOLL_CTL_MOD, EPOLLOUT);
        if (miner.in) die("a miner was thrown out");
        ++turned_away_;
        ::close(miner.fd);
        connect(miner);
    }

    std::string_view hello_;
    int epoll_;
    std::unique_ptr<SSL_CTX, ContextFree> context_;
    sockaddr_in to_{};
    std::vector<Miner> miners_;
    std::size_t in_ = 0;
    std::size_t turned_away_ = 0;
};

}  // namespace

TlsStorm storm_by_tls(std::uint16_t port, std::size_t count, std::string_view hello,
                      std::chrono::seconds limit)
{
    return Storm{port, hello}.run(count, limit);
}

}  // namespace bench
