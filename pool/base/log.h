#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "pool/base/time.h"

namespace pool::log {

/// notice: good news that nobody should overlook, a found block.
enum class Level : std::uint8_t { debug, info, notice, warn, error };
enum class Format : std::uint8_t { text, json };

/// A part of the program whose lines have a bar of their own. Named after where its code lies.
enum class Part : std::uint8_t { app, node, share, runtime, stratum, payouts, rpc, other };
inline constexpr std::array<std::string_view, 8> part_names{
    "app", "node", "share", "runtime", "stratum", "payouts", "rpc", "other"};

std::string_view name_of(Level level);
inline std::string_view name_of(Part part) { return part_names.at(static_cast<std::size_t>(part)); }
std::optional<Level> parse_level(std::string_view name);
/// Nothing for what is none, and for "other".
std::optional<Part> parse_part(std::string_view name);

/// Of a source file: the innermost of its folders that is one.
constexpr Part part_of(std::string_view file)
{
    for (std::size_t slash = file.rfind('/'); slash != file.npos; slash = file.rfind('/')) {
        file = file.substr(0, slash);
        const std::size_t before = file.rfind('/');
        const std::string_view folder = before == file.npos ? file : file.substr(before + 1);
        for (std::size_t at = 0; at + 1 < part_names.size(); ++at) {
            if (folder == part_names[at]) return static_cast<Part>(at);
        }
    }
    return Part::other;
}

/// One key and value of a log line. Values are escaped on output: a miner's text can neither end
/// the line nor forge a field.
struct Field {
    std::string_view key;
    std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value;

    Field(std::string_view k, std::string_view v) : key(k), value(v) {}
    Field(std::string_view k, const char* v) : key(k), value(std::string_view{v}) {}
    Field(std::string_view k, bool v) : key(k), value(v) {}
    Field(std::string_view k, double v) : key(k), value(v) {}
    template <typename Integer>
        requires std::is_integral_v<Integer>
    Field(std::string_view k, Integer v) : key(k), value(widen(v))
    {
    }

private:
    template <typename Integer>
    static std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> widen(
        Integer v)
    {
        if constexpr (std::is_signed_v<Integer>)
            return static_cast<std::int64_t>(v);
        else
            return static_cast<std::uint64_t>(v);
    }
};

/// Sets where the bar of all parts is and how lines look. Any thread; the default is info as text
/// on stderr. Lines look so:
///   2026-11-24T21:14:25.582Z info  job_published height=812 clean=true
void configure(Level level, Format format);
/// Sets the bar of one part. Any thread.
void set_level(Part part, Level level);
Level level_of(Part part);

/// The line that `write` would print at that time, without its end. Pure; for tests and for
/// lines that go elsewhere.
std::string format_line(Format format, Level level, UnixMillis at, std::string_view event,
                        std::initializer_list<Field> fields);

/// Lines of a level since the start, those that could not be written too. Any thread.
std::uint64_t lines(Level level);

/// Whether a stream is the one that systemd's journal has given: `variable` is JOURNAL_STREAM,
/// "device:inode" of it in decimal. Then each line begins with its priority, as sd-daemon(3) has it
/// ("<4>"), which the journal takes off again. Pure.
bool is_journal(std::string_view variable, std::uint64_t device, std::uint64_t inode);
std::string_view journal_prefix(Level level);

/// Lines that could not be written, since the start: where they go is full or gone. Any thread.
std::uint64_t dropped();

using Where = std::source_location;

/// `event`: a stable snake_case name to search for, no prose. Any thread.
void write(Level level, std::string_view event, std::initializer_list<Field> fields, Part part);
/// where: is not given; the part of the program whose line it is.
void write(Level level, std::string_view event, std::initializer_list<Field> fields,
           const Where& where = Where::current());

inline void debug(std::string_view event, std::initializer_list<Field> fields = {},
                  const Where& where = Where::current())
{
    write(Level::debug, event, fields, where);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {},
                 const Where& where = Where::current())
{
    write(Level::info, event, fields, where);
}
inline void notice(std::string_view event, std::initializer_list<Field> fields = {},
                   const Where& where = Where::current())
{
    write(Level::notice, event, fields, where);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {},
                 const Where& where = Where::current())
{
    write(Level::warn, event, fields, where);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {},
                  const Where& where = Where::current())
{
    write(Level::error, event, fields, where);
}

}  // namespace pool::log
