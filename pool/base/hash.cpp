#include "pool/base/hash.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "pool/base/bytes.h"

namespace pool {

std::string to_display_hex(const Digest& bytes)
{
    Digest reversed = bytes;
    std::reverse(reversed.begin(), reversed.end());
    return to_hex(reversed);
}

std::optional<Digest> digest_from_display_hex(std::string_view text)
{
    Digest out{};
    if (!hex_into(text, out)) return std::nullopt;
    std::reverse(out.begin(), out.end());
    return out;
}

}  // namespace pool
