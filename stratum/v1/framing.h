#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace stratum::v1 {

/// Cuts a byte stream into lines: '\n' ends one, a '\r' before it and blanks around it are dropped,
/// empty lines are skipped. Holds at most one unfinished line.
///
///     reader.feed(bytes);
///     while (const auto line = reader.next(max)) { … }
///     if (reader.too_long()) close
///
/// `bytes` given to feed() must stay valid until next() has returned nothing.
class LineReader {
public:
    /// Once for every piece that arrives, after the last one is used up (checked).
    void feed(std::span<const std::uint8_t> bytes);
    /// The next whole line, not longer than line_max bytes with its blanks; valid until the next
    /// call. Nothing when there is none, or when the next one is longer than that.
    std::optional<std::string_view> next(std::size_t line_max);
    /// True when next() stopped at a line that is longer than line_max, ended or not.
    bool too_long() const { return too_long_; }
    /// True when a line has begun and not ended.
    bool unfinished() const { return !held_.empty(); }
    /// How many empty lines were skipped since the last call.
    std::size_t take_skipped() { return std::exchange(skipped_, 0); }

private:
    std::optional<std::string_view> take_line(std::size_t line_max);

    std::string held_;        // the beginning of a line, from earlier pieces
    std::string line_;        // a whole line that came in several pieces
    std::string_view fresh_;  // what is left of this piece
    std::size_t skipped_ = 0;
    bool too_long_ = false;
};

}  // namespace stratum::v1
