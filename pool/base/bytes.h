#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pool {

using Bytes = std::vector<std::uint8_t>;
using ByteSpan = std::span<const std::uint8_t>;

/// Lower-case hex, two digits a byte, in memory order.
std::string to_hex(ByteSpan bytes);
/// Appends to `out`: for lines that are built in place.
void append_hex(std::string& out, ByteSpan bytes);

/// Either case; nothing for an odd count or any other character. An empty text gives no bytes.
std::optional<Bytes> from_hex(std::string_view text);
/// Exactly out.size() bytes from 2 * out.size() digits into `out`; false otherwise.
[[nodiscard]] bool hex_into(std::string_view text, std::span<std::uint8_t> out);

/// Appends numbers and bytes, little-endian unless the name says otherwise. No bound: the caller
/// writes what it has made.
class ByteWriter {
public:
    void u8(std::uint8_t value) { bytes_.push_back(value); }
    void u16(std::uint16_t value);
    void u32(std::uint32_t value);
    void u64(std::uint64_t value);
    void raw(ByteSpan bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    void compact_size(std::uint64_t value);  ///< Bitcoin's variable-length integer, shortest form
    std::size_t size() const { return bytes_.size(); }
    const Bytes& bytes() const { return bytes_; }
    Bytes take() { return std::move(bytes_); }

private:
    Bytes bytes_;
};

/// Reads what a ByteWriter wrote. Past the end every read gives zero and `ok()` turns false for
/// good: read all fields, then ask once.
class ByteReader {
public:
    explicit ByteReader(ByteSpan bytes) : bytes_(bytes) {}
    std::uint8_t u8();
    std::uint16_t u16();
    std::uint32_t u32();
    std::uint64_t u64();
    std::uint64_t compact_size();  ///< refuses a form longer than needed
    ByteSpan raw(std::size_t count);
    std::size_t left() const { return bytes_.size() - at_; }
    bool ok() const { return ok_; }

private:
    ByteSpan bytes_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

inline ByteSpan as_bytes(std::string_view text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace pool
