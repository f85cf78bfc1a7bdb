#include "pool/base/base64.h"

#include <cstddef>
#include <cstdint>

namespace pool {
namespace {

constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<Bytes> from_base64(std::string_view text)
{
    if (text.size() % 4 != 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && text.ends_with('=')) {
        text.remove_suffix(1);
        ++padding;
    }
    Bytes out;
    out.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    unsigned held = 0;
    for (const char c : text) {
        const std::size_t value = letters.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xffffffU;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out.push_back(static_cast<std::uint8_t>(bits >> held));
    }
    // Two spellings of the same bytes would be two of the same signature.
    if ((bits & ((1U << held) - 1)) != 0) return std::nullopt;
    return out;
}

std::string to_base64(ByteSpan bytes)
{
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t three = 0;
        for (std::size_t i = 0; i < 3; ++i) {
            three = three << 8 | (at + i < bytes.size() ? bytes[at + i] : 0U);
        }
        for (unsigned i = 0; i < 4; ++i) {
            out.push_back(at + i > bytes.size() ? '=' : letters[three >> (18 - 6 * i) & 63U]);
        }
    }
    return out;
}

}  // namespace pool
