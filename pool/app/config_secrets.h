#pragma once

#include <string>

#include "pool/app/config.h"
#include "pool/base/result.h"

namespace pool {

/// Fills the secrets that stand elsewhere: in the file that the option with "_file" behind its name
/// tells, or else in `credentials` (a directory, systemd's; empty: none) under the option's name:
/// "mysql.password", "redis.password", "node1.password", "webhook1.url", "webhook1.secret". A line
/// end behind it is no part of it.
///
/// Errors: invalid, a sentence without the secret: one is told twice, or its file cannot be read,
/// is empty, has several lines or more than 4096 bytes, or what is in it will not do.
Result<void> read_secrets(Config& config, const std::string& credentials);

}  // namespace pool
