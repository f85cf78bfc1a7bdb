#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "stratum/v1/codec.h"
#include "stratum/v1/framing.h"
#include "stratum/v1/render.h"

namespace stratum::v1 {
namespace {

std::vector<std::string> lines_of(LineReader& reader, std::string_view bytes,
                                  std::size_t line_max = 64)
{
    std::vector<std::string> lines;
    reader.feed(pool::as_bytes(bytes));
    while (const auto line = reader.next(line_max)) lines.emplace_back(*line);
    return lines;
}

using Texts = std::vector<std::string>;

TEST(LineReader, CutsAtNewlinesWhateverStandsAroundThem)
{
    LineReader reader;
    EXPECT_EQ(lines_of(reader, "a\nb\r\n\n \r\n  c \t\nd"), (Texts{"a", "b", "c"}));
    EXPECT_TRUE(reader.unfinished());
    EXPECT_EQ(lines_of(reader, "e\n"), Texts{"de"});
    EXPECT_FALSE(reader.unfinished());
}

TEST(LineReader, PutsALineTogetherByteByByte)
{
    LineReader reader;
    const std::string text = "one\r\ntwo\n";
    Texts lines;
    for (const char c : text) {
        for (std::string& line : lines_of(reader, {&c, 1})) lines.push_back(std::move(line));
    }
    EXPECT_EQ(lines, (Texts{"one", "two"}));
}

TEST(LineReader, StopsAtALineThatIsTooLong)
{
    LineReader whole;
    EXPECT_EQ(lines_of(whole, "ok\n12345\nlater\n", 4), Texts{"ok"});
    EXPECT_TRUE(whole.too_long());

    LineReader pieces;
    EXPECT_TRUE(lines_of(pieces, "123", 4).empty());
    EXPECT_FALSE(pieces.too_long());
    EXPECT_TRUE(lines_of(pieces, "45", 4).empty());
    EXPECT_TRUE(pieces.too_long());
    EXPECT_TRUE(lines_of(pieces, "\nok\n", 4).empty());
}

class Reading {
public:
    explicit Reading(std::string_view line) : request(read_request(line, document_)) {}
    template <typename T>
    const T* as() const
    {
        return request ? std::get_if<T>(&request->call) : nullptr;
    }

private:
    pool::JsonDocument document_;

public:
    pool::Result<Request> request;
};

TEST(ReadRequest, EchoesEveryScalarIdAsItStood)
{
    const std::vector<std::pair<std::string, std::string>> ids{
        {"7", "7"},
        {"-1", "-1"},
        {"1.5", "1.5"},
        {"1e400", "1e400"},
        {"18446744073709551615", "18446744073709551615"},
        {"18446744073709551616", "18446744073709551616"},
        {R"("auth")", R"("auth")"},
        {R"("")", R"("")"},
        {R"("a\",\"x\":\"\\\u0001")", R"("a\",\"x\":\"\\\u0001")"},
        {"null", "null"},
        {"true", "true"},
        {"false", "false"},
        {"[]", "null"},
        {R"({"a":[1]})", "null"},
    };
    for (const auto& [sent, echoed] : ids) {
        const Reading reading{R"({"id":)" + sent + R"(,"method":"mining.ping"})"};
        ASSERT_TRUE(reading.request.has_value()) << sent;
        EXPECT_EQ(reading.request->id, echoed);
    }
    EXPECT_FALSE(Reading{R"({"method":"mining.ping"})"}.request->wants_reply());
}

TEST(ReadRequest, RefusesWhatIsNoObject)
{
    for (const std::string_view line : {"", "{", "[]", "[{}]", "1", "nonsense", R"({"id":1,})",
                                        R"({"id":1} {"id":2})", R"({"id":1,"method":)"}) {
        EXPECT_FALSE(Reading{line}.request.has_value()) << line;
    }
    EXPECT_FALSE(Reading{std::string(2000, '[')}.request.has_value());
    EXPECT_FALSE(Reading{"{\"id\":\"\xff\"}"}.request.has_value());
}

TEST(ReadRequest, ReadsASubmitLeniently)
{
    const Reading reading{
        R"({"id":4,"method":" mining.submit ","params":)"
        R"(["user.w1"," 0x6A0b1F","0X0200000000000aBc"," 68123ABC","4ceee3c","0xC0E000","extra"]})"};
    const auto* submit = reading.as<Submit>();
    ASSERT_NE(submit, nullptr);
    EXPECT_EQ(submit->worker, "user.w1");
    EXPECT_EQ(submit->job, pool::JobId{0x6a0b1f});
    EXPECT_EQ(submit->extranonce2_length, 8U);
    EXPECT_EQ(submit->extranonce2[6], 0x0a);
    EXPECT_EQ(submit->extranonce2[7], 0xbc);
    EXPECT_EQ(submit->time, 0x68123abcU);
    EXPECT_EQ(submit->nonce, 0x4ceee3cU);
    EXPECT_EQ(submit->version_bits, 0xc0e000U);
}

TEST(ReadRequest, TakesNumbersForTimeAndNonce)
{
    const Reading reading{
        R"({"id":4,"method":"mining.submit","params":["w","1","00",1746025148,4294967295,null]})"};
    const auto* submit = reading.as<Submit>();
    ASSERT_NE(submit, nullptr);
    EXPECT_EQ(submit->time, 1746025148U);
    EXPECT_EQ(submit->nonce, 0xffffffffU);
    EXPECT_FALSE(submit->version_bits.has_value());
}

TEST(ReadRequest, SaysWhenASubmitMakesNoSense)
{
    for (const std::string_view params :
         {"null", "{}", R"("x")", "[]", R"(["w","1","00","0"])", R"(["w","1","00","","0"])",
          R"(["w","1","00","0","zzzzzzzz"])", R"(["w","1","00","0","112345678"])",
          R"(["w","1","00","0","0","xyz"])", R"(["w","1","00","0",-1])", R"([1,"1","00","0","0"])",
          R"(["w",1,"00","0","0"])", R"(["w","1",0,"0","0"])", R"(["w","1","00","0","-1"])",
          R"(["w","1","00","0",4294967296])"}) {
        const Reading reading{R"({"id":1,"method":"mining.submit","params":)" +
                              std::string{params} + "}"};
        EXPECT_NE(reading.as<BadParams>(), nullptr) << params;
    }
}

TEST(LenientU32, TakesLongNumbersOnlyIfTheirLeadIsZeros)
{
    EXPECT_EQ(lenient_u32("00000000000012345678"), 0x12345678U);
    EXPECT_EQ(lenient_u32("0000000012345678aa"), std::nullopt);
    EXPECT_EQ(lenient_u32("0x"), std::nullopt);
    EXPECT_EQ(lenient_u32("+1"), std::nullopt);
    EXPECT_EQ(lenient_u32("1 2"), std::nullopt);
}

TEST(ReadRequest, KnowsAnExtranonceThatCannotBe)
{
    for (const std::string_view text :
         {"123", "zz", "000000000000000000000000000000000000000000000000aa"}) {
        const Reading reading{R"({"id":1,"method":"mining.submit","params":["w","1",")" +
                              std::string{text} + R"(","0","0"]})"};
        const auto* submit = reading.as<Submit>();
        ASSERT_NE(submit, nullptr);
        EXPECT_GT(submit->extranonce2_length, 24U) << text;
    }
}

