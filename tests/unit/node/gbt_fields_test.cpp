// A template is money: what a node forgets, misspells or exaggerates must be named, never guessed.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pool/base/json.h"
#include "pool/node/gbt.h"

namespace pool {
namespace {

using Json = nlohmann::json;

Json good()
{
    return Json::parse(R"({
      "version":536870912,"rules":["csv","!segwit","taproot"],"vbavailable":{"testdummy":28},
      "vbrequired":0,"coinbaseaux":{},"coinbasevalue":5000000150,"height":1,
      "previousblockhash":"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206",
      "transactions":[{"data":"0200","fee":150,"weight":8,"sigops":4,
        "txid":"1111111111111111111111111111111111111111111111111111111111111111"}],
      "target":"7fffff0000000000000000000000000000000000000000000000000000000000",
      "bits":"207fffff","mintime":1296688603,"curtime":1700000000,
      "weightlimit":4000000,"sigoplimit":80000,
      "default_witness_commitment":"6a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf9"
    })");
}

Result<BlockTemplate> read(const Json& given)
{
    JsonDocument document;
    const auto value = document.parse(given.dump(), {std::size_t{1} << 20, 8, 100'000});
    if (!value) return fail(value.error());
    return parse_template(*value);
}

struct Field {
    const char* path;  // JSON pointer
    bool required;
    std::vector<std::string> absurd;  // of the right type, as JSON
};

const std::vector<Field>& fields()
{
    static const std::string zeros(64, '0');
    const auto text = [](const std::string& value) { return '"' + value + '"'; };
    static const std::vector<Field> all{
        {"/version", true, {"4294967296", "-2147483649", "0.5"}},
        {"/rules", true, {"[\"!from-the-future\"]", "[7]", "[[\"!segwit\"]]"}},
        {"/vbrequired", false, {"-1", "4294967296"}},
        {"/coinbasevalue", true, {"-1", "2100000000000001", "149", "1e30"}},
        {"/height", true, {"0", "-1", "4294967296", "1.5"}},
        {"/previousblockhash", true, {"\"\"", "\"0f91\"", text(zeros + "0"), "\"zz\""}},
        {"/transactions", true, {"[1]", "[{\"data\":\"02\"}]", "[{}]"}},
        {"/transactions/0/data", true, {"\"\"", "\"020\"", "\"0g\""}},
        {"/transactions/0/txid", true, {"\"\"", "\"11\"", text(zeros + "00")}},
        {"/transactions/0/fee", true, {"-1", "2100000000000001", "5000000151"}},
        {"/transactions/0/weight", true, {"-1", "0.5", "4000001"}},
        {"/transactions/0/sigops", true, {"-1", "0.5", "80001"}},
        {"/target", true, {"\"\"", text(zeros), text(std::string(64, 'f'))}},
        {"/bits", true, {"\"\"", "\"00000000\"", "\"ff7fffff\"", "\"207fffff00\""}},
        {"/mintime", true, {"-1", "4294967296", "1700000001"}},
        {"/curtime", true, {"-1", "4294967296", "1296688602"}},
        {"/weightlimit", false, {"-1", "0.5", "7"}},
        {"/sigoplimit", false, {"-1", "0.5", "3"}},
        {"/default_witness_commitment", false, {"\"\"", "\"6a24\"", text(std::string(76, 'f'))}},
    };
    return all;
}

// "transactions/0/fee" is named as "transactions"; absurd sums may be named by what they exceed.
void expect_refused(const Json& given, const std::string& what)
{
    const auto out = read(given);
    ASSERT_FALSE(out.has_value()) << what;
    const bool named = out.error().detail.find("getblocktemplate: ") == 0;
    EXPECT_TRUE(named) << what << ": " << out.error().detail;
}

TEST(TemplateFields, AreAllThereInTheTemplateOfTheseTests)
{
    const auto out = read(good());
    ASSERT_TRUE(out.has_value()) << out.error().detail;
    for (const Field& field : fields()) {
        EXPECT_TRUE(good().contains(Json::json_pointer{field.path})) << field.path;
    }
}

TEST(TemplateFields, OneThatIsMissingIsNamedUnlessTheRulesLetItBe)
{
    for (const Field& field : fields()) {
        const Json::json_pointer at{field.path};
        Json given = good();
        given.at(at.parent_pointer()).erase(at.back());
        if (field.required) {
            expect_refused(given, std::string{field.path} + " missing");
        } else {
            EXPECT_TRUE(read(given).has_value()) << field.path;
        }
    }
}

// Each of them may be as large as all money there is; what they come to may not wrap around.
TEST(TemplateFields, FeesThatComeToMoreThanThereIsAreRefused)
{
    Json given = good();
    given["coinbasevalue"] = 2'100'000'000'000'000;
    given["transactions"][0]["fee"] = 2'100'000'000'000'000;
    const Json one = given["transactions"][0];
    for (int i = 0; i < 4392; ++i) given["transactions"].push_back(one);
    expect_refused(given, "4393 times all money");
}

TEST(TemplateFields, OfAnotherTypeAreRefused)
{
    const std::vector<Json> others{nullptr,       true, 7.25, "text", Json::array({Json::array()}),
                                   Json{{"a", 1}}};
    for (const Field& field : fields()) {
        const Json::json_pointer at{field.path};
        const Json was = good().at(at);
        for (const Json& other : others) {
            if (other.type() == was.type() && !was.is_string() && !was.is_array()) continue;
            Json given = good();
            given.at(at) = other;
            expect_refused(given, std::string{field.path} + " = " + other.dump());
        }
    }
}

TEST(TemplateFields, OfAbsurdValueAreRefused)
{
    for (const Field& field : fields()) {
        for (const std::string& value : field.absurd) {
            Json given = good();
            given.at(Json::json_pointer{field.path}) = Json::parse(value);
            expect_refused(given, std::string{field.path} + " = " + value);
        }
    }
}

// The rules that may come: they are part of what a node judges a block of ours by.
TEST(TemplateFields, OfTheRulesToComeAreNumbersByName)
{
    for (const Json& other : {Json(7), Json("text"), Json::array({28}), Json(true), Json(nullptr),
                              Json{{"testdummy", "a"}}, Json{{"testdummy", -1}}}) {
        Json given = good();
        given["vbavailable"] = other;
        expect_refused(given, "vbavailable = " + other.dump());
    }
    Json given = good();
    given.erase("vbavailable");
    EXPECT_TRUE(read(given).has_value());
}

TEST(TemplateFields, OfASignetThatWantsSignedBlocksAreRefused)
{
    Json given = good();
    for (const Json& other : {Json("5121ad51ae"), Json(""), Json(51), Json(nullptr)}) {
        given["signet_challenge"] = other;
        const auto out = read(given);
        ASSERT_FALSE(out.has_value()) << other.dump();
        EXPECT_EQ(out.error().code, Error::Code::invalid);
    }
    given["signet_challenge"] = "51";
    EXPECT_TRUE(read(given).has_value());
}

TEST(TemplateFields, GiveTheRulesInForceAndTheBitsThatMayBeSignalled)
{
    const auto out = read(good());
    ASSERT_TRUE(out.has_value());
    Json given = good();
    given["rules"] = Json::array({"taproot", "!segwit", "csv"});
    EXPECT_EQ(read(given)->rules, out->rules) << "their order means nothing";
    given["rules"].push_back("covenants");
    EXPECT_NE(read(given)->rules, out->rules);
    given = good();
    given["vbavailable"]["covenants"] = 5;
    EXPECT_NE(read(given)->rules, out->rules);
}

}  // namespace
}  // namespace pool
