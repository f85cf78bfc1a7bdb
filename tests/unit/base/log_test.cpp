#include "pool/base/log.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <limits>
#include <string>
#include <string_view>
#include <unistd.h>

#include <gtest/gtest.h>

#include "pool/base/json.h"
#include "pool/base/log_record.h"
#include "pool/base/time.h"

namespace pool {
namespace {

using log::Format;
using log::format_line;
using log::Level;
using namespace std::string_view_literals;

constexpr UnixMillis moment{1795554865582};  // 2026-11-24 21:14:25.582 UTC

TEST(LogLine, HasTimeLevelEventAndFields)
{
    EXPECT_EQ(format_line(Format::text, Level::info, moment, "job_published",
                          {{"height", 812}, {"clean", true}}),
              "2026-11-24T21:14:25.582Z info  job_published height=812 clean=true");
    EXPECT_EQ(format_line(Format::text, Level::error, moment, "node_gone", {}),
              "2026-11-24T21:14:25.582Z error node_gone");
}

TEST(LogLine, HasANameForGoodNews)
{
    EXPECT_EQ(format_line(Format::text, Level::notice, moment, "block_found", {{"height", 812}}),
              "2026-11-24T21:14:25.582Z notice block_found height=812");
    EXPECT_EQ(log::parse_level("notice"), Level::notice);
    EXPECT_LT(Level::info, Level::notice) << "who wants to hear info hears it";
    EXPECT_LT(Level::notice, Level::warn);
}

TEST(LogLine, BearsItsPriorityInTheJournalAlone)
{
    EXPECT_TRUE(log::is_journal("8:1234567", 8, 1234567));
    EXPECT_FALSE(log::is_journal("8:1234567", 8, 123456)) << "stderr was led elsewhere since";
    EXPECT_FALSE(log::is_journal("", 8, 1));
    EXPECT_EQ(log::journal_prefix(Level::error), "<3>");
    EXPECT_EQ(log::journal_prefix(Level::notice), "<5>");
    EXPECT_EQ(log::journal_prefix(Level::debug), "<7>");
}

TEST(LogLine, WritesEveryKindOfNumber)
{
    EXPECT_EQ(
        format_line(Format::text, Level::debug, UnixMillis{0}, "n",
                    {{"a", std::numeric_limits<std::int64_t>::min()},
                     {"b", std::numeric_limits<std::uint64_t>::max()},
                     {"c", 0.5},
                     {"d", std::uint8_t{7}}}),
        "1970-01-01T00:00:00.000Z debug n a=-9223372036854775808 b=18446744073709551615 c=0.5 "
        "d=7");
}

TEST(LogLine, QuotesTextThatCouldBeTakenForSomethingElse)
{
    EXPECT_EQ(format_line(Format::text, Level::warn, moment, "worker",
                          {{"plain", "tb1q.rig-1"},
                           {"space", "a b"},
                           {"empty", ""},
                           {"quote", "a\"b"},
                           {"equals", "a=b"}}),
              "2026-11-24T21:14:25.582Z warn  worker plain=tb1q.rig-1 space=\"a b\" empty=\"\" "
              "quote=\"a\\\"b\" equals=\"a=b\"");
}

// What a miner calls itself must not look like a line of ours, nor reach a terminal as a command.
TEST(LogLine, CannotBeEndedOrForgedByAValue)
{
    const std::string line = format_line(
        Format::text, Level::info, moment, "hello",
        {{"name", "x\n2026-11-24T21:14:25.582Z info  block_found\x1b[2J\xc3\xa9\xff\0"sv}});
    EXPECT_EQ(line,
              "2026-11-24T21:14:25.582Z info  hello name=\"x\\n2026-11-24T21:14:25.582Z info  "
              "block_found\\u001b[2J\\u00e9\\ufffd\\u0000\"");
}

TEST(LogLine, IsJsonWhenAsked)
{
    const std::string line = format_line(Format::json, Level::warn, moment, "node_slow",
                                         {{"url", "http://a\"b"},
                                          {"ms", 12},
                                          {"ok", false},
                                          {"rate", 0.25},
                                          {"nan", std::numeric_limits<double>::quiet_NaN()}});
    EXPECT_EQ(line,
              "{\"time\":\"2026-11-24T21:14:25.582Z\",\"level\":\"warn\",\"event\":\"node_slow\","
              "\"url\":\"http://a\\\"b\",\"ms\":12,\"ok\":false,\"rate\":0.25,\"nan\":null}");
    JsonDocument document;
    EXPECT_TRUE(document.parse(line, {}).has_value());
}

TEST(Log, WritesLinesAtOrAboveTheBarToStderr)
{
    log::configure(Level::warn, Format::text);
    testing::internal::CaptureStderr();
    log::info("too_low");
    log::warn("high_enough", {{"n", 1}});
    const std::string written = testing::internal::GetCapturedStderr();
    log::configure(Level::info, Format::text);

    EXPECT_EQ(written.find("too_low"), std::string::npos);
    EXPECT_NE(written.find(" warn  high_enough n=1\n"), std::string::npos);
}

TEST(Log, WritesARecordWhateverTheBars)
{
    log::configure(Level::error, Format::text);
    const std::uint64_t before = log::lines(Level::info);
    testing::internal::CaptureStderr();
    log::record("audited", {{"id", 7}});
    log::notice("too_low");
    const std::string written = testing::internal::GetCapturedStderr();
    log::configure(Level::info, Format::text);

    EXPECT_NE(written.find(" info  audited id=7\n"), std::string::npos) << written;
    EXPECT_EQ(written.find("too_low"), std::string::npos) << written;
    EXPECT_EQ(log::lines(Level::info), before + 1);
}

TEST(Log, HasABarForEachPart)
{
    static_assert(log::part_of("../../stratum/v2/session.cpp") == log::Part::stratum);
    static_assert(log::part_of("/home/rpc/zubr/pool/node/gbt.cpp") == log::Part::node);
    static_assert(log::part_of("payouts/service.h") == log::Part::payouts);
    static_assert(log::part_of("tests/unit/base/log_test.cpp") == log::Part::other);
    static_assert(log::part_of("rpc.cpp") == log::Part::other);
    for (const std::string_view name : log::part_names) {
        const auto part = log::parse_part(name);
        EXPECT_EQ(part.has_value(), name != "other");
        EXPECT_EQ(part ? log::name_of(*part) : "other", name);
    }
    log::configure(Level::warn, Format::text);
    log::set_level(log::Part::stratum, Level::debug);
    testing::internal::CaptureStderr();
    const auto line_in = [](const char* file, Level level, std::string_view event) {
        // As a line of that file, which no test lies in.
        log::write(level, event, {}, log::part_of(file));
    };
    line_in("a/stratum/server.cpp", Level::debug, "of_stratum");
    line_in("a/rpc/server.cpp", Level::info, "of_rpc");
    log::info("of_this_file");
    const std::string written = testing::internal::GetCapturedStderr();
    log::configure(Level::info, Format::text);
    EXPECT_NE(written.find(" debug of_stratum\n"), std::string::npos) << written;
    EXPECT_EQ(written.find("of_rpc"), std::string::npos) << written;
    EXPECT_EQ(written.find("of_this_file"), std::string::npos) << written;
    EXPECT_EQ(log::level_of(log::Part::stratum), Level::info) << "configure() sets all";
}

TEST(Log, CountsItsLinesByLevel)
{
    const auto counted = [] {
        return std::array{log::lines(Level::debug), log::lines(Level::info),
                          log::lines(Level::warn), log::lines(Level::error)};
    };
    const auto before = counted();
    testing::internal::CaptureStderr();
    log::debug("not_written");
    log::warn("one");
    log::warn("another");
    log::error("and_this");
    testing::internal::GetCapturedStderr();
    auto expected = before;
    expected[2] += 2;
    expected[3] += 1;
    EXPECT_EQ(counted(), expected);
}

// A disk that is full under the log's file: nobody would know that lines are missing.
TEST(Log, CountsTheLinesThatItCouldNotWrite)
{
    std::fflush(stderr);
    const int kept = ::dup(STDERR_FILENO);
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    ASSERT_GE(kept, 0);
    ASSERT_GE(full, 0);
    const std::uint64_t before = log::dropped();
    log::error("written_before");
    EXPECT_EQ(log::dropped(), before);
    ::dup2(full, STDERR_FILENO);
    log::error("not_written");
    log::error("nor_this");
    ::dup2(kept, STDERR_FILENO);
    EXPECT_EQ(log::dropped(), before + 2);
    log::error("written_again");
    EXPECT_EQ(log::dropped(), before + 2);
    ::close(full);
    ::close(kept);
}

}  // namespace
}  // namespace pool