TEST(ReadRequest, ReadsSuggestionsInEverySpelling)
{
    const auto value = [](std::string_view request) {
        const Reading reading{request};
        const auto* call = reading.as<SuggestDifficulty>();
        return call != nullptr ? call->value : std::optional<double>{-1};
    };
    EXPECT_EQ(value(R"({"method":"mining.suggest_difficulty","params":[0.00015]})"), 0.00015);
    EXPECT_EQ(value(R"({"method":"mining.suggest_difficulty","params":["16"]})"), 16);
    EXPECT_EQ(value(R"x({"method":"mining.suggest_difficulty(123)","params":[]})x"), 123);
    for (const std::string_view bad : {"0", "-1", "1e300", R"("nan")", R"("inf")", "null", "[]"}) {
        EXPECT_EQ(
            value(R"({"method":"mining.suggest_difficulty","params":[)" + std::string{bad} + "]}"),
            std::nullopt)
            << bad;
    }
}

TEST(ReadRequest, TellsAnswersFromRequests)
{
    EXPECT_NE(Reading{R"({"id":1,"result":"cgminer/4.12","error":null})"}.as<Answer>(), nullptr);
    EXPECT_NE(Reading{R"({"id":1,"method":"pong"})"}.as<Answer>(), nullptr);
    EXPECT_NE(Reading{R"({"id":1,"method":null})"}.as<NoMethod>(), nullptr);
    EXPECT_NE(Reading{R"({"id":1,"method":"foo.bar"})"}.as<UnknownMethod>(), nullptr);
}

TEST(Render, EscapesTextInErrors)
{
    std::string out;
    append_error(out, "1", ErrorCode::other, "a\"b\\\n\xc3\xa4");
    EXPECT_EQ(out, R"({"id":1,"result":null,"error":[20,"a\"b\\\n\u00e4",null]})"
                   "\n");
}

TEST(Render, WritesDifficultiesAsPlainDecimals)
{
    const auto text = [](int exponent) {
        std::string out;
        append_set_difficulty(out, {exponent});
        return out;
    };
    const std::string before = R"({"id":null,"method":"mining.set_difficulty","params":[)";
    EXPECT_EQ(text(0), before + "1]}\n");
    EXPECT_EQ(text(19), before + "524288]}\n");
    EXPECT_EQ(text(62), before + "4611686018427387904]}\n");
    EXPECT_EQ(text(-3), before + "0.125]}\n");
    EXPECT_EQ(text(-32), before + "0.00000000023283064365386962890625]}\n");
}

TEST(Render, AnswersConfigureWithTheCodesAskedForAndNoOther)
{
    Configure asked;
    asked.codes = {"minimum-difficulty", "version-rolling", "x\"y", "info"};
    std::string out;
    append_configure_reply(out, "5", asked, 0x1fffe000);
    EXPECT_EQ(out, R"({"id":5,"result":{"minimum-difficulty":false,"version-rolling":true,)"
                   R"("version-rolling.mask":"1fffe000","x\"y":false,"info":true},"error":null})"
                   "\n");
    out.clear();
    append_configure_reply(out, "5", asked, 0);
    EXPECT_EQ(out.find("version-rolling.mask"), std::string::npos);
    EXPECT_NE(out.find(R"("version-rolling":false)"), std::string::npos);
}

}  // namespace
}  // namespace stratum::v1
