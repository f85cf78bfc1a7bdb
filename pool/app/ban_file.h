#pragma once

#include <filesystem>
#include <vector>

#include "pool/base/result.h"
#include "pool/base/time.h"
#include "stratum/network_bans.h"

namespace pool {

/// Admins' bans on the disk, so that they outlive the process: a line each, the network and when
/// it ends, in milliseconds since 1970. Those that are over are neither written nor read.
///
/// Errors: io; invalid, for a file that is none of ours: it names the line.
Result<std::vector<stratum::NetworkBans::Entry>> read_bans(const std::filesystem::path& file,
                                                           Now now);
/// Whole or not at all; waits for the disk. Errors: io.
Result<void> write_bans(const std::filesystem::path& file,
                        const std::vector<stratum::NetworkBans::Entry>& bans, Now now);

}  // namespace pool
