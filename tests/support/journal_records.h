#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "pool/share/record.h"

namespace tests {

/// All records that the journals of a zubrd that is not running hold: of each producer in order.
/// Fails the test when one can't be read.
std::vector<pool::Record> journal_records(const std::filesystem::path& journal_directory);

/// The same by producer.
std::map<std::string, std::vector<pool::Record>> journal_records_by_producer(
    const std::filesystem::path& journal_directory);

}  // namespace tests
