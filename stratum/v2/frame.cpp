#include "stratum/v2/frame.h"

#include <algorithm>

#include "pool/base/release_memory.h"

namespace stratum::v2 {
namespace {

constexpr std::uint16_t channel_bit = 0x8000;
constexpr std::size_t kept_bytes = 4096;

}  // namespace

FrameHeader read_header(std::span<const std::uint8_t, frame_header_bytes> bytes)
{
    const auto extension = static_cast<std::uint16_t>(bytes[0] | bytes[1] << 8);
    return {.extension = static_cast<std::uint16_t>(extension & ~channel_bit),
            .channel = (extension & channel_bit) != 0,
            .type = bytes[2],
            .length = static_cast<std::uint32_t>(bytes[3] | bytes[4] << 8 | bytes[5] << 16)};
}

void append_header(std::string& out, const FrameHeader& header)
{
    const auto byte = [&out](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
    byte(header.extension & 0xff);
    byte((header.extension >> 8) | (header.channel ? 0x80 : 0));
    byte(header.type);
    byte(header.length & 0xff);
    byte(header.length >> 8 & 0xff);
    byte(header.length >> 16 & 0xff);
}

void seal_frame(Cipher& cipher, pool::ByteSpan frame, std::string& out)
{
    CipherRun run{cipher, 2};
    run.seal(frame.first(frame_header_bytes), out);
    pool::ByteSpan left = frame.subspan(frame_header_bytes);
    while (!left.empty()) {
        const pool::ByteSpan piece = left.first(std::min(left.size(), noise_piece_bytes));
        run.seal(piece, out);
        left = left.subspan(piece.size());
    }
}

void FrameReader::feed(pool::ByteSpan bytes)
{
    forget_used();
    if (trouble_ == Trouble::none) buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void FrameReader::forget_used()
{
    if (at_ == 0) return;
    if (at_ == buffer_.size()) {
        if (buffer_.capacity() > kept_bytes) pool::release_memory(buffer_);
        buffer_.clear();
    } else {
        buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    }
    at_ = 0;
}

std::optional<FrameReader::Frame> FrameReader::next(CipherRun& run, std::uint32_t payload_max)
{
    if (trouble_ != Trouble::none) return std::nullopt;
    if (!header_) {
        if (buffer_.size() - at_ < sealed_header_bytes) {
            forget_used();
            return std::nullopt;
        }
        const auto sealed = std::span{buffer_}.subspan(at_, sealed_header_bytes);
        if (!run.open(sealed)) {
            trouble_ = Trouble::damaged;
            return std::nullopt;
        }
        header_ = read_header(sealed.first<frame_header_bytes>());
        at_ += sealed_header_bytes;
        if (header_->length > payload_max) {
            trouble_ = Trouble::too_long;
            return std::nullopt;
        }
    }
    if (buffer_.size() - at_ < sealed_payload_bytes(header_->length)) {
        forget_used();
        return std::nullopt;
    }
    const FrameHeader header = *header_;
    header_.reset();
    return open_payload(run, header);
}

// Opens piece after piece in place and moves each up to the end of the one before.
std::optional<FrameReader::Frame> FrameReader::open_payload(CipherRun& run,
                                                            const FrameHeader& header)
{
    const auto sealed = std::span{buffer_}.subspan(at_, sealed_payload_bytes(header.length));
    std::size_t read = 0;
    std::size_t plain = 0;
    while (plain < header.length) {
        const std::size_t size = std::min<std::size_t>(header.length - plain, noise_piece_bytes);
        const auto piece = sealed.subspan(read, size + tag_bytes);
        if (!run.open(piece)) {
            trouble_ = Trouble::damaged;
            return std::nullopt;
        }
        if (read != plain)
            std::copy_n(piece.begin(), size, sealed.begin() + static_cast<std::ptrdiff_t>(plain));
        read += size + tag_bytes;
        plain += size;
    }
    at_ += sealed.size();
    return Frame{header, sealed.first(header.length)};
}

}  // namespace stratum::v2
