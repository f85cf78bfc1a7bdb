// Vectors: BIP 322 (its own, and those of its reference implementation); the rest is made here.
#include "pool/bitcoin/message_signature.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "pool/base/base64.h"
#include "pool/bitcoin/address.h"

namespace tests {
namespace {

using pool::Error;

constexpr const char* segwit = "bc1q9vza2e8x573nczrlzms0wvx3gsqjx7vavgkx0l";
constexpr const char* hello_signature =
    "AkcwRAIgZRfIY3p7/DoVTty6YZbWS71bc5Vct9p9Fia83eRmw2QCICK/ENGfwLtptFluMGs2KsqoNSk89pO7F29zJLUx9a"
    "/sASECx/EgAxlkQpQ9hYjgGu6EBCPMVPwVIVJqO4XCsMvViHI=";

pool::Script script_of(const char* address)
{
    const auto parsed = pool::parse_address(address, pool::Chain::main);
    EXPECT_TRUE(parsed.has_value()) << address;
    return parsed ? parsed->script : pool::Script{};
}

bool verifies(const char* address, const std::string& message, const std::string& signature)
{
    return pool::verify_message(script_of(address), message, signature).has_value();
}

TEST(MessageSignature, CommitsToTheTransactionOfBip322)
{
    EXPECT_EQ(pool::to_display_hex(pool::bip322_spent_id(script_of(segwit), "")),
              "c5680aa69bb8d860bf82d4e9cd3504b55dde018de765a91bb566283c545a99a7");
    EXPECT_EQ(pool::to_display_hex(pool::bip322_spent_id(script_of(segwit), "Hello World")),
              "b79d196740ad5217771c1098fc4a4b51e0535c32236c71f1ea4d61a2d603352b");
}

TEST(MessageSignature, OfASegwitAddressVerifies)
{
    for (const char* signature :
         {"AkcwRAIgM2gBAQqvZX15ZiysmKmQpDrG83avLIT492QBzLnQIxYCIBaTpOaD20qRlEylyxFSeEA2ba9YOixpX8z4"
          "6TSDtS40ASECx/EgAxlkQpQ9hYjgGu6EBCPMVPwVIVJqO4XCsMvViHI=",
          "AkgwRQIhAPkJ1Q4oYS0htvyuSFHLxRQpFAY56b70UvE7Dxazen0ZAiAtZfFz1S6T6I23MWI2lK/pcNTWncuyL8UL"
          "+oMdydVgzAEhAsfxIAMZZEKUPYWI4BruhAQjzFT8FSFSajuFwrDL1Yhy"}) {
        EXPECT_TRUE(verifies(segwit, "", signature));
        EXPECT_FALSE(verifies(segwit, "Hello World", signature));
    }
    for (const char* signature :
         {hello_signature,
          "AkgwRQIhAOzyynlqt93lOKJr+wmmxIens//zPzl9tqIOua93wO6MAiBi5n5EyAcPScOjf1lAqIUIQtr3zKNeavYa"
          "bHyR8eGhowEhAsfxIAMZZEKUPYWI4BruhAQjzFT8FSFSajuFwrDL1Yhy"}) {
        EXPECT_TRUE(verifies(segwit, "Hello World", signature));
        EXPECT_FALSE(verifies(segwit, "Hello World ", signature));
    }
}

TEST(MessageSignature, OfATaprootKeyPathAndOfAWrappedSegwitAddressVerifies)
{
    const std::string taproot =
        "AUHd69PrJQEv+oKTfZ8l+WROBHuy9HKrbFCJu7U1iK2iiEy1vMU5EfMtjc+VSHM7aU0SDbak5IUZRVno2P5mjSafAQ"
        "==";
    const char* const taproot_address =
        "bc1ppv609nr0vr25u07u95waq5lucwfm6tde4nydujnu8npg4q75mr5sxq8lt3";
    EXPECT_TRUE(verifies(taproot_address, "Hello World", taproot));
    EXPECT_FALSE(verifies(taproot_address, "Hello world", taproot));
    const std::string wrapped =
        "AkgwRQIhAMd2wZSY3x0V9Kr/NClochoTXcgDaGl3OObOR17yx3QQAiBVWxqNSS+CKen7bmJTG6YfJjsggQ4Fa2RHKg"
        "BKrdQQ+gEhAxa5UDdQCHSQHfKQv14ybcYm1C9y6b12xAuukWzSnS+w";
    EXPECT_TRUE(verifies("3HSVzEhCFuH9Z3wvoWTexy7BMVVp3PjS6f", "Hello World", wrapped));
    EXPECT_FALSE(verifies("3HSVzEhCFuH9Z3wvoWTexy7BMVVp3PjS6f", "Hello Worlds", wrapped));
}

TEST(MessageSignature, OfAnotherAddressIsRefused)
{
    EXPECT_FALSE(
        verifies("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "Hello World", hello_signature));
    EXPECT_FALSE(verifies("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "Hello World", hello_signature));
}

// One bit anywhere, a witness of another shape, SIGHASH_NONE: all of it is refused, nothing reads
// past the end.
TEST(MessageSignature, AlteredAnywhereIsRefused)
{
    const auto good = pool::from_base64(hello_signature);
    ASSERT_TRUE(good.has_value());
    for (std::size_t byte = 0; byte < good->size(); ++byte) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            pool::Bytes altered = *good;
            altered[byte] ^= static_cast<std::uint8_t>(1U << bit);
            EXPECT_FALSE(verifies(segwit, "Hello World", pool::to_base64(altered)))
                << byte << " " << bit;
        }
        const pool::Bytes cut(good->begin(), good->begin() + static_cast<std::ptrdiff_t>(byte));
        EXPECT_FALSE(verifies(segwit, "Hello World", pool::to_base64(cut))) << byte;
    }
    pool::Bytes longer = *good;
    longer.push_back(0);
    EXPECT_FALSE(verifies(segwit, "Hello World", pool::to_base64(longer)));
    EXPECT_FALSE(verifies(segwit, "Hello World", std::string(10'000, 'A')));
}

TEST(MessageSignature, OfAScriptHashCannotBeCheckedAndSaysSo)
{
    const auto script = script_of("bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3");
    EXPECT_EQ(pool::message_format(script), pool::MessageFormat::none);
    const auto answer = pool::verify_message(script, "Hello World", hello_signature);
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code, Error::Code::refused);
}

}  // namespace
}  // namespace tests
