#include "rpc/cookie.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <string_view>
#include <sys/random.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "pool/base/bytes.h"
#include "rpc/auth.h"

namespace rpc {
namespace {

using pool::Error;
using pool::fail;

std::string why(const std::string& what, const std::string& path)
{
    return what + " " + path + ": " + std::generic_category().message(errno);
}

bool write_all(int fd, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

pool::Result<std::unique_ptr<CookieFile>> CookieFile::create(const std::string& path)
{
    std::array<std::uint8_t, 32> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        return fail(Error::Code::io, "the system gives no random bytes for the cookie");
    }
    const std::string secret = pool::to_hex(random);

    // What a killed server left must go first: O_EXCL makes sure that the file is ours and new,
    // whatever link somebody put there.
    const std::string draft = path + ".new";
    ::unlink(draft.c_str());
    const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return fail(Error::Code::io, why("cannot write the cookie", draft));
    const bool written =
        ::fchmod(fd, 0600) == 0 && write_all(fd, std::string{cookie_user} + ":" + secret);
    const bool closed = ::close(fd) == 0;
    if (!written || !closed || ::rename(draft.c_str(), path.c_str()) != 0) {
        const std::string reason = why("cannot write the cookie", path);
        ::unlink(draft.c_str());
        return fail(Error::Code::io, reason);
    }
    return std::unique_ptr<CookieFile>{new CookieFile{path, secret}};
}

CookieFile::CookieFile(std::string path, std::string secret)
    : path_(std::move(path)), secret_(std::move(secret))
{
}

CookieFile::~CookieFile()
{
    const pool::Result<std::string> there = read_cookie(path_);
    if (there && *there == secret_) ::unlink(path_.c_str());
}

pool::Result<std::string> read_cookie(const std::string& path)
{
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        const auto code = errno == ENOENT ? Error::Code::not_found : Error::Code::io;
        return fail(code, why("cannot read the cookie", path));
    }
    std::array<char, 256> buffer{};
    const ssize_t length = ::read(fd, buffer.data(), buffer.size());
    const std::string reason = length < 0 ? why("cannot read the cookie", path) : "";
    ::close(fd);
    if (length < 0) return fail(Error::Code::io, reason);

    std::string_view text{buffer.data(), static_cast<std::size_t>(length)};
    while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
    const std::size_t colon = text.find(':');
    if (text.substr(0, colon) != cookie_user || colon == text.npos || colon + 1 == text.size()) {
        return fail(Error::Code::invalid, path + " is not a cookie of zubrd");
    }
    return std::string{text.substr(colon + 1)};
}

}  // namespace rpc
