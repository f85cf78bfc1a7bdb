#include "pool/base/replace_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace pool {
namespace {

bool write_synced(const std::filesystem::path& path, std::string_view text, unsigned mode)
{
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (file < 0) return false;
    const bool written =
        ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::fsync(file) == 0;
    return ::close(file) == 0 && written;
}

bool sync_directory(const std::filesystem::path& path)
{
    const int file = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return false;
    const bool synced = ::fsync(file) == 0;
    return ::close(file) == 0 && synced;
}

}  // namespace

Result<void> replace_file(const std::filesystem::path& path, std::string_view text, unsigned mode)
{
    std::filesystem::path draft = path;
    draft += ".new";
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    if (write_synced(draft, text, mode) && std::rename(draft.c_str(), path.c_str()) == 0 &&
        sync_directory(folder)) {
        return {};
    }
    return fail(Error::Code::io, "cannot write " + path.string() + ": " + std::strerror(errno));
}

Result<std::optional<std::string>> read_whole_file(const std::filesystem::path& path)
{
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) return std::optional<std::string>{};
    std::string text;
    std::array<char, 4096> part{};
    ssize_t size = file < 0 ? -1 : 1;
    while (size > 0) {
        size = ::read(file, part.data(), part.size());
        if (size > 0) text.append(part.data(), static_cast<std::size_t>(size));
    }
    const int trouble = errno;
    if (file >= 0) ::close(file);
    if (size == 0) return text;
    return fail(Error::Code::io, "cannot read " + path.string() + ": " + std::strerror(trouble));
}

}  // namespace pool
