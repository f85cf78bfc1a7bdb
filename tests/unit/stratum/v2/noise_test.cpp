// The handshake of Stratum v2, byte for byte against a vector made by two independent programs (in
// C and in Python), and what a stranger's bytes do to it.
#include "stratum/v2/noise.h"

#include <algorithm>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace stratum::v2 {
namespace {

std::array<std::uint8_t, 32> filled(std::uint8_t value)
{
    std::array<std::uint8_t, 32> out{};
    out.fill(value);
    return out;
}

std::string hex(std::string_view bytes) { return pool::to_hex(pool::as_bytes(bytes)); }

template <std::size_t size>
std::array<std::uint8_t, size> bytes_of(std::string_view digits)
{
    std::array<std::uint8_t, size> out{};
    EXPECT_TRUE(pool::hex_into(digits, out));
    return out;
}

constexpr std::string_view initiator_encoded =
    "44c7011f425c93b287fec7404f56555e24a9dfde0ccacd252dee41095b35d42d792466cc22bfc649116e547f"
    "d4f941832a23af0bd3894fb06a09328642680513";
constexpr std::string_view responder_encoded =
    "2e98133b8363177b2f217e935ca97b44e90bef5653abf1b1a4225f71e5503a4a85dead60b2453f088944084b"
    "cd2785fff2e9646f9bbbaf9190e78fac5114c93a";
constexpr std::string_view static_encoded =
    "4efa1651ec8bc3391578c277be31f7a3f0cde60d972d300964773869e48f5846368794f8b3d6e1d49cf51316"
    "e76d164196d3e29fe0d7347556861dfa629af5ec";
constexpr std::string_view sealed_static =
    "d36ab43973fdec391edf1b52ef1d53ea8dc6df16ccac1b6faed7bfa0dc942f3e28fca63faf8489cb08144d1d"
    "583600833da9e1a007c496d87d06711f03b5fe95c08f8b0110f20b24266e660ec9a74fb2";
constexpr std::string_view certificate_signature =
    "18b60ef260d715a31543f588cf0516e1ece53d0fceff99f579c6343d615559d15e36a730b74b18b0ff912933"
    "9f42553c8b627f6750d5403849c0b8a4b1006b86";
constexpr std::string_view sealed_certificate =
    "00622b3f1b79d449959f52e9db09f39c85feda9b1b56a0560df7d9c3648375ca55a50b6456bbf4f4901a7d9c"
    "6cd2ccc712d455dd8b8d0a5dce85b15cae2631836adb0ce0e2c695c82c24339384478270af84bf62b696bc90"
    "9b7e";
constexpr std::string_view setup_payload =
    "000200020000000000093132372e302e302e31050d0441636d65036877310366773100";
constexpr std::string_view setup_frame =
    "e6c407f7fbc6ce21a8b4f6cdee1cc656c8f8ca5ca9a0575904416f8375abfe47d438fb53650ba170212da62e"
    "92d5ff9e57841f3aeafa05c0b22351d00064a3a5aa1622a7724029a1e5";
constexpr std::string_view success_frame =
    "04bb67912c16f58bae07505113184258ada92be486843e253bfaa67dc95f532ea7ddb1eb23ffa5e2b494b148";
constexpr std::string_view authority_text = "9bAUA4iZy1qdLRo8JPMzicV474PxrPmq4Gh8Y4NVx17jBUSY263";

// Secrets 01*32 (initiator), 02*32 (responder), 03*32 (static), 04*32 (authority), no randomness.
class NoiseVector : public ::testing::Test {
protected:
    EllSwiftPair pair(std::uint8_t fill) const
    {
        return curve.pair_of(SecretKey{filled(fill)}, std::nullopt).value();
    }
    Identity identity() const
    {
        Identity made{pair(3), {}, curve.x_only(SecretKey{filled(4)}).value()};
        made.certificate =
            sign_certificate(curve, SecretKey{filled(4)}, curve.x_only(made.key.encoded),
                             {1'700'000'000}, {1'731'536'000}, std::nullopt)
                .value();
        return made;
    }
    Initiator::Wish wish() const { return {identity().authority, {1'700'000'100}}; }

    Curve curve;
};

TEST_F(NoiseVector, EncodesTheKeysAsTheVectorSays)
{
    EXPECT_EQ(pool::to_hex(pair(1).encoded), initiator_encoded);
    EXPECT_EQ(pool::to_hex(pair(2).encoded), responder_encoded);
    EXPECT_EQ(pool::to_hex(pair(3).encoded), static_encoded);
    EXPECT_EQ(pool::to_hex(curve.x_only(pair(3).encoded)),
              "531fe6068134503d2723133227c867ac8fa6c83c537e9a44c3c5bdbdcb1fe337");
}

TEST_F(NoiseVector, SignsTheCertificateAsTheVectorSays)
{
    const Certificate certificate = identity().certificate;
    EXPECT_EQ(pool::to_hex(certificate.signature), certificate_signature);
    EXPECT_EQ(pool::to_hex(certificate.to_bytes()),
              "000000f1536580243567" + std::string{certificate_signature});
}

TEST_F(NoiseVector, AnswersActOneByteForByte)
{
    const auto act1 = bytes_of<act1_bytes>(initiator_encoded);
    const HandshakeReply reply = respond(curve, identity(), pair(2), act1);

    std::string expected{responder_encoded};
    expected += sealed_static;
    expected += sealed_certificate;
    EXPECT_EQ(pool::to_hex(reply.act2), expected);
    EXPECT_EQ(pool::to_hex(reply.ciphers.receive.key()),
              "79f43093f22d0cf5183b89a76f10a0483617b0a3cd0ea896cdc7a02b80c5366a");
    EXPECT_EQ(pool::to_hex(reply.ciphers.send.key()),
              "b405c0daf78527471f58b66ce967534d50b15c2e25ef10b861430ff0098ae00b");
}

TEST_F(NoiseVector, SealsAndOpensTheFirstFramesByteForByte)
{
    HandshakeReply pool_side =
        respond(curve, identity(), pair(2), bytes_of<act1_bytes>(initiator_encoded));
    Initiator miner{curve, pair(1)};
    auto miner_side = miner.finish(pool_side.act2, wish());
    ASSERT_TRUE(miner_side.has_value()) << miner_side.error().detail;

    std::string sent;
    miner_side->send.seal(pool::from_hex("000000230000").value(), {}, sent);
    miner_side->send.seal(pool::from_hex(setup_payload).value(), {}, sent);
    EXPECT_EQ(hex(sent), setup_frame);

    pool::Bytes arrived = pool::from_hex(setup_frame).value();
    const auto head = std::span{arrived}.first(22);
    const auto body = std::span{arrived}.subspan(22);
    ASSERT_TRUE(pool_side.ciphers.receive.open(head, {}));
    ASSERT_TRUE(pool_side.ciphers.receive.open(body, {}));
    EXPECT_EQ(pool::to_hex(head.first(6)), "000000230000");
    EXPECT_EQ(pool::to_hex(body.first(body.size() - tag_bytes)), setup_payload);

    std::string answered;
    pool_side.ciphers.send.seal(pool::from_hex("000001060000").value(), {}, answered);
    pool_side.ciphers.send.seal(pool::from_hex("020000000000").value(), {}, answered);
    EXPECT_EQ(hex(answered), success_frame);
}

TEST_F(NoiseVector, WritesTheAuthorityAsPoolUrlsDo)
{
    EXPECT_EQ(encode_authority(identity().authority), authority_text);
    EXPECT_EQ(decode_authority(authority_text), identity().authority);
}

// Specification, section 4.7.1.
TEST(AuthorityKey, ReadsTheSpecificationsExample)
{
    const auto key = decode_authority("9bXiEd8boQVhq7WddEcERUL5tyyJVFYdU8th3HfbNXK3Yw6GRXh");
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(pool::to_hex(*key),
              "76637000979c1c11af0c300bcd8c7fe48610fce9b9c11e3daee35ae0b08a7455");
}

TEST(AuthorityKey, KnowsTheReferencesTestPair)
{
    const Curve curve;
    const auto secret = decode_secret("mkDLTBBRxdBv998612qipDYoTK3YUrqLe8uWw7gu3iXbSrn2n");
    ASSERT_TRUE(secret.has_value());
    EXPECT_EQ(encode_authority(curve.x_only(*secret).value()),
              "9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72");
    EXPECT_EQ(encode_secret(*secret), "mkDLTBBRxdBv998612qipDYoTK3YUrqLe8uWw7gu3iXbSrn2n");
}

TEST(AuthorityKey, RefusesOtherVersionsLengthsAndTypos)
{
    EXPECT_FALSE(decode_authority("").has_value());
    EXPECT_FALSE(
        decode_authority("9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH73").has_value());
    EXPECT_FALSE(decode_authority("mkDLTBBRxdBv998612qipDYoTK3YUrqLe8uWw7gu3iXbSrn2n").has_value());
    EXPECT_FALSE(decode_secret("9auqWEzQDVyd2oe1JVGFLMLHZtCo2FFqZwtKA5gd9xbuEu7PH72").has_value());
}

TEST_F(NoiseVector, RefusesAServerOfAnotherAuthority)
{
    Initiator::Wish other = wish();
    other.authority = curve.x_only(SecretKey{filled(5)});
    const auto act1 = bytes_of<act1_bytes>(initiator_encoded);
    const auto ciphers =
        Initiator{curve, pair(1)}.finish(respond(curve, identity(), pair(2), act1).act2, other);
    ASSERT_FALSE(ciphers.has_value());
    EXPECT_EQ(ciphers.error().code, pool::Error::Code::refused);
}

TEST_F(NoiseVector, AcceptsACertificateTenSecondsEarlyAndNotEleven)
{
    const auto act1 = bytes_of<act1_bytes>(initiator_encoded);
    const auto reply = respond(curve, identity(), pair(2), act1);
    const auto at = [&](std::uint32_t now) {
        Initiator::Wish then = wish();
        then.now = {now};
        return Initiator{curve, pair(1)}.finish(reply.act2, then).has_value();
    };
    EXPECT_TRUE(at(1'699'999'990));
    EXPECT_FALSE(at(1'699'999'989));
    EXPECT_TRUE(at(1'731'536'010));
    EXPECT_FALSE(at(1'731'536'011));
}

TEST_F(NoiseVector, AnyBitThatFlipsInActTwoEndsTheHandshake)
{
    const auto act1 = bytes_of<act1_bytes>(initiator_encoded);
    const auto reply = respond(curve, identity(), pair(2), act1);
    for (std::size_t at = 0; at < act2_bytes; ++at) {
        auto damaged = reply.act2;
        damaged[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
        EXPECT_FALSE((Initiator{curve, pair(1)}.finish(damaged, wish()).has_value())) << at;
    }
}

bool is_zero(std::span<const std::uint8_t> bytes)
{
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

// Every 64 bytes are somebody's key, so the first act can not be malformed.
TEST_F(NoiseVector, AnswersAnySixtyFourBytes)
{
    std::mt19937_64 random{20260807};
    for (const int fill : {0x00, 0xff}) {
        std::array<std::uint8_t, act1_bytes> act1{};
        act1.fill(static_cast<std::uint8_t>(fill));
        EXPECT_FALSE(is_zero(respond(curve, identity(), pair(2), act1).act2));
    }
    for (int round = 0; round < 100; ++round) {
        std::array<std::uint8_t, act1_bytes> act1{};
        for (auto& byte : act1) byte = static_cast<std::uint8_t>(random());
        EXPECT_FALSE(is_zero(respond(curve, identity(), pair(2), act1).act2));
    }
}

TEST(NoiseCipher, OpensNothingThatIsShorterThanItsTag)
{
    Cipher cipher{pool::Digest{}};
    for (std::size_t size = 0; size < tag_bytes; ++size) {
        pool::Bytes bytes(size, 0);
        EXPECT_FALSE(cipher.open(bytes, {})) << size;
    }
}

TEST(NoiseCipher, OpensNothingOutOfOrder)
{
    Cipher sender{pool::Digest{}};
    Cipher receiver{pool::Digest{}};
    std::string first;
    std::string second;
    sender.seal(pool::as_bytes("one"), {}, first);
    sender.seal(pool::as_bytes("two"), {}, second);
    pool::Bytes bytes{second.begin(), second.end()};
    EXPECT_FALSE(receiver.open(bytes, {}));
}

TEST(NoiseCipher, StopsBeforeANonceComesTwice)
{
    Cipher cipher{pool::Digest{}};
    cipher.set_count(~std::uint64_t{0} - 1);
    EXPECT_FALSE(cipher.exhausted());
    std::string out;
    cipher.seal(pool::as_bytes("last"), {}, out);
    EXPECT_TRUE(cipher.exhausted());
    pool::Bytes bytes(32, 0);
    EXPECT_FALSE(cipher.open(bytes, {}));
}

TEST(NoiseIdentity, ReadsWhatItWrote)
{
    const Curve curve;
    const EllSwiftPair authority = curve.make_pair();
    Identity identity{curve.make_pair(), {}, curve.x_only(authority.secret).value()};
    identity.certificate =
        sign_certificate(curve, authority.secret, curve.x_only(identity.key.encoded), {1000},
                         {2000}, std::nullopt)
            .value();
    const std::string text = write_identity(identity);
    const auto read = read_identity(curve, text);
    ASSERT_TRUE(read.has_value()) << read.error().detail;
    EXPECT_EQ(write_identity(*read), text);
}

TEST(NoiseIdentity, RefusesACertificateForAnotherKeyAndTornFiles)
{
    const Curve curve;
    const EllSwiftPair authority = curve.make_pair();
    Identity identity{curve.make_pair(), {}, curve.x_only(authority.secret).value()};
    identity.certificate =
        sign_certificate(curve, authority.secret, curve.x_only(curve.make_pair().encoded), {1000},
                         {2000}, std::nullopt)
            .value();
    const std::string text = write_identity(identity);
    EXPECT_FALSE(read_identity(curve, text).has_value());
    EXPECT_FALSE(read_identity(curve, "").has_value());
    EXPECT_FALSE(read_identity(curve, text.substr(0, text.size() / 2)).has_value());
}

}  // namespace
}  // namespace stratum::v2
