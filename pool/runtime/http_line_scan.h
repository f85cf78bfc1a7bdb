#pragma once

#include <string_view>

namespace pool {

/// Line ends of a head, byte by byte. llhttp 8 takes folded headers and some versions a bare CR or
/// LF; a proxy before us may read those otherwise, and what two readers see differently is how
/// requests are smuggled.
class HttpLineScan {
public:
    /// False at a CR without LF, an LF without CR, a NUL, or a line that starts with white space.
    bool take(std::string_view bytes)
    {
        for (const char c : bytes) {
            const bool line_start = previous_ == '\n';
            if ((c == '\n') != (previous_ == '\r') || c == '\0') return false;
            if (line_start && (c == ' ' || c == '\t')) return false;
            previous_ = c;
        }
        return true;
    }

private:
    char previous_ = '\n';
};

}  // namespace pool
