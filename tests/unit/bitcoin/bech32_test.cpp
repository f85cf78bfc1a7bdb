#include "pool/bitcoin/bech32.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "pool/base/bytes.h"

namespace pool {
namespace {

std::string lower(std::string text)
{
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

// The lists of BIP 173 and BIP 350.
TEST(Bech32, DecodesAndEncodesBip173sValidStrings)
{
    for (const char* text :
         {"A12UEL5L", "a12uel5l",
          "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5t"
          "gs",
          "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
          "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc824"
          "7j",
          "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w", "?1ezyfcl"}) {
        const std::optional<Bech32Text> decoded = bech32_decode(text);
        ASSERT_TRUE(decoded.has_value()) << text;
        EXPECT_EQ(decoded->form, Bech32Form::bech32) << text;
        EXPECT_EQ(bech32_encode(decoded->form, decoded->prefix, decoded->digits), lower(text));
    }
}

TEST(Bech32, DecodesAndEncodesBip350sValidStrings)
{
    for (const char* text :
         {"A1LQFN3A", "a1lqfn3a",
          "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7h"
          "g6",
          "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
          "11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllluds"
          "r8",
          "split1checkupstagehandshakeupstreamerranterredcaperredlc445v", "?1v759aa"}) {
        const std::optional<Bech32Text> decoded = bech32_decode(text);
        ASSERT_TRUE(decoded.has_value()) << text;
        EXPECT_EQ(decoded->form, Bech32Form::bech32m) << text;
        EXPECT_EQ(bech32_encode(decoded->form, decoded->prefix, decoded->digits), lower(text));
    }
}

TEST(Bech32, RefusesTheirInvalidStrings)
{
    for (const char* text : {"\x20"
                             "1nwldj5",
                             "\x7f"
                             "1axkwrx",
                             "\x80"
                             "1eym55h",
                             "an84characterslonghumanreadablepartthatcontainsthenumber1andtheexclud"
                             "edcharactersbio1569pvx",
                             "pzry9x0s0muk",
                             "1pzry9x0s0muk",
                             "x1b4n0q5v",
                             "li1dgmt3",
                             "de1lg7wt\xff",
                             "A1G7SGD8",
                             "10a06t8",
                             "1qzzfhee",
                             "\x20"
                             "1xj0phk",
                             "\x7f"
                             "1g6xzxy",
                             "\x80"
                             "1vctc34",
                             "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharacte"
                             "rsbioandnumber11d6pts4",
                             "qyrz8wqd2c9m",
                             "1qyrz8wqd2c9m",
                             "y1b0jsk6g",
                             "lt1igcx5c0",
                             "in1muywd",
                             "mm1crxm3i",
                             "au1s5cgom",
                             "M1VUXWEZ",
                             "16plkw9",
                             "1p2gdwpf"}) {
        EXPECT_FALSE(bech32_decode(text).has_value()) << text;
    }
}

TEST(SegwitAddress, GivesBip350sPrograms)
{
    const std::pair<const char*, const char*> known[]{
        {"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
         "00 751e76e8199196d454941c45d1b3a323f1433bd6"},
        {"tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
         "00 1863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262"},
        {"bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
         "01 751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6"},
        {"BC1SW50QGDZ25J", "10 751e"},
        {"bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "02 751e76e8199196d454941c45d1b3a323"},
        {"tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
         "00 000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"},
        {"tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
         "01 000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"},
        {"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
         "01 79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"},
    };
    for (const auto& [text, expected] : known) {
        const std::optional<WitnessProgram> decoded = segwit_decode(text);
        ASSERT_TRUE(decoded.has_value()) << text;
        EXPECT_EQ(to_hex(Bytes{decoded->version}) + " " + to_hex(decoded->program), expected);
        EXPECT_EQ(segwit_encode(*decoded), lower(text));
    }
}

TEST(SegwitAddress, RefusesBip350sInvalidOnes)
{
    for (const char* text : {
             "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",  // bech32, version 1
             "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
             "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
             "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",  // bech32m, version 0
             "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
             "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",  // a character
             "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",  // version 17
             "bc1pw5dgrnzv",                                                    // one byte
             "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",  // 41
             "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",  // version 0, 16 bytes
             "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",    // mixed case
             "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",  // padding too
                                                                                  // long
             "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",  // padding not zero
             "bc1gmk9yu",                                                       // no data
         }) {
        EXPECT_FALSE(segwit_decode(text).has_value()) << text;
    }
}

// Any one or two wrong characters are found: that is what the checksum is for.
TEST(SegwitAddress, RefusesEveryMistypedCharacter)
{
    const std::string good = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    ASSERT_TRUE(segwit_decode(good).has_value());
    for (std::size_t i = 3; i < good.size(); ++i) {
        for (const char c : std::string_view{"qpzry9x8gf2tvdw0s3jn54khce6mua7l"}) {
            if (c == good[i]) continue;
            std::string bad = good;
            bad[i] = c;
            EXPECT_FALSE(segwit_decode(bad).has_value()) << bad;
        }
    }
}

}  // namespace
}  // namespace pool
