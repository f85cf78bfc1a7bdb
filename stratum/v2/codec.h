#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "stratum/v2/fields.h"
#include "stratum/v2/frame.h"
#include "stratum/v2/message_id.h"

/// Messages to bytes and back. Lengths are strict: what does not fit its payload is no message.
/// What follows a message's last field is left alone: extensions put theirs there.
namespace stratum::v2 {

/// Appends fields in wire order. A text or a list longer than its type allows is a bug of ours.
class FieldWriter {
public:
    explicit FieldWriter(std::string& out) : out_(out) {}

    template <std::unsigned_integral T>
    void operator()(T value)
    {
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            out_.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
        }
    }
    void operator()(bool value) { out_.push_back(value ? 1 : 0); }
    void operator()(float value) { (*this)(std::bit_cast<std::uint32_t>(value)); }
    void operator()(const pool::Digest& hash) { raw(hash); }
    void operator()(const pool::Uint256& number) { raw(number.to_le_bytes()); }
    void operator()(const Text& text) { counted<255>(pool::as_bytes(text.value)); }
    void operator()(const Option32& number)
    {
        (*this)(number.has_value());
        if (number) (*this)(*number);
    }
    template <std::size_t max>
    void operator()(const Blob<max>& blob)
    {
        counted<max>(blob.value);
    }
    template <typename T, std::size_t max>
    void operator()(const Sequence<T, max>& sequence)
    {
        count<max>(sequence.values.size());
        for (const T& value : sequence.values) (*this)(value);
    }

private:
    void raw(pool::ByteSpan bytes) { out_.append(bytes.begin(), bytes.end()); }
    template <std::size_t max>
    void count(std::size_t size)
    {
        pool::check(size <= max, "we send nothing longer than its type");
        if constexpr (max <= 255) {
            (*this)(static_cast<std::uint8_t>(size));
        } else {
            (*this)(static_cast<std::uint16_t>(size));
        }
    }
    template <std::size_t max>
    void counted(pool::ByteSpan bytes)
    {
        count<max>(bytes.size());
        raw(bytes);
    }
    std::string& out_;
};

/// Reads fields in wire order; past the end, or at a count that is not allowed, ok() turns false.
class FieldReader {
public:
    explicit FieldReader(pool::ByteSpan payload) : bytes_(payload) {}

    void operator()(std::uint8_t& value) { value = bytes_.u8(); }
    void operator()(std::uint16_t& value) { value = bytes_.u16(); }
    void operator()(std::uint32_t& value) { value = bytes_.u32(); }
    void operator()(std::uint64_t& value) { value = bytes_.u64(); }
    // Only the lowest bit counts, the others mean nothing.
    void operator()(bool& value) { value = (bytes_.u8() & 1) != 0; }
    void operator()(float& value) { value = std::bit_cast<float>(bytes_.u32()); }
    void operator()(pool::Digest& hash);
    void operator()(pool::Uint256& number);
    void operator()(Text& text);
    void operator()(Option32& number);
    template <std::size_t max>
    void operator()(Blob<max>& blob)
    {
        blob.value = bytes_.raw(count<max>());
    }
    template <typename T, std::size_t max>
    void operator()(Sequence<T, max>& sequence)
    {
        // Room is made as values come, never for a count that nothing follows.
        const std::size_t size = count<max>();
        for (std::size_t i = 0; i < size && ok(); ++i) (*this)(sequence.values.emplace_back());
    }

    bool ok() const { return good_ && bytes_.ok(); }
    pool::ByteSpan rest() { return bytes_.raw(bytes_.left()); }

private:
    template <std::size_t max>
    std::size_t count()
    {
        const std::size_t size = max <= 255 ? bytes_.u8() : bytes_.u16();
        if (size > max) good_ = false;
        return size <= max ? size : 0;
    }
    pool::ByteReader bytes_;
    bool good_ = true;
};

/// Appends the whole plain frame of a message.
template <typename Message>
void append_frame(std::string& out, const Message& message)
{
    const std::size_t from = out.size();
    append_header(out, {Message::id.extension, Message::id.channel, Message::id.type, 0});
    FieldWriter writer{out};
    std::apply([&writer](const auto&... field) { (writer(field), ...); }, Message::fields(message));
    const std::size_t length = out.size() - from - frame_header_bytes;
    pool::check(length <= payload_bytes_max, "no message of ours is that long");
    for (std::size_t i = 0; i < 3; ++i) {
        out[from + 3 + i] = static_cast<char>(length >> (8 * i));
    }
}

/// The message of a payload. rest: what follows its last field.
template <typename Message>
std::optional<Message> read_message(pool::ByteSpan payload, pool::ByteSpan* rest = nullptr)
{
    Message message;
    FieldReader reader{payload};
    std::apply([&reader](auto&... field) { (reader(field), ...); }, Message::fields(message));
    if (!reader.ok()) return std::nullopt;
    if (rest != nullptr) *rest = reader.rest();
    return message;
}

}  // namespace stratum::v2
