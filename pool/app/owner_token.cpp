#include "pool/app/owner_token.h"

#include <algorithm>
#include <array>
#include <sys/random.h>
#include <system_error>

#include "pool/base/bytes.h"
#include "pool/base/replace_file.h"

namespace pool {
namespace {

constexpr std::size_t token_bytes = 16;

}  // namespace

Result<std::string> owner_token(const std::filesystem::path& directory)
{
    const std::filesystem::path path = directory / "owner";
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    const auto kept = read_whole_file(path);
    if (!kept) return fail(kept.error());
    if (*kept) {
        const std::string token = (*kept)->substr(0, (*kept)->find('\n'));
        const bool whole = token.size() == 2 * token_bytes &&
                           token.find_first_not_of("0123456789abcdef") == std::string::npos;
        if (whole) return token;
        return fail(Error::Code::invalid, path.string() +
                                              " is damaged: remove it, and run `zubrd takeover` "
                                              "once to claim the server's name anew");
    }
    std::array<std::uint8_t, token_bytes> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        return fail(Error::Code::io, "the system gives no random bytes for " + path.string());
    }
    std::string token = to_hex(random);
    // There for good before the books hear of it.
    if (auto written = replace_file(path, token + "\n", 0644); !written) {
        return fail(Error::Code::io, written.error().detail + "; check pool.data_dir");
    }
    return token;
}

}  // namespace pool
