// A server that only answers: subscribe, authorize, one job, and true to every share. What
// zubr-miner --load reaches against it is the limit of the load generator and of the sockets.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <unordered_map>

namespace {

constexpr std::string_view work =
    R"({"id":null,"method":"mining.notify","params":["1","","","",[],"20000000","1d00ffff","655e1a2b",true]})"
    "\n";

void answer(std::string_view line, std::string& out)
{
    const std::size_t id = line.find(':') + 1;
    const std::string_view number = line.substr(id, line.find(',', id) - id);
    out.append(R"({"id":)").append(number);
    if (line.find("mining.subscribe") != std::string_view::npos) {
        out.append(R"(,"result":[[],"00000001",8],"error":null})").append("\n");
        return;
    }
    out.append(R"(,"result":true,"error":null})").append("\n");
    if (line.find("mining.authorize") != std::string_view::npos) out.append(work);
}

int listen_on(std::uint16_t port)
{
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener, 4096) != 0) {
        std::perror("listen");
        std::exit(1);
    }
    return listener;
}

}  // namespace

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::fputs("usage: zubr_null_server PORT\n", stderr);
        return 2;
    }
    const int listener = listen_on(static_cast<std::uint16_t>(std::atoi(argv[1])));
    const int epoll = ::epoll_create1(0);
    std::unordered_map<int, std::string> held;
    const auto watch = [epoll](int fd) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    };
    watch(listener);
    std::array<epoll_event, 256> events{};
    std::array<char, 65536> buffer{};
    std::string out;
    for (;;) {
        const int count = ::epoll_wait(epoll, events.data(), events.size(), -1);
        for (int i = 0; i < count; ++i) {
            const int fd = events[static_cast<std::size_t>(i)].data.fd;
            if (fd == listener) {
                const int made = ::accept(listener, nullptr, nullptr);
                const int on = 1;
                ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                watch(made);
                continue;
            }
            const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
            if (got <= 0) {
                held.erase(fd);
                ::close(fd);
                continue;
            }
            std::string& text = held[fd];
            text.append(buffer.data(), static_cast<std::size_t>(got));
            out.clear();
            std::size_t from = 0;
            for (std::size_t end = text.find('\n'); end != std::string::npos;
                 end = text.find('\n', from)) {
                answer(std::string_view{text}.substr(from, end - from), out);
                from = end + 1;
            }
            text.erase(0, from);
            static_cast<void>(::send(fd, out.data(), out.size(), MSG_NOSIGNAL));
        }
    }
}
