#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pool/base/bytes.h"

namespace pool {

/// The two checksums: BIP 173's for witness version 0, BIP 350's for all later ones.
enum class Bech32Form : std::uint8_t { bech32, bech32m };

struct Bech32Text {
    Bech32Form form = Bech32Form::bech32;
    std::string prefix;  ///< human-readable part, lower case
    Bytes digits;        ///< five bits each, without the checksum
};

/// Lower case. digits: below 32 each (checked).
std::string bech32_encode(Bech32Form form, std::string_view prefix, ByteSpan digits);
/// Nothing for mixed case, a wrong checksum or character, or more than 90 characters.
std::optional<Bech32Text> bech32_decode(std::string_view text);

/// What a segwit address says: the chain's prefix and the witness program.
struct WitnessProgram {
    std::string prefix;
    std::uint8_t version = 0;  ///< 0 ..= 16
    Bytes program;             ///< 2 ..= 40 bytes; 20 or 32 for version 0
};

std::string segwit_encode(const WitnessProgram& program);
/// Nothing when it is no segwit address by BIP 173 and BIP 350, whatever its prefix.
std::optional<WitnessProgram> segwit_decode(std::string_view text);

}  // namespace pool
