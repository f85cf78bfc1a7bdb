#pragma once

#include <memory>
#include <string>

#include "pool/base/result.h"

namespace rpc {

/// The file that lets whoever may read it in as an admin: "__cookie__:<64 hex digits>", mode 0600,
/// new at each start. Dropping it removes the file, unless a later server has replaced it.
class CookieFile {
public:
    /// Writes beside `path` and renames, so a reader never sees half a secret.
    /// Errors: io, with the path and what the system says.
    static pool::Result<std::unique_ptr<CookieFile>> create(const std::string& path);
    ~CookieFile();
    CookieFile(const CookieFile&) = delete;
    CookieFile& operator=(const CookieFile&) = delete;

    const std::string& secret() const { return secret_; }

private:
    CookieFile(std::string path, std::string secret);
    std::string path_;
    std::string secret_;
};

/// The secret in a cookie file.
/// Errors: not_found when there is no such file; io; invalid when it holds something else.
pool::Result<std::string> read_cookie(const std::string& path);

}  // namespace rpc
