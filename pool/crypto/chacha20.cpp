// The four rows of a block in four vectors; a vector has a row of as many blocks as it is wide, and
// as many sets of them are computed side by side as are needed to fill the time that each waits for
// itself. Vectors are the compiler's own: what it makes of them depends on the function's target.
#include "pool/crypto/chacha20.h"

#include <cstring>
#include <vector>

#include "pool/base/result.h"
#include "pool/crypto/cpu.h"

namespace pool {
namespace {

#if defined(__x86_64__)

constexpr std::size_t row_words = 4;
constexpr std::size_t row_bytes = 16;
constexpr std::size_t block_bytes = 64;

template <std::size_t words>
struct VectorOf;
template <>
struct VectorOf<8> {
    using Type [[gnu::vector_size(32)]] = std::uint32_t;
};
template <>
struct VectorOf<16> {
    using Type [[gnu::vector_size(64)]] = std::uint32_t;
};

template <std::size_t words>
struct Rows {
    using V = typename VectorOf<words>::Type;
    V a, b, c, d;

    template <int bits>
    [[gnu::always_inline]] static void rotate(V& x)
    {
        x = (x << bits) | (x >> (32 - bits));
    }
    // Each row of four words by so many places.
    template <int by>
    [[gnu::always_inline]] static void turn(V& x)
    {
        constexpr int i = by;
        constexpr int j = (by + 1) % 4;
        constexpr int k = (by + 2) % 4;
        constexpr int l = (by + 3) % 4;
        if constexpr (words == 8) {
            x = __builtin_shufflevector(x, x, i, j, k, l, 4 + i, 4 + j, 4 + k, 4 + l);
        } else {
            x = __builtin_shufflevector(x, x, i, j, k, l, 4 + i, 4 + j, 4 + k, 4 + l, 8 + i, 8 + j,
                                        8 + k, 8 + l, 12 + i, 12 + j, 12 + k, 12 + l);
        }
    }
    template <int by>
    [[gnu::always_inline]] void turn_all()
    {
        turn<by>(b);
        turn<2>(c);
        turn<4 - by>(d);
    }
    template <int first, int second>
    [[gnu::always_inline]] void half_of_quarter_round()
    {
        a += b;
        d ^= a;
        rotate<first>(d);
        c += d;
        b ^= c;
        rotate<second>(b);
    }
};

template <std::size_t words>
[[gnu::always_inline]] inline Rows<words> begin(const std::uint32_t* key, std::uint64_t first)
{
    constexpr std::uint32_t constants[row_words] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    Rows<words> rows;
    for (std::size_t block = 0; block < words / row_words; ++block) {
        const std::uint64_t count = first + block / 2;
        const std::uint32_t last[row_words] = {static_cast<std::uint32_t>(block % 2), 0,
                                               static_cast<std::uint32_t>(count),
                                               static_cast<std::uint32_t>(count >> 32)};
        for (std::size_t i = 0; i < row_words; ++i) {
            const std::size_t at = block * row_words + i;
            rows.a[at] = constants[i];
            rows.b[at] = key[i];
            rows.c[at] = key[row_words + i];
            rows.d[at] = last[i];
        }
    }
    return rows;
}

template <std::size_t words, typename V>
[[gnu::always_inline]] inline void store(const V& row, std::size_t place, Keystream* out)
{
    std::uint32_t word[words];
    std::memcpy(word, &row, sizeof word);
    for (std::size_t block = 0; block < words / row_words; ++block) {
        std::uint8_t* const to =
            out[block / 2].data() + block % 2 * block_bytes + place * row_bytes;
        std::memcpy(to, word + block * row_words, row_bytes);
    }
}

template <std::size_t words, std::size_t sets>
[[gnu::always_inline]] inline void make(const Digest& key, std::uint64_t first, Keystream* out)
{
    constexpr std::size_t nonces = words / row_words / 2;  // of a set
    std::uint32_t key_words[2 * row_words];
    std::memcpy(key_words, key.data(), sizeof key_words);
    Rows<words> before[sets];
    for (std::size_t i = 0; i < sets; ++i) before[i] = begin<words>(key_words, first + i * nonces);
    Rows<words> now[sets];
    for (std::size_t i = 0; i < sets; ++i) now[i] = before[i];
    for (int round = 0; round < 20; round += 2) {
        for (auto& set : now) set.template half_of_quarter_round<16, 12>();
        for (auto& set : now) set.template half_of_quarter_round<8, 7>();
        for (auto& set : now) set.template turn_all<1>();  // columns to diagonals
        for (auto& set : now) set.template half_of_quarter_round<16, 12>();
        for (auto& set : now) set.template half_of_quarter_round<8, 7>();
        for (auto& set : now) set.template turn_all<3>();
    }
    for (std::size_t i = 0; i < sets; ++i) {
        Keystream* const to = out + i * nonces;
        store<words>(now[i].a + before[i].a, 0, to);
        store<words>(now[i].b + before[i].b, 1, to);
        store<words>(now[i].c + before[i].c, 2, to);
        store<words>(now[i].d + before[i].d, 3, to);
    }
}

[[gnu::target("avx2")]] void two_avx2(const Digest& key, std::uint64_t first, Keystream* out)
{
    make<8, 2>(key, first, out);
}
[[gnu::target("avx2")]] void four_avx2(const Digest& key, std::uint64_t first, Keystream* out)
{
    make<8, 4>(key, first, out);
}
[[gnu::target("avx512f,avx512vl")]] void two_avx512(const Digest& key, std::uint64_t first,
                                                    Keystream* out)
{
    make<16, 1>(key, first, out);
}
[[gnu::target("avx512f,avx512vl")]] void four_avx512(const Digest& key, std::uint64_t first,
                                                     Keystream* out)
{
    make<16, 2>(key, first, out);
}

#endif

std::vector<KeystreamKernel> those_it_bears()
{
    std::vector<KeystreamKernel> kernels;
#if defined(__x86_64__)
    const CpuFeatures cpu = cpu_features();
    if (cpu.avx512) kernels.push_back({"avx512", two_avx512, four_avx512});
    if (cpu.avx2) kernels.push_back({"avx2", two_avx2, four_avx2});
#endif
    return kernels;
}

}  // namespace

std::span<const KeystreamKernel> keystream_kernels()
{
    static const std::vector<KeystreamKernel> kernels = those_it_bears();
    return kernels;
}

bool has_fast_keystreams() { return !keystream_kernels().empty(); }

void keystreams(const Digest& key, std::uint64_t first, std::span<Keystream> out)
{
    check(has_fast_keystreams() && out.size() % 2 == 0, "the caller has asked, and for pairs");
    const KeystreamKernel& use = keystream_kernels().front();
    while (out.size() >= 4) {
        use.four(key, first, out.data());
        first += 4;
        out = out.subspan(4);
    }
    if (!out.empty()) use.two(key, first, out.data());
}

}  // namespace pool
