#include "stratum/first_bytes.h"

#include <array>

namespace stratum {

Caller caller_of(std::string_view first_bytes)
{
    if (first_bytes.empty()) return Caller::more;
    // Blanks and empty lines may come before the first object. An array is no request either, but
    // its sender deserves the answer that a JSON error gets.
    constexpr std::string_view json_starts = "{[ \t\r\n";
    if (json_starts.find(first_bytes.front()) != std::string_view::npos) return Caller::stratum;

    constexpr std::array<std::string_view, 4> methods{"GET ", "POST ", "HEAD ", "PUT "};
    for (const std::string_view method : methods) {
        if (first_bytes.starts_with(method)) return Caller::http;
        if (method.starts_with(first_bytes)) return Caller::more;
    }
    return Caller::nobody;
}

}  // namespace stratum
