#pragma once

#include <filesystem>
#include <string>

#include "pool/base/result.h"

namespace pool {

/// The word by which this data directory claims its producers' names in the books: 32 random hex
/// digits, made at the first call and kept in `directory`/owner. No secret.
/// Makes the directory. Errors: io; invalid, for a damaged file.
Result<std::string> owner_token(const std::filesystem::path& directory);

}  // namespace pool
