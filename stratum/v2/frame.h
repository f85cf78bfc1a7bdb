#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "pool/base/bytes.h"
#include "stratum/v2/noise.h"
#include "stratum/v2/noise_run.h"

/// Frames of Stratum v2 (specification, 3.2) and how they travel once the handshake is done
/// (4.6): the header sealed by itself, then the payload in pieces, each with a tag of its own.
namespace stratum::v2 {

inline constexpr std::size_t frame_header_bytes = 6;
inline constexpr std::size_t sealed_header_bytes = frame_header_bytes + tag_bytes;
inline constexpr std::size_t noise_piece_bytes = 65519;  ///< of plain text
inline constexpr std::uint32_t payload_bytes_max = (1U << 24) - 1;

struct FrameHeader {
    std::uint16_t extension = 0;  ///< without the channel bit
    bool channel = false;         ///< the payload begins with a channel's number
    std::uint8_t type = 0;
    std::uint32_t length = 0;  ///< of the plain payload
    friend bool operator==(const FrameHeader&, const FrameHeader&) = default;
};

FrameHeader read_header(std::span<const std::uint8_t, frame_header_bytes> bytes);
void append_header(std::string& out, const FrameHeader& header);

/// The payload's size on the wire: none for none.
constexpr std::size_t sealed_payload_bytes(std::size_t plain)
{
    return plain + tag_bytes * ((plain + noise_piece_bytes - 1) / noise_piece_bytes);
}

/// Seals one plain frame (header and payload) behind what `out` holds.
void seal_frame(Cipher& cipher, pool::ByteSpan frame, std::string& out);

/// How many sealed messages these many bytes of short frames are: for a CipherRun.
constexpr std::size_t messages_within(std::size_t bytes)
{
    constexpr std::size_t share = sealed_header_bytes + 24 + tag_bytes;
    return 2 * ((bytes + share - 1) / share);
}

/// Cuts an encrypted stream into frames and opens them. Holds 4 KiB at most between frames.
class FrameReader {
public:
    struct Frame {
        FrameHeader header;
        pool::ByteSpan payload;  ///< until the next call
    };
    enum class Trouble : std::uint8_t {
        none,
        too_long,  ///< announces more than is accepted: nothing is read of it
        damaged,   ///< was not sealed by the other side: the stream is lost
    };

    void feed(pool::ByteSpan bytes);
    /// Nothing when more bytes are needed, or after trouble. payload_max: of the plain payload.
    std::optional<Frame> next(CipherRun& run, std::uint32_t payload_max);
    Trouble trouble() const { return trouble_; }
    /// A frame has begun and is not whole.
    bool unfinished() const { return header_.has_value() || at_ < buffer_.size(); }

private:
    std::optional<Frame> open_payload(CipherRun& run, const FrameHeader& header);
    void forget_used();

    pool::Bytes buffer_;
    std::size_t at_ = 0;  // of buffer_: where the unread part begins
    std::optional<FrameHeader> header_;
    Trouble trouble_ = Trouble::none;
};

}  // namespace stratum::v2
