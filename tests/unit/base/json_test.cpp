#include "pool/base/json.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "pool/base/result.h"

namespace pool {
namespace {

using Type = JsonValue::Type;
using namespace std::string_view_literals;

TEST(JsonDocument, GivesTheMembersOfAStratumLine)
{
    JsonDocument document;
    const auto line = document.parse(
        R"({"id": 4, "method": "mining.submit", "params": ["addr.rig1", "6a0b1f", "0200"]})", {});
    ASSERT_TRUE(line.has_value());

    EXPECT_EQ(line->type(), Type::object);
    EXPECT_EQ(line->size(), 3U);
    EXPECT_EQ(line->find("id").uint64(), 4U);
    EXPECT_EQ(line->find("method").string(), "mining.submit");
    const JsonValue params = line->find("params");
    ASSERT_EQ(params.size(), 3U);
    EXPECT_EQ(params.at(0).string(), "addr.rig1");
    EXPECT_EQ(params.at(2).string(), "0200");
    EXPECT_FALSE(params.at(3).exists());
    EXPECT_FALSE(line->find("nothing").exists());
}

TEST(JsonDocument, WalksNestedValuesInOrder)
{
    JsonDocument document;
    const auto root = document.parse(R"({"a": [[], {}, [1, [2]], "x"], "b": {"c": null}})", {});
    ASSERT_TRUE(root.has_value());

    std::vector<std::pair<Type, std::size_t>> elements;
    for (const JsonValue element : root->find("a")) {
        elements.emplace_back(element.type(), element.size());
    }
    const std::vector<std::pair<Type, std::size_t>> expected{
        {Type::array, 0}, {Type::object, 0}, {Type::array, 2}, {Type::string, 0}};
    EXPECT_EQ(elements, expected);
    EXPECT_EQ(root->find("a").at(2).at(1).at(0).int64(), 2);
    EXPECT_TRUE(root->find("b").find("c").is_null());

    std::vector<std::string> names;
    for (const JsonValue member : *root) names.emplace_back(member.key());
    EXPECT_EQ(names, (std::vector<std::string>{"a", "b"}));
}

TEST(JsonDocument, TakesALoneValueWithSpaceAround)
{
    JsonDocument document;
    EXPECT_EQ(document.parse(" \t\r\n 12 \n", {})->uint64(), 12U);
    EXPECT_EQ(document.parse("\"x\"", {})->string(), "x");
    EXPECT_TRUE(document.parse("null", {})->is_null());
    EXPECT_EQ(document.parse("[]", {})->size(), 0U);
    EXPECT_EQ(document.parse("true", {})->boolean(), true);
    EXPECT_EQ(document.parse("false", {})->boolean(), false);
}

// Ids are echoed as they came, and firmware is inventive.
TEST(JsonDocument, KeepsTheTextOfEveryNumber)
{
    JsonDocument document;
    for (const char* text : {"1e400", "18446744073709551617", "-1", "1.5", "-0", "0.0", "1E+2",
                             "123456789012345678901234567890.5e-10"}) {
        const auto root = document.parse(std::string("{\"id\":") + text + " }", {});
        ASSERT_TRUE(root.has_value()) << text;
        EXPECT_EQ(root->find("id").number_text(), text);
    }
}

TEST(JsonDocument, GivesIntegersOnlyWhenTheyAreIntegersThatFit)
{
    JsonDocument document;
    const auto list = document.parse(
        "[9223372036854775807, 9223372036854775808, 18446744073709551615, 18446744073709551616,"
        " -9223372036854775808, -9223372036854775809, -1, 1.0, 1e2, \"1\"]",
        {});
    ASSERT_TRUE(list.has_value());
    EXPECT_EQ(list->at(0).int64(), INT64_MAX);
    EXPECT_EQ(list->at(1).int64(), std::nullopt);
    EXPECT_EQ(list->at(1).uint64(), 9223372036854775808U);
    EXPECT_EQ(list->at(2).uint64(), UINT64_MAX);
    EXPECT_EQ(list->at(3).uint64(), std::nullopt);
    EXPECT_EQ(list->at(4).int64(), INT64_MIN);
    EXPECT_EQ(list->at(5).int64(), std::nullopt);
    EXPECT_EQ(list->at(6).int64(), -1);
    EXPECT_EQ(list->at(6).uint64(), std::nullopt);
    for (std::size_t i = 7; i < 10; ++i) EXPECT_EQ(list->at(i).int64(), std::nullopt) << i;
}

TEST(JsonDocument, GivesDoublesOnlyWhenTheyAreFinite)
{
    JsonDocument document;
    EXPECT_EQ(document.parse("0.25", {})->number(), 0.25);
    EXPECT_EQ(document.parse("-1e3", {})->number(), -1000.0);
    EXPECT_EQ(document.parse("1e400", {})->number(), std::nullopt);
    EXPECT_EQ(document.parse("\"1\"", {})->number(), std::nullopt);
}

TEST(JsonDocument, UnescapesStringsAndNames)
{
    JsonDocument document;
    const auto root =
        document.parse(R"({"k\u0065y": "a\"\\\/\b\f\n\r\t\u0000\u00e9\ud83d\ude00"})", {});
    ASSERT_TRUE(root.has_value());
    EXPECT_EQ(root->find("key").string(), "a\"\\/\b\f\n\r\t\0\xc3\xa9\xf0\x9f\x98\x80"sv);
}

TEST(JsonDocument, FindsTheFirstOfMembersWithOneName)
{
    JsonDocument document;
    EXPECT_EQ(document.parse(R"({"id": 1, "id": 2})", {})->find("id").int64(), 1);
}

TEST(JsonDocument, AnswersNothingForValuesOfAnotherType)
{
    JsonDocument document;
    const auto root = document.parse(R"(["x", 1, {"a": 1}])", {});
    ASSERT_TRUE(root.has_value());
    EXPECT_EQ(root->at(0).int64(), std::nullopt);
    EXPECT_EQ(root->at(0).boolean(), std::nullopt);
    EXPECT_EQ(root->at(1).string(), std::nullopt);
    EXPECT_FALSE(root->at(2).at(0).exists());
    EXPECT_FALSE(root->find("a").exists());

    const JsonValue missing;
    EXPECT_EQ(missing.type(), Type::missing);
    EXPECT_EQ(missing.size(), 0U);
    EXPECT_EQ(missing.key(), "");
    EXPECT_FALSE(missing.at(0).find("a").exists());
    EXPECT_EQ(missing.begin(), missing.end());
}

TEST(JsonDocument, RefusesWhatIsNoJson)
{
    constexpr std::string_view texts[]{"",
                                       " ",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       "[1",
                                       "[1}",
                                       "{\"a\":1]",
                                       "[1,]",
                                       "[,1]",
                                       "[,]",
                                       "[1 2]",
                                       "[1:2]",
                                       "{\"a\"}",
                                       "{\"a\":}",
                                       "{\"a\":1,}",
                                       "{,}",
                                       "{a:1}",
                                       "{1:1}",
                                       "{\"a\" 1}",
                                       "{\"a\":1 \"b\":2}",
                                       "{\"a\":1}}",
                                       "[]]",
                                       "[[]",
                                       "{\"a\":[}",
                                       "\"",
                                       "\"a",
                                       "\"a\\\"",
                                       "\"\\x\"",
                                       "\"\\u12g4\"",
                                       "\"\\u12\"",
                                       "'a'",
                                       "nul",
                                       "nulll",
                                       "True",
                                       "truex",
                                       "NaN",
                                       "Infinity",
                                       "-",
                                       "+1",
                                       "01",
                                       "-01",
                                       "1.",
                                       ".5",
                                       "1e",
                                       "1e+",
                                       "0x10",
                                       "1_000",
                                       "1a",
                                       "--1",
                                       "/**/1",
                                       "1//",
                                       "#",
                                       "\\"};
    JsonDocument document;
    for (const std::string_view text : texts) {
        const auto parsed = document.parse(text, {});
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_EQ(parsed.error().code, Error::Code::invalid) << text;
    }
}

TEST(JsonDocument, RefusesWhateverFollowsTheValue)
{
    JsonDocument document;
    for (const char* text :
         {"1 2", "{} {}", "[] 1", "1,2", "1],[2", "\"a\"b", "\"a\" \"b\"", "{}\n{}", "[]]", "]["}) {
        EXPECT_FALSE(document.parse(text, {}).has_value()) << text;
    }
}

TEST(JsonDocument, RefusesControlCharactersAndInvalidUtf8)
{
    constexpr std::string_view texts[]{"\"\0\""sv,
                                       "1\0"sv,
                                       "\0"sv,
                                       "[1,\0 2]"sv,
                                       "\"\n\"",
                                       "\"\x1f\"",
                                       "\"\xff\"",
                                       "\"\xc3\"",
                                       "\"\xed\xa0\x80\"",
                                       "\"\xc0\xaf\"",
                                       "\"\xf5\x80\x80\x80\"",
                                       "\xef\xbb\xbf"
                                       "1",
                                       "{\"\x80\":1}",
                                       "\"\\ud800\"",
                                       "\"\\udc00\"",
                                       "\"\\ud800\\u0041\"",
                                       "{\"\\udc00\": 1}"};
    JsonDocument document;
    for (const std::string_view text : texts) {
        EXPECT_FALSE(document.parse(text, {}).has_value()) << text;
    }
}

TEST(JsonDocument, LimitsBytesDepthAndValues)
{
    JsonDocument document;
    EXPECT_TRUE(document.parse("[1]", {.bytes_max = 3}).has_value());
    EXPECT_EQ(document.parse("[1] ", {.bytes_max = 3}).error().code, Error::Code::limit);

    EXPECT_TRUE(document.parse("[[{\"a\":1}]]", {.depth_max = 3}).has_value());
    EXPECT_EQ(document.parse("[[{\"a\":[]}]]", {.depth_max = 3}).error().code, Error::Code::limit);
    EXPECT_TRUE(document.parse("1", {.depth_max = 0}).has_value());

    EXPECT_TRUE(document.parse("[1,[2,3]]", {.values_max = 5}).has_value());
    EXPECT_EQ(document.parse("[1,[2,3],4]", {.values_max = 5}).error().code, Error::Code::limit);
}

TEST(JsonDocument, SurvivesBracketsWithoutEnd)
{
    JsonDocument document;
    const JsonLimits deep{.bytes_max = 1 << 20, .depth_max = 1000, .values_max = 1 << 20};
    EXPECT_EQ(document.parse(std::string(100'000, '['), deep).error().code, Error::Code::limit);
    EXPECT_EQ(document.parse(std::string(1'000, '['), deep).error().code, Error::Code::invalid);
    const std::string balanced = std::string(1'000, '[') + std::string(1'000, ']');
    EXPECT_TRUE(document.parse(balanced, deep).has_value());
    EXPECT_EQ(document.parse("[" + balanced + "]", deep).error().code, Error::Code::limit);
}

TEST(JsonDocument, StartsAfreshAfterALongerTextAndAfterAnError)
{
    JsonDocument document;
    ASSERT_TRUE(document.parse("[[1,2,3],[4,5,6],[7,8,9]]", {}).has_value());
    EXPECT_FALSE(document.parse("[[1", {}).has_value());  // no bracket of the longer text closes it
    const auto after = document.parse("[\"x\"]", {});
    ASSERT_TRUE(after.has_value());
    EXPECT_EQ(after->size(), 1U);
    EXPECT_EQ(after->at(0).string(), "x");
}

TEST(JsonDocument, KeepsStringsUntilTheNextTextThoughTheInputIsGone)
{
    JsonDocument document;
    JsonValue value;
    {
        std::string text = R"(["worker", "a\tb", 12])";
        value = *document.parse(text, {});
        text.assign(text.size(), '#');
    }
    EXPECT_EQ(value.at(0).string(), "worker");
    EXPECT_EQ(value.at(1).string(), "a\tb");
    EXPECT_EQ(value.at(2).number_text(), "12");
}

TEST(JsonDocument, ReadsATemplateOfThousandsOfTransactions)
{
    std::string text = "{\"transactions\":[";
    for (int i = 0; i < 4000; ++i) {
        if (i > 0) text += ',';
        text += "{\"data\":\"" + std::string(700, 'a') + "\",\"fee\":" + std::to_string(i) + "}";
    }
    text += "]}";
    JsonDocument document;
    const auto root =
        document.parse(text, {.bytes_max = 16 << 20, .depth_max = 8, .values_max = 1 << 20});
    ASSERT_TRUE(root.has_value());
    std::uint64_t fees = 0;
    for (const JsonValue entry : root->find("transactions")) fees += *entry.find("fee").uint64();
    EXPECT_EQ(fees, 7998000U);  // 0 + 1 + … + 3999
}

}  // namespace
}  // namespace pool
