#include "pool/base/secret_hash.h"

#include <bit>
#include <random>

#include "pool/base/bytes.h"

namespace pool {
namespace {

constexpr std::size_t word_bytes = 8;
constexpr int last_rounds = 3;

struct SipState {
    std::uint64_t a;
    std::uint64_t b;
    std::uint64_t c;
    std::uint64_t d;

    void round()
    {
        a += b;
        c += d;
        b = std::rotl(b, 13) ^ a;
        d = std::rotl(d, 16) ^ c;
        a = std::rotl(a, 32);
        c += b;
        a += d;
        b = std::rotl(b, 17) ^ c;
        d = std::rotl(d, 21) ^ a;
        c = std::rotl(c, 32);
    }
    void take(std::uint64_t word)
    {
        d ^= word;
        round();
        a ^= word;
    }
};

// Of at most eight bytes, the first the lowest.
std::uint64_t word_of(std::span<const std::uint8_t> bytes)
{
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
    return word;
}

SipKey draw()
{
    std::random_device source;
    const auto half = [&source] { return std::uint64_t{source()} << 32U | source(); };
    return {.low = half(), .high = half()};
}

}  // namespace

std::uint64_t sip_hash(const SipKey& key, std::span<const std::uint8_t> bytes)
{
    SipState state{.a = key.low ^ 0x736f6d6570736575U,
                   .b = key.high ^ 0x646f72616e646f6dU,
                   .c = key.low ^ 0x6c7967656e657261U,
                   .d = key.high ^ 0x7465646279746573U};
    const std::uint64_t length = bytes.size();
    for (; bytes.size() >= word_bytes; bytes = bytes.subspan(word_bytes)) {
        state.take(word_of(bytes.first<word_bytes>()));
    }
    state.take(word_of(bytes) | length << 56U);
    state.c ^= 0xff;
    for (int i = 0; i < last_rounds; ++i) state.round();
    return state.a ^ state.b ^ state.c ^ state.d;
}

std::uint64_t secret_hash(std::span<const std::uint8_t> bytes)
{
    static const SipKey drawn = draw();
    return sip_hash(drawn, bytes);
}

std::size_t SecretHash::operator()(std::string_view text) const
{
    return static_cast<std::size_t>(secret_hash(as_bytes(text)));
}

}  // namespace pool
