#include "pool/runtime/listener_handover.h"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <mutex>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace pool::handover {
namespace {

struct Held {
    std::string address;
    int fd = -1;
};

// As the descriptors themselves they belong to the process and to nothing in it.
struct Table {
    std::mutex mutex;
    std::vector<Held> open;       // in the order in which they were opened
    std::vector<Held> inherited;  // likewise, in the program before us
};

Table& table()
{
    static Table instance;
    return instance;
}

bool listens(int fd)
{
    int on = 0;
    ::socklen_t length = sizeof on;
    return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &length) == 0 && on != 0;
}

}  // namespace

void note(std::string address, int fd)
{
    const std::lock_guard lock{table().mutex};
    table().open.push_back({std::move(address), fd});
}

void forget(int fd)
{
    const std::lock_guard lock{table().mutex};
    std::erase_if(table().open, [fd](const Held& each) { return each.fd == fd; });
}

int take(std::string_view address)
{
    const std::lock_guard lock{table().mutex};
    auto& left = table().inherited;
    const auto found = std::find_if(left.begin(), left.end(),
                                    [&](const Held& each) { return each.address == address; });
    if (found == left.end()) return -1;
    const int fd = found->fd;
    left.erase(found);
    return fd;
}

bool has(std::string_view address)
{
    const std::lock_guard lock{table().mutex};
    const auto& left = table().inherited;
    return std::any_of(left.begin(), left.end(),
                       [&](const Held& each) { return each.address == address; });
}

std::string pack()
{
    const std::lock_guard lock{table().mutex};
    std::string text;
    for (const Held& each : table().open) {
        const int kept = ::fcntl(each.fd, F_DUPFD, 3);  // without FD_CLOEXEC
        if (kept < 0) continue;
        if (!text.empty()) text += ' ';
        text += std::to_string(kept) + '=' + each.address;
    }
    return text;
}

void unpack(std::string_view text)
{
    const std::lock_guard lock{table().mutex};
    while (!text.empty()) {
        const std::size_t space = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, space);
        text.remove_prefix(std::min(space + 1, text.size()));
        int fd = -1;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), fd);
        const bool named = error == std::errc{} && end != word.data() + word.size() && *end == '=';
        if (!named || fd < 3 || !listens(fd) || ::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) continue;
        const std::string_view address =
            word.substr(static_cast<std::size_t>(end - word.data()) + 1);
        table().inherited.push_back({std::string{address}, fd});
    }
}

void close_rest()
{
    const std::lock_guard lock{table().mutex};
    for (const Held& each : table().inherited) ::close(each.fd);
    table().inherited.clear();
}

}  // namespace pool::handover
