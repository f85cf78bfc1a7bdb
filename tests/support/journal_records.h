#pragma once

#include <filesystem>
#include <vector>

#include "pool/share/record.h"

namespace tests {

/// All records that the journals of a zubrd that is not running hold: of each producer in order.
/// Fails the test when one can't be read.
std::vector<pool::Record> journal_records(const std::filesystem::path& journal_directory);

}  // namespace tests
