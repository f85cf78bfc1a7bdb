#include "tests/support/journal_records.h"

#include <algorithm>
#include <iterator>

#include <gtest/gtest.h>

#include "pool/share/journal_segment.h"

namespace tests {
namespace {

void read_segment(const std::filesystem::path& path, std::vector<pool::Record>& out)
{
    auto segment = pool::JournalSegment::open(path);
    ASSERT_TRUE(segment.has_value()) << segment.error().detail;
    if (!*segment || (*segment)->count == 0) return;
    std::vector<pool::RecordBytes> raw;
    const auto got = (*segment)->read((*segment)->first, (*segment)->count, raw);
    ASSERT_TRUE(got.has_value()) << got.error().detail;
    for (const pool::RecordBytes& bytes : raw) {
        auto record = pool::decode(bytes);
        ASSERT_TRUE(record.has_value()) << record.error().detail;
        out.push_back(std::move(*record));
    }
}

}  // namespace

std::map<std::string, std::vector<pool::Record>> journal_records_by_producer(
    const std::filesystem::path& journal_directory)
{
    std::map<std::string, std::vector<pool::Record>> records;
    for (const auto& producer : std::filesystem::directory_iterator{journal_directory}) {
        const auto files = pool::journal_files(producer.path());
        if (!files) {
            ADD_FAILURE() << files.error().detail;
            continue;
        }
        auto& own = records[producer.path().filename().string()];
        for (const std::filesystem::path& file : *files) read_segment(file, own);
    }
    return records;
}

std::vector<pool::Record> journal_records(const std::filesystem::path& journal_directory)
{
    std::vector<pool::Record> all;
    for (auto& [producer, records] : journal_records_by_producer(journal_directory)) {
        std::move(records.begin(), records.end(), std::back_inserter(all));
    }
    return all;
}

}  // namespace tests
