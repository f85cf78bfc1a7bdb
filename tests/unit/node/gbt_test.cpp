#include "pool/node/gbt.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "pool/base/json.h"

namespace pool {
namespace {

constexpr std::string_view good = R"({
  "capabilities":["proposal"],"version":805306368,"rules":["csv","!segwit","taproot"],
  "vbavailable":{"testdummy":28},"vbrequired":0,
  "previousblockhash":"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
  "transactions":[{"data":"0200","txid":"1111111111111111111111111111111111111111111111111111111111111111","hash":"22","fee":150,"weight":8,"sigops":4}],
  "coinbaseaux":{},"coinbasevalue":5000000150,
  "longpollid":"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e22063",
  "target":"7fffff0000000000000000000000000000000000000000000000000000000000",
  "mintime":1296688603,"mutable":["time"],"curtime":1700000000,"bits":"207fffff","height":1,
  "default_witness_commitment":"6a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf9"
})";

Result<BlockTemplate> read(std::string_view text)
{
    JsonDocument document;
    const auto value = document.parse(text, {});
    EXPECT_TRUE(value.has_value());
    return parse_template(*value);
}

std::string with(std::string_view from, std::string_view to)
{
    std::string text{good};
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(ParseTemplate, ReadsWhatANodeOnRegtestGives)
{
    const auto out = read(good);
    ASSERT_TRUE(out.has_value()) << out.error().detail;
    EXPECT_EQ(out->height, Height{1});
    EXPECT_EQ(to_display_hex(out->previous),
              "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206");
    EXPECT_EQ(out->version, 0x30000000U);
    EXPECT_EQ(out->bits.value, 0x207fffffU);
    EXPECT_EQ(out->time_min, UnixTime{1296688603});
    EXPECT_EQ(out->time_now, UnixTime{1700000000});
    EXPECT_EQ(out->reward, Sats{5'000'000'150});
    ASSERT_EQ(out->transactions.size(), 1U);
    EXPECT_EQ(out->transactions[0], (Bytes{0x02, 0x00}));
    EXPECT_EQ(out->witness_commitment.size(), 38U);
    EXPECT_EQ(out->fees, Sats{150});
    EXPECT_EQ(out->weight, 8U);
}

TEST(ParseTemplate, ReadsAVersionWithTheTopBitSet)
{
    const auto out = read(with("\"version\":805306368", "\"version\":-2147483648"));
    ASSERT_TRUE(out.has_value());
    EXPECT_EQ(out->version, 0x80000000U);
}

TEST(ParseTemplate, NamesTheFieldThatIsMissingOrWrong)
{
    const auto names = [](std::string_view from, std::string_view to, std::string_view field) {
        const auto out = read(with(from, to));
        ASSERT_FALSE(out.has_value()) << field;
        EXPECT_EQ(out.error().code, Error::Code::invalid);
        EXPECT_NE(out.error().detail.find("\"" + std::string{field} + "\""), std::string::npos)
            << out.error().detail;
    };
    names("\"height\":1", "\"height\":-1", "height");
    names("\"height\":1", "\"hight\":1", "height");
    names("\"version\":805306368", "\"version\":\"1\"", "version");
    names("\"version\":805306368", "\"version\":4294967296", "version");
    names("\"coinbasevalue\":5000000150", "\"coinbasevalue\":-1", "coinbasevalue");
    names("\"coinbasevalue\":5000000150", "\"coinbasevalue\":2100000000000001", "coinbasevalue");
    names("\"coinbasevalue\":5000000150", "\"coinbasevalue\":50.5", "coinbasevalue");
    names("0f9188f1", "0f9188f", "previousblockhash");
    names("\"bits\":\"207fffff\"", "\"bits\":\"207fff\"", "bits");
    names("\"bits\":\"207fffff\"", "\"bits\":\"00000000\"", "bits");
    names("\"target\":\"7f", "\"target\":\"6f", "target");
    names("\"mintime\":1296688603", "\"mintime\":4294967296", "mintime");
    names("\"curtime\":1700000000", "\"curtime\":1296688602", "curtime");
    names("\"data\":\"0200\"", "\"data\":\"020\"", "transactions");
    names("\"data\":\"0200\"", "\"data\":\"\"", "transactions");
    names("\"txid\":\"1111", "\"txid\":\"x111", "transactions");
    names("\"transactions\":[", "\"transactions\":7,\"was\":[", "transactions");
    names("\"6a24aa21a9ed", "\"6a24aa21a9", "default_witness_commitment");
    names("\"rules\":[\"csv\"", "\"rules\":[7", "rules");
}

// Charter, decision 17: we could build an invalid block under a rule that we do not know.
TEST(ParseTemplate, RefusesARuleThatMustBeKnownAndIsNot)
{
    const auto out = read(with("\"taproot\"", "\"!covenants\""));
    ASSERT_FALSE(out.has_value());
    EXPECT_EQ(out.error().code, Error::Code::invalid);
    EXPECT_NE(out.error().detail.find("!covenants"), std::string::npos);
}

TEST(ParseTemplate, TakesAnUnknownRuleThatMayBeIgnored)
{
    EXPECT_TRUE(read(with("\"taproot\"", "\"covenants\"")).has_value());
}

TEST(ParseTemplate, MinesOnlyASignetThatNeedsNoSignature)
{
    EXPECT_TRUE(read(with("\"height\":1", "\"height\":1,\"signet_challenge\":\"51\"")));
    const auto real = read(with("\"height\":1", "\"height\":1,\"signet_challenge\":\"512103ad\""));
    ASSERT_FALSE(real.has_value());
    EXPECT_EQ(real.error().code, Error::Code::invalid);
}

TEST(ParseTemplate, DoesWithoutAWitnessCommitment)
{
    const auto out = read(with("\"default_witness_commitment\"", "\"other\""));
    ASSERT_TRUE(out.has_value());
    EXPECT_TRUE(out->witness_commitment.empty());
}

}  // namespace
}  // namespace pool
