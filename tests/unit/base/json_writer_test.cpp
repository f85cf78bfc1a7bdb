#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "pool/base/json.h"

namespace pool {
namespace {

using namespace std::string_view_literals;

std::string json_string(std::string_view text)
{
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST(JsonString, EscapesQuotesBackslashesAndControlCharacters)
{
    EXPECT_EQ(json_string("a\"b\\c\b\f\n\r\t"), R"("a\"b\\c\b\f\n\r\t")");
    EXPECT_EQ(json_string("\0\x01\x1f\x7f"sv), R"("\u0000\u0001\u001f\u007f")");
    EXPECT_EQ(json_string("/'<>&"), R"("/'<>&")");
    EXPECT_EQ(json_string(""), R"("")");
}

TEST(JsonString, EscapesEverythingAboveAscii)
{
    EXPECT_EQ(json_string("\xc3\xa9"), R"("\u00e9")");
    EXPECT_EQ(json_string("\xe2\x82\xac"), R"("\u20ac")");
    EXPECT_EQ(json_string("\xf0\x9f\x98\x80"), R"("\ud83d\ude00")");
    EXPECT_EQ(json_string("\xf4\x8f\xbf\xbf"), R"("\udbff\udfff")");
}

TEST(JsonString, ReplacesEachByteThatIsNotUtf8)
{
    EXPECT_EQ(json_string("a\xff"
                          "b"),
              R"("a\ufffdb")");
    EXPECT_EQ(json_string("\xc3"), R"("\ufffd")");                      // cut short
    EXPECT_EQ(json_string("\xc0\xaf"), R"("\ufffd\ufffd")");            // overlong '/'
    EXPECT_EQ(json_string("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");  // half a surrogate pair
    EXPECT_EQ(json_string("\xf4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")");  // over U+10FFFF
}

TEST(JsonString, IsReadBackAsItWas)
{
    const std::string_view text = "quote \" slash \\ nul \0 tab \t snowman \xe2\x98\x83 end"sv;
    JsonDocument document;
    EXPECT_EQ(document.parse(json_string(text), {})->string(), text);
}

TEST(JsonWriter, PutsCommasBetweenAndColonsAfterNames)
{
    std::string out;
    JsonWriter{out}
        .begin_object()
        .key("id")
        .integer(-7)
        .key("result")
        .begin_array()
        .boolean(true)
        .null()
        .begin_array()
        .end_array()
        .end_array()
        .key("error")
        .begin_object()
        .end_object()
        .key("n")
        .unsigned_integer(std::numeric_limits<std::uint64_t>::max())
        .end_object();
    EXPECT_EQ(out, R"({"id":-7,"result":[true,null,[]],"error":{},"n":18446744073709551615})");
}

TEST(JsonWriter, AppendsToWhatIsThere)
{
    std::string out = "line: ";
    JsonWriter{out}.string("x\"y");
    EXPECT_EQ(out, R"(line: "x\"y")");
}

TEST(JsonWriter, WritesRawTextWhereAValueStands)
{
    std::string out;
    JsonWriter{out}.begin_array().raw("1e400").raw("{\"a\":1}").string("b").end_array();
    EXPECT_EQ(out, R"([1e400,{"a":1},"b"])");
}

TEST(JsonWriter, EscapesNames)
{
    std::string out;
    JsonWriter{out}.begin_object().key("a\"b").null().end_object();
    EXPECT_EQ(out, R"({"a\"b":null})");
}

TEST(JsonWriterDeathTest, EndsTheProcessOnWrongNesting)
{
    std::string out;
    EXPECT_DEATH(JsonWriter{out}.end_array(), "an array is open");
    EXPECT_DEATH(JsonWriter{out}.begin_object().end_array(), "an array is open");
    EXPECT_DEATH(JsonWriter{out}.begin_object().null(), "a member has a name");
    EXPECT_DEATH(JsonWriter{out}.begin_object().key("a").end_object(), "no name waits");
    EXPECT_DEATH(JsonWriter{out}.begin_array().key("a"), "names stand in objects");
    EXPECT_DEATH(JsonWriter{out}.null().null(), "one JSON value");
}

}  // namespace
}  // namespace pool
