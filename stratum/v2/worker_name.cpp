#include "stratum/v2/worker_name.h"

namespace stratum::v2 {
namespace {

constexpr std::size_t head_bytes = 5;  // extension (2), field (1), length (2)
constexpr std::size_t name_bytes_max = 32;

std::size_t number(std::uint8_t low, std::uint8_t high) { return low | std::size_t{high} << 8; }

}  // namespace

std::optional<std::string_view> read_worker_name(pool::ByteSpan rest)
{
    while (rest.size() >= head_bytes) {
        const bool little = rest[0] == 2 && rest[1] == 0;
        const bool big = rest[0] == 0 && rest[1] == 2;
        // A field of another extension: in the order that we write.
        const std::size_t length = big ? number(rest[4], rest[3]) : number(rest[3], rest[4]);
        if (length > rest.size() - head_bytes) return std::nullopt;
        const pool::ByteSpan value = rest.subspan(head_bytes, length);
        if ((little || big) && rest[2] == 1) {
            if (length > name_bytes_max) return std::nullopt;
            return std::string_view{reinterpret_cast<const char*>(value.data()), value.size()};
        }
        rest = rest.subspan(head_bytes + length);
    }
    return std::nullopt;
}

}  // namespace stratum::v2
