#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// Seen by the kernels' own translation units, which are compiled for processors that the rest of
// the program must not need. So nothing here may leave an inline function behind: no std::array.
namespace pool {

/// Words of a digest or of a SHA-256 state. As numbers; a digest's bytes are these, big-endian.
struct alignas(32) Words8 {
    std::uint32_t word[8];
};

/// A job as the kernels see it (HashPlan makes it). Words are big-endian readings of the bytes.
struct PlanWords {
    Words8 midstate{};                        ///< after the whole blocks before the extranonce
    Words8 previous{};                        ///< hash of the previous block
    std::uint32_t bits = 0;                   ///< as in the header
    std::uint32_t hole = 0;                   ///< where the extranonce begins: byte of block 0
    std::uint32_t hole_bytes = 0;             ///< its length; ends in block 0 or 1
    std::uint32_t blocks = 0;                 ///< of the coinbase from the midstate on, padded
    std::uint32_t branches = 0;               ///< nodes of the merkle branch
    const std::uint32_t* coinbase = nullptr;  ///< 16 words a block
    const std::uint32_t* branch = nullptr;    ///< 8 words a node
};

/// From an extranonce to a merkle root.
struct RootTask {
    const PlanWords* plan = nullptr;
    const std::uint8_t* extranonce = nullptr;  ///< plan->hole_bytes of them
};

/// From a merkle root to the hash of a header. Numbers as miners send them.
struct HeaderTask {
    const PlanWords* plan = nullptr;
    const Words8* root = nullptr;
    std::uint32_t version = 0;
    std::uint32_t time = 0;
    std::uint32_t nonce = 0;
};

/// One way of hashing, for `lanes` tasks at a time. A call costs the same however few they are.
/// count: 1 ..= lanes. Tasks may have plans of different shapes.
struct HeaderKernel {
    std::string_view name;
    std::size_t lanes = 0;
    void (*roots)(const RootTask* tasks, std::size_t count, Words8* out) = nullptr;
    void (*headers)(const HeaderTask* tasks, std::size_t count, Words8* out) = nullptr;
};

/// Plain C++, everywhere: what all others are tested against.
extern const HeaderKernel scalar_kernel;
#if defined(__x86_64__)
extern const HeaderKernel shani_kernel;   ///< SHA extensions, one stream
extern const HeaderKernel shani2_kernel;  ///< two streams interleaved
extern const HeaderKernel avx2_kernel;    ///< eight lanes
extern const HeaderKernel avx512_kernel;  ///< sixteen lanes
#endif

}  // namespace pool
