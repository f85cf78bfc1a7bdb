#include "stratum/first_bytes.h"

#include <algorithm>
#include <array>

namespace stratum {
namespace {

using std::string_view;

constexpr std::array<string_view, 9> http_methods{
    "GET ", "POST ", "HEAD ", "PUT ", "OPTIONS ", "DELETE ", "CONNECT ", "PATCH ", "TRACE "};
constexpr string_view proxy_v1 = "PROXY ";
constexpr string_view proxy_v2{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr string_view blanks = " \t\r\n";
// Of JSON, enough to tell it from random bytes: they look so once in two hundred million times.
constexpr std::size_t json_bytes = 16;

// `{"id":` and the like, blanks between or not; 0: no such thing, or not whole yet. Random bytes
// begin so once in three thousand million times, whatever is behind.
std::size_t first_key_bytes(string_view line)
{
    const auto skip = [line](std::size_t at) {
        return std::min(line.find_first_not_of(blanks, at), line.size());
    };
    const auto is = [line](std::size_t at, char c) { return at < line.size() && line[at] == c; };
    const std::size_t brace = skip(0);
    const std::size_t quote = skip(brace + 1);
    if (!is(brace, '{') || !is(quote, '"')) return 0;
    constexpr string_view letters = "abcdefghijklmnopqrstuvwxyz";
    const std::size_t end = std::min(line.find_first_not_of(letters, quote + 1), line.size());
    const std::size_t colon = skip(end + 1);
    return is(end, '"') && is(colon, ':') ? colon + 1 : 0;
}

bool is_text(char c) { return (c >= 0x20 && c < 0x7f) || blanks.find(c) != string_view::npos; }

enum class Match : std::uint8_t { no, maybe, yes };

Match match(string_view arrived, string_view start)
{
    if (arrived.starts_with(start)) return Match::yes;
    return start.starts_with(arrived) ? Match::maybe : Match::no;
}

// type 22, version 3.0 to 3.4, a length that a ClientHello may have, handshake type 1.
Match match_tls(string_view arrived)
{
    constexpr std::size_t needed = 6;
    const auto byte = [arrived](std::size_t at) { return static_cast<unsigned char>(arrived[at]); };
    const std::size_t size = std::min(arrived.size(), needed);
    if (size > 0 && byte(0) != 0x16) return Match::no;
    if (size > 1 && byte(1) != 3) return Match::no;
    if (size > 2 && byte(2) > 4) return Match::no;
    if (size > 4) {
        const unsigned length = unsigned{byte(3)} << 8U | byte(4);
        if (length < 40 || length > 1U << 14) return Match::no;
    }
    if (size > 5 && byte(5) != 1) return Match::no;
    return size == needed ? Match::yes : Match::maybe;
}

// JSON lines. An array is no request either, but its sender deserves the answer that a JSON error
// gets. Blanks and empty lines may come before the first object.
Match match_v1(string_view arrived)
{
    const bool enough = arrived.size() >= json_bytes;
    arrived = arrived.substr(0, json_bytes);
    // Names, and ids, may be in any alphabet.
    const std::size_t key = first_key_bytes(arrived);
    const string_view words = arrived.substr(0, key > 0 ? key : arrived.size());
    if (!std::all_of(words.begin(), words.end(), is_text)) return Match::no;
    const auto begin = arrived.find_first_not_of(blanks);
    if (begin == string_view::npos) {
        return enough ? Match::yes : Match::maybe;
    }
    if (arrived[begin] != '{' && arrived[begin] != '[') return Match::no;
    if (enough) return Match::yes;
    // A shorter line must look like an object through and through: "{\n" alone is how one in
    // thirty thousand first acts of v2 would begin if it came byte by byte.
    const auto end = arrived.find('\n', begin);
    if (end == string_view::npos) return Match::maybe;
    const string_view line = arrived.substr(begin, end - begin);
    const auto last = line.find_last_not_of(blanks);
    const auto name = line.find_first_not_of(blanks, 1);
    const bool object = line[last] == '}' && name != string_view::npos && line[name] == '"';
    return object ? Match::yes : Match::maybe;
}

}  // namespace

Caller caller_of(string_view arrived)
{
    if (arrived.empty()) return Caller::more;
    bool open = false;
    const auto is = [&open](Match found) {
        open = open || found == Match::maybe;
        return found == Match::yes;
    };
    for (const string_view method : http_methods) {
        if (is(match(arrived, method))) return Caller::http;
    }
    if (is(match(arrived, proxy_v1)) || is(match(arrived, proxy_v2))) return Caller::proxy;
    if (is(match_tls(arrived))) return Caller::tls;
    if (is(match_v1(arrived))) return Caller::stratum_v1;
    if (open) return Caller::more;
    // A line, or two dozen letters, are somebody who speaks another protocol in words.
    const string_view start = arrived.substr(0, first_bytes_max);
    if (!std::all_of(start.begin(), start.end(), is_text)) return Caller::stratum_v2;
    const auto end = start.find('\n', json_bytes);
    const bool whole = start.size() == first_bytes_max || end != string_view::npos;
    return whole ? Caller::nobody : Caller::more;
}

}  // namespace stratum
