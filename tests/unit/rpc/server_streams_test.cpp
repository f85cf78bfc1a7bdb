#include "rpc/server_streams.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace rpc {
namespace {

pool::HttpRequest request_for(const std::string& path, const std::string& authorization = "")
{
    pool::HttpRequest request;
    request.method = "GET";
    request.path = path;
    request.headers = {{"user-agent", "a browser"}};
    if (!authorization.empty()) request.headers.emplace_back("authorization", authorization);
    return request;
}

pool::HttpResponse events(std::string text)
{
    pool::HttpResponse response;
    response.content_type = std::string{event_stream_type};
    response.body = std::move(text);
    return response;
}

pool::HttpResponse refusal(int status)
{
    pool::HttpResponse response;
    response.status = status;
    return response;
}

/// Streams whose questions wait for the test's answer.
struct Room {
    struct Question {
        pool::HttpRequest request;
        std::string host;
        Respond respond;
    };
    std::vector<Question> questions;
    EventStreams streams{
        [this](const pool::HttpRequest& request, const std::string& host, Respond respond) {
            questions.push_back({request, host, std::move(respond)});
        }};
    std::vector<std::string> heard;

    std::uint64_t listen(const std::string& who, const pool::HttpRequest& request)
    {
        return streams.add(
            request, who,
            {.tell = [this, who](
                         std::string_view said) { heard.push_back(who + " " + std::string{said}); },
             .end = [this, who] { heard.push_back(who + " ends"); }});
    }
    void answer(const pool::HttpResponse& response)
    {
        const Question question = std::move(questions.front());
        questions.erase(questions.begin());
        question.respond(response);
    }
};

TEST(EventStreams, AsksOnceForAllWhoAskedAlikeAndOneAfterTheOther)
{
    Room room;
    room.listen("a", request_for("/1"));
    room.listen("b", request_for("/1"));
    room.listen("c", request_for("/2"));
    room.streams.round();
    ASSERT_EQ(room.questions.size(), 1U);
    EXPECT_EQ(room.questions.front().request.path, "/1");
    EXPECT_EQ(room.questions.front().host, "a");
    room.answer(events("one"));
    ASSERT_EQ(room.questions.size(), 1U);
    room.answer(events("two"));
    EXPECT_EQ(room.heard, (std::vector<std::string>{"a one", "b one", "c two"}));
    EXPECT_TRUE(room.questions.empty());
}

TEST(EventStreams, KeepsBearersOfDifferentTokensApart)
{
    Room room;
    room.listen("a", request_for("/1", "Bearer x"));
    room.listen("b", request_for("/1", "Bearer y"));
    room.streams.round();
    EXPECT_EQ(room.questions.front().request.header("authorization"), "Bearer x");
    EXPECT_EQ(room.questions.front().request.header("user-agent"), "") << "is not kept";
    room.answer(events("for x"));
    room.answer(events("for y"));
    EXPECT_EQ(room.heard, (std::vector<std::string>{"a for x", "b for y"}));
}

TEST(EventStreams, BeginsNoRoundBeforeTheLastIsOver)
{
    Room room;
    room.listen("a", request_for("/1"));
    room.listen("b", request_for("/2"));
    for (int i = 0; i < 100; ++i) room.streams.round();
    EXPECT_EQ(room.questions.size(), 1U);
    room.answer(events("one"));
    room.streams.round();
    EXPECT_EQ(room.questions.size(), 1U);
    room.answer(events("two"));
    EXPECT_TRUE(room.questions.empty());
    room.streams.round();
    EXPECT_EQ(room.questions.size(), 1U);
}

TEST(EventStreams, AskInTheNameOfWhoIsStillThere)
{
    Room room;
    const std::uint64_t a = room.listen("a", request_for("/1"));
    room.listen("b", request_for("/1"));
    room.streams.remove(a);
    room.streams.round();
    ASSERT_EQ(room.questions.size(), 1U);
    EXPECT_EQ(room.questions.front().host, "b");
}

TEST(EventStreams, AskInTheNameOfTheNextWhereOneHasAskedEnoughForNow)
{
    Room room;
    for (const char* const who : {"a", "a", "b", "a", "c"}) room.listen(who, request_for("/1"));
    room.listen("a", request_for("/2"));
    room.streams.round();
    std::vector<std::string> asked;
    const auto next = [&](const pool::HttpResponse& response) {
        ASSERT_FALSE(room.questions.empty());
        asked.push_back(room.questions.front().host + room.questions.front().request.path);
        room.answer(response);
    };
    next(refusal(429));
    next(refusal(429));
    next(events("one"));
    next(refusal(429));
    EXPECT_TRUE(room.questions.empty());
    EXPECT_EQ(asked, (std::vector<std::string>{"a/1", "b/1", "c/1", "a/2"}));
    EXPECT_EQ(room.heard, (std::vector<std::string>{"a one", "a one", "b one", "a one", "c one"}));
    room.streams.round();
    ASSERT_EQ(room.questions.size(), 1U);
    EXPECT_EQ(room.questions.front().host, "a") << "each round anew";
}

TEST(EventStreams, AskForNobodyElseOnceThatOneHasGoneMeanwhile)
{
    Room room;
    room.listen("a", request_for("/1"));
    const std::uint64_t b = room.listen("b", request_for("/1"));
    room.streams.round();
    room.streams.remove(b);
    room.answer(refusal(429));
    EXPECT_TRUE(room.questions.empty());
    EXPECT_TRUE(room.heard.empty());
    room.streams.round();
    EXPECT_EQ(room.questions.size(), 1U) << "the round is over";
}

TEST(EventStreams, EndThoseWhoMayNotHearItAnyMoreAndSayNothingWhenThePoolIsBusy)
{
    Room room;
    room.listen("a", request_for("/1"));
    for (const int status : {503, 429, 500}) {
        room.streams.round();
        room.answer(refusal(status));
    }
    EXPECT_TRUE(room.heard.empty());
    for (const int status : {401, 403, 404}) {
        room.streams.round();
        room.answer(refusal(status));
    }
    EXPECT_EQ(room.heard, (std::vector<std::string>{"a ends", "a ends", "a ends"}));
}

TEST(EventStreams, TellNobodyWhoHasGoneMeanwhile)
{
    Room room;
    const std::uint64_t a = room.listen("a", request_for("/1"));
    std::uint64_t c = 0;
    room.streams.add(request_for("/1"), "b",
                     {.tell = [&](std::string_view) { room.streams.remove(c); }, .end = {}});
    c = room.listen("c", request_for("/1"));
    room.streams.round();
    room.streams.remove(a);
    room.answer(events("one"));
    EXPECT_TRUE(room.heard.empty());
    EXPECT_EQ(room.streams.size(), 1U);
}

TEST(EventStreams, AskNothingForThoseWhoHaveGone)
{
    Room room;
    const std::uint64_t a = room.listen("a", request_for("/1"));
    const std::uint64_t b = room.listen("b", request_for("/1"));
    room.streams.remove(a);
    room.streams.round();
    ASSERT_EQ(room.questions.size(), 1U);
    room.answer(events("one"));
    EXPECT_EQ(room.heard, std::vector<std::string>{"b one"});
    room.streams.remove(b);
    room.streams.remove(b);
    room.streams.round();
    EXPECT_TRUE(room.questions.empty());
}

TEST(EventStreams, TakeAnswersDuringTheCallAndNoneAfterTheirEnd)
{
    int asked = 0;
    int heard = 0;
    Respond late;
    {
        EventStreams streams{[&](const pool::HttpRequest&, const std::string&, Respond respond) {
            if (++asked <= 2000) return respond(events("x"));
            late = std::move(respond);
        }};
        for (int i = 0; i < 2000; ++i) {
            streams.add(request_for("/" + std::to_string(i)), "a",
                        {.tell = [&](std::string_view) { ++heard; }, .end = {}});
        }
        streams.round();
        EXPECT_EQ(heard, 2000);
        streams.round();
    }
    ASSERT_TRUE(late);
    late(events("too late"));
    EXPECT_EQ(heard, 2000);
}

}  // namespace
}  // namespace rpc
