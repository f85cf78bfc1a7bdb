#include "stratum/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace stratum {
namespace {

using State = ProxyHeader::State;

constexpr std::size_t v2_fixed_bytes = 16;

std::optional<std::uint16_t> port_number(std::string_view digits)
{
    std::uint16_t port = 0;
    const char* const end = digits.data() + digits.size();
    const auto [at, error] = std::from_chars(digits.data(), end, port);
    if (digits.empty() || error != std::errc{} || at != end) return std::nullopt;
    return port;
}

// The next word of a line in which single blanks part words.
std::string_view take_word(std::string_view& line)
{
    const std::size_t blank = line.find(' ');
    const std::string_view word = line.substr(0, blank);
    line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
    return word;
}

ProxyHeader read_v1(std::string_view bytes)
{
    const std::size_t end = bytes.substr(0, proxy_v1_bytes_max).find("\r\n");
    if (end == std::string_view::npos) {
        return {.state = bytes.size() < proxy_v1_bytes_max ? State::more : State::bad};
    }
    ProxyHeader header{.state = State::whole, .length = end + 2};
    std::string_view line = bytes.substr(0, end);
    line.remove_prefix(proxy_v1_start.size());
    const std::string_view family = take_word(line);
    if (family == "UNKNOWN") return header;
    if (family != "TCP4" && family != "TCP6") return {.state = State::bad};

    const auto source = parse_ip(take_word(line));
    const auto destination = parse_ip(take_word(line));
    const auto source_port = port_number(take_word(line));
    const auto destination_port = port_number(take_word(line));
    if (!source || !destination || !source_port || !destination_port || !line.empty()) {
        return {.state = State::bad};
    }
    // A proxy that listens for both families writes IPv4 in its mapped form, as TCP6.
    if (family == "TCP4" && !source->is_v4()) return {.state = State::bad};
    header.source = source;
    header.source_port = *source_port;
    return header;
}

std::uint8_t byte_at(std::string_view bytes, std::size_t at)
{
    return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t big_endian(std::string_view bytes, std::size_t at)
{
    return static_cast<std::uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

ProxyHeader read_v2(std::string_view bytes)
{
    if (bytes.size() < v2_fixed_bytes) return {.state = State::more};
    const std::uint8_t version_command = byte_at(bytes, 12);
    const std::uint8_t family = byte_at(bytes, 13);
    const std::size_t length = v2_fixed_bytes + big_endian(bytes, 14);
    const unsigned command = version_command & 0xfU;
    if (version_command >> 4 != 2 || command > 1 || length > proxy_v2_bytes_max) {
        return {.state = State::bad};
    }
    if (bytes.size() < length) return {.state = State::more};

    ProxyHeader header{.state = State::whole, .length = length};
    if (command == 0) return header;
    const bool v4 = family >> 4 == 1;
    const bool v6 = family >> 4 == 2;
    if (!v4 && !v6) return header;
    const std::size_t address_bytes = v4 ? 4 : 16;
    if (length < v2_fixed_bytes + 2 * address_bytes + 4) return {.state = State::bad};
    IpAddress source;
    if (v4) source.bytes[10] = source.bytes[11] = 0xff;
    std::transform(bytes.begin() + v2_fixed_bytes,
                   bytes.begin() + static_cast<std::ptrdiff_t>(v2_fixed_bytes + address_bytes),
                   source.bytes.end() - static_cast<std::ptrdiff_t>(address_bytes),
                   [](char c) { return static_cast<std::uint8_t>(c); });
    header.source = source;
    header.source_port = big_endian(bytes, v2_fixed_bytes + 2 * address_bytes);
    return header;
}

bool begins_like(std::string_view bytes, std::string_view start)
{
    return bytes.substr(0, start.size()) == start.substr(0, bytes.size());
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes)
{
    if (bytes.size() >= proxy_v1_start.size() && begins_like(bytes, proxy_v1_start)) {
        return read_v1(bytes);
    }
    if (bytes.size() >= proxy_v2_start.size() && begins_like(bytes, proxy_v2_start)) {
        return read_v2(bytes);
    }
    const bool may_be = begins_like(bytes, proxy_v1_start) || begins_like(bytes, proxy_v2_start);
    return {.state = may_be ? State::more : State::bad};
}

}  // namespace stratum
