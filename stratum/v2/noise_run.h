#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "pool/base/bytes.h"
#include "pool/crypto/chacha20.h"
#include "stratum/v2/noise.h"

namespace stratum::v2 {

/// Seals or opens messages of one cipher one after the other, as the cipher itself does without
/// associated data, byte for byte. A frame is two messages, most of them short, and each costs
/// ChaCha20 two blocks: where the processor can, those of up to four messages are made at once.
/// Long messages, and all of them on other processors, are libsodium's.
///
/// For the length of one call: the cipher must outlive it, and be used by nobody else meanwhile.
class CipherRun {
public:
    /// messages: how many are expected, so that none are made for nothing; more are fine.
    CipherRun(Cipher& cipher, std::size_t messages) : cipher_(cipher), expected_(messages) {}
    ~CipherRun();
    CipherRun(const CipherRun&) = delete;
    CipherRun& operator=(const CipherRun&) = delete;

    /// Appends `plain` sealed, and its tag, to `out`.
    void seal(pool::ByteSpan plain, std::string& out);
    /// As Cipher::open().
    [[nodiscard]] bool open(std::span<std::uint8_t> sealed);

private:
    const pool::Keystream* stream_for(std::size_t text_bytes);

    Cipher& cipher_;
    std::size_t expected_;
    std::uint64_t first_ = 0;  // nonce of streams_[0]
    std::size_t made_ = 0;     // of streams_
    std::array<pool::Keystream, 4> streams_;
};

}  // namespace stratum::v2
