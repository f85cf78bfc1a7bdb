#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "pool/base/result.h"

namespace pool {

/// Puts a small file in place of another, whole or not at all, and for good: it is on the disk when
/// this returns, its name too. What a kill leaves of the attempt is `path` with ".new" behind it.
/// mode: of the file, less the umask. Waits for the disk: no loop of miners calls it.
/// Errors: io, with the system's reason.
Result<void> replace_file(const std::filesystem::path& path, std::string_view text, unsigned mode);

/// All of a small file that replace_file has made; nothing when there is none. Errors: io, with the
/// system's reason, when one may be there and cannot be read: it is not to be taken for none.
Result<std::optional<std::string>> read_whole_file(const std::filesystem::path& path);

}  // namespace pool
