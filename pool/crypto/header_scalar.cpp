#include "pool/crypto/header_sliced.h"

namespace pool {
namespace {

struct ScalarLane {
    using V = std::uint32_t;
    static constexpr std::size_t width = 1;

    static V all(std::uint32_t x) { return x; }
    static V add(V a, V b) { return a + b; }
    template <int bits>
    static V rotr(V x)
    {
        return lanes::rotated(x, bits);
    }
    template <int bits>
    static V shr(V x)
    {
        return x >> bits;
    }
    static V xor_3(V a, V b, V c) { return a ^ b ^ c; }
    static V choose(V e, V f, V g) { return g ^ (e & (f ^ g)); }
    static V majority(V a, V b, V c) { return (a & b) | (c & (a | b)); }
    static V select(std::uint32_t live, V next, V old) { return live != 0 ? next : old; }

    static void load_8(const std::uint32_t* const* rows, V* out)
    {
        for (int i = 0; i < 8; ++i) out[i] = rows[0][i];
    }
    static void load_16(const std::uint32_t* const* rows, V* out)
    {
        // Blocks are whole, but the analyzer can't follow an extranonce into them.
        // NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign)
        for (int i = 0; i < 16; ++i) out[i] = rows[0][i];
    }
    static void store_8(const V* in, Words8* out, std::size_t)
    {
        for (int i = 0; i < 8; ++i) out->word[i] = in[i];
    }
    static void leave() {}
};

using Engine = lanes::Sliced<ScalarLane>;

void roots(const RootTask* tasks, std::size_t count, Words8* out)
{
    lanes::roots<Engine>(tasks, count, out);
}

void headers(const HeaderTask* tasks, std::size_t count, Words8* out)
{
    lanes::headers<Engine>(tasks, count, out);
}

}  // namespace

extern const HeaderKernel scalar_kernel{"scalar", Engine::lanes, roots, headers};

}  // namespace pool
