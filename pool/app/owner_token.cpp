#include "pool/app/owner_token.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <string_view>
#include <sys/random.h>
#include <system_error>
#include <unistd.h>

#include "pool/base/bytes.h"

namespace pool {
namespace {

constexpr std::size_t token_bytes = 16;

tl::unexpected<Error> no_file(const std::filesystem::path& path)
{
    return fail(Error::Code::io, "cannot keep " + path.string() + ": " + std::strerror(errno) +
                                     "; check pool.data_dir");
}

bool write_synced(const std::filesystem::path& path, std::string_view text)
{
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
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
    ::close(file);
    return synced;
}

}  // namespace

Result<std::string> owner_token(const std::filesystem::path& directory)
{
    const std::filesystem::path path = directory / "owner";
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (std::ifstream file{path}; file) {
        std::string token;
        std::getline(file, token);
        const bool whole = token.size() == 2 * token_bytes &&
                           token.find_first_not_of("0123456789abcdef") == std::string::npos;
        if (whole) return token;
        return fail(Error::Code::invalid, path.string() +
                                              " is damaged: remove it, and run `zubrd takeover` "
                                              "once to claim the server's name anew");
    }
    std::array<std::uint8_t, token_bytes> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        return no_file(path);
    }
    std::string token = to_hex(random);
    // Whole or not at all, and there for good before the books hear of it.
    const std::filesystem::path draft = directory / "owner.new";
    if (!write_synced(draft, token + "\n") || ::rename(draft.c_str(), path.c_str()) != 0 ||
        !sync_directory(directory)) {
        return no_file(path);
    }
    return token;
}

}  // namespace pool
