#include "pool/base/log.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <type_traits>
#include <unistd.h>
#include <variant>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include "pool/base/json.h"
#include "pool/base/line_writer.h"
#include "pool/base/log_record.h"
#include "pool/base/time.h"

namespace pool::log {
namespace {

// While nobody reads the log: some thousands of lines.
constexpr std::size_t waiting_max = std::size_t{1} << 20;

// No job and no found block waits for whoever reads the log.
class Sink : public spdlog::sinks::base_sink<std::mutex> {
public:
    std::uint64_t dropped() const { return lines_.dropped(); }

protected:
    void sink_it_(const spdlog::details::log_msg& message) override
    {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        lines_.write({line.data(), line.size()});
    }
    void flush_() override {}

private:
    LineWriter lines_{STDERR_FILENO, waiting_max};
};

bool stderr_is_the_journal();

// Lines are made here, whole.
struct Output {
    const bool for_journal = stderr_is_the_journal();
    std::shared_ptr<Sink> lines = std::make_shared<Sink>();
    spdlog::logger sink{"zubr", lines};
    std::array<std::atomic<Level>, part_names.size()> levels{};
    std::atomic<Level> lowest{Level::info};  // of those: most lines that nobody wants end here
    std::atomic<Format> format{Format::text};
    std::array<std::atomic<std::uint64_t>, 5> lines_of{};  // by level

    Output()
    {
        for (auto& level : levels) level.store(Level::info, std::memory_order_relaxed);
        sink.set_level(spdlog::level::trace);
        sink.set_formatter(std::make_unique<spdlog::pattern_formatter>("%v"));
    }
};

// The one object of the process that any thread may reach: a logger passed to every rule would
// make the rules impure without telling anybody anything.
Output& output()
{
    static Output instance;
    return instance;
}

constexpr std::array<std::string_view, 5> level_names{"debug", "info", "notice", "warn", "error"};
// syslog's numbers.
constexpr std::array<std::string_view, 5> journal_prefixes{"<7>", "<6>", "<5>", "<4>", "<3>"};

bool stderr_is_the_journal()
{
    const char* const variable = std::getenv("JOURNAL_STREAM");
    struct ::stat there{};
    return variable != nullptr && ::fstat(STDERR_FILENO, &there) == 0 &&
           is_journal(variable, there.st_dev, there.st_ino);
}

std::atomic<Level>& bar_of(Part part) { return output().levels.at(static_cast<std::size_t>(part)); }

std::string to_iso8601(UnixMillis at)
{
    const auto seconds = static_cast<std::time_t>(at.value / 1000);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 48> text{};
    const int length =
        std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03uZ",
                      utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min,
                      utc.tm_sec, static_cast<unsigned>(at.value % 1000));
    return {text.data(), static_cast<std::size_t>(length)};
}

bool needs_quotes(std::string_view text)
{
    if (text.empty()) return true;
    for (const char c : text) {
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\') return true;
    }
    return false;
}

template <typename Number>
void append_number(std::string& out, Number value)
{
    std::array<char, 32> digits{};  // the longest shortest double has 24
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

void append_value(std::string& out, const Field& field, Format format)
{
    std::visit(
        [&out, format](const auto& value) {
            using Value = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<Value, bool>) {
                out += value ? "true" : "false";
            } else if constexpr (std::is_same_v<Value, std::string_view>) {
                if (format == Format::json || needs_quotes(value)) {
                    append_json_string(out, value);
                } else {
                    out += value;
                }
            } else if constexpr (std::is_same_v<Value, double>) {
                if (format == Format::json && !std::isfinite(value)) {
                    out += "null";
                } else {
                    append_number(out, value);
                }
            } else {
                append_number(out, value);
            }
        },
        field.value);
}

}  // namespace

std::string_view name_of(Level level) { return level_names.at(static_cast<std::size_t>(level)); }

std::optional<Level> parse_level(std::string_view name)
{
    for (std::size_t at = 0; at < level_names.size(); ++at) {
        if (level_names.at(at) == name) return static_cast<Level>(at);
    }
    return std::nullopt;
}

std::optional<Part> parse_part(std::string_view name)
{
    for (std::size_t at = 0; at + 1 < part_names.size(); ++at) {
        if (part_names.at(at) == name) return static_cast<Part>(at);
    }
    return std::nullopt;
}

std::string format_line(Format format, Level level, UnixMillis at, std::string_view event,
                        std::initializer_list<Field> fields)
{
    std::string line;
    line.reserve(64 + 32 * fields.size());
    if (format == Format::json) {
        line += "{\"time\":\"" + to_iso8601(at) + "\",\"level\":\"";
        line += name_of(level);
        line += "\",\"event\":";
        append_json_string(line, event);
        for (const Field& field : fields) {
            line += ',';
            append_json_string(line, field.key);
            line += ':';
            append_value(line, field, format);
        }
        line += '}';
        return line;
    }

    line += to_iso8601(at);
    line += ' ';
    line += name_of(level);
    line.append(name_of(level).size() < 6 ? 6 - name_of(level).size() : 1, ' ');
    line += event;
    for (const Field& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        append_value(line, field, format);
    }
    return line;
}

bool is_journal(std::string_view variable, std::uint64_t device, std::uint64_t inode)
{
    return variable == std::to_string(device) + ":" + std::to_string(inode);
}

std::string_view journal_prefix(Level level)
{
    return journal_prefixes.at(static_cast<std::size_t>(level));
}

void configure(Level level, Format format)
{
    for (auto& bar : output().levels) bar.store(level, std::memory_order_relaxed);
    output().lowest.store(level, std::memory_order_relaxed);
    output().format.store(format, std::memory_order_relaxed);
}

void set_level(Part part, Level level)
{
    bar_of(part).store(level, std::memory_order_relaxed);
    Level lowest = Level::error;
    for (const auto& bar : output().levels) {
        lowest = std::min(lowest, bar.load(std::memory_order_relaxed));
    }
    output().lowest.store(lowest, std::memory_order_relaxed);
}

Level level_of(Part part) { return bar_of(part).load(std::memory_order_relaxed); }

void write(Level level, std::string_view event, std::initializer_list<Field> fields,
           const Where& where)
{
    if (level < output().lowest.load(std::memory_order_relaxed)) return;
    write(level, event, fields, part_of(where.file_name()));
}

namespace {

void put(Level level, std::string_view event, std::initializer_list<Field> fields)
{
    Output& out = output();
    out.lines_of.at(static_cast<std::size_t>(level)).fetch_add(1, std::memory_order_relaxed);
    std::string line = format_line(out.format.load(std::memory_order_relaxed), level,
                                   read_clock().wall, event, fields);
    if (out.for_journal) line.insert(0, journal_prefix(level));
    out.sink.log(spdlog::level::info, spdlog::string_view_t{line.data(), line.size()});
}

}  // namespace

void write(Level level, std::string_view event, std::initializer_list<Field> fields, Part part)
{
    if (level >= level_of(part)) put(level, event, fields);
}

void record(std::string_view event, std::initializer_list<Field> fields)
{
    put(Level::info, event, fields);
}

std::uint64_t lines(Level level)
{
    return output().lines_of.at(static_cast<std::size_t>(level)).load(std::memory_order_relaxed);
}

std::uint64_t dropped() { return output().lines->dropped(); }

}  // namespace pool::log
