#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "pool/base/time.h"

namespace pool::log {

enum class Level : std::uint8_t { debug, info, warn, error };
enum class Format : std::uint8_t { text, json };

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

/// Sets where the bar is and how lines look. Call once from main, before threads; the default is
/// info as text on stderr. Lines look so:
///   2026-11-24T21:14:25.582Z info  job_published height=812 clean=true
void configure(Level level, Format format);

/// The line that `write` would print at that time, without its end. Pure; for tests and for
/// lines that go elsewhere.
std::string format_line(Format format, Level level, UnixMillis at, std::string_view event,
                        std::initializer_list<Field> fields);

/// Lines that could not be written, since the start: where they go is full or gone. Any thread.
std::uint64_t dropped();

/// `event`: a stable snake_case name to search for, no prose. Any thread.
void write(Level level, std::string_view event, std::initializer_list<Field> fields);

inline void debug(std::string_view event, std::initializer_list<Field> fields = {})
{
    write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {})
{
    write(Level::info, event, fields);
}
inline void warn(std::string_view event, std::initializer_list<Field> fields = {})
{
    write(Level::warn, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {})
{
    write(Level::error, event, fields);
}

}  // namespace pool::log
