#include "pool/runtime/http_message.h"

#include <string>

#include <gtest/gtest.h>

namespace pool {
namespace {

TEST(HttpResponse, RendersStatusHeadersAndBody)
{
    const HttpResponse response{
        .status = 200, .body = "{\"ok\":true}", .headers = {{"Cache-Control", "no-store"}}};
    EXPECT_EQ(render(response, true),
              "HTTP/1.1 200 OK\r\n"
              "Content-Type: application/json\r\n"
              "Content-Length: 11\r\n"
              "Connection: keep-alive\r\n"
              "Cache-Control: no-store\r\n"
              "\r\n"
              "{\"ok\":true}");
}

TEST(HttpResponse, SaysThatTheConnectionCloses)
{
    const HttpResponse response{.status = 400, .content_type = "text/plain", .body = "no"};
    EXPECT_EQ(render(response, false),
              "HTTP/1.1 400 Bad Request\r\n"
              "Content-Type: text/plain\r\n"
              "Content-Length: 2\r\n"
              "Connection: close\r\n"
              "\r\n"
              "no");
}

// RFC 9110, 15.3.5 and 8.6: no body, and no Content-Length either.
TEST(HttpResponse, SendsNoBodyWith204)
{
    const HttpResponse response{.status = 204, .body = "ignored"};
    EXPECT_EQ(render(response, true), "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
}

TEST(HttpResponseDeathTest, DiesRatherThanSendASplitHeader)
{
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const HttpResponse value{.headers = {{"X-Name", "a\r\nSet-Cookie: b"}}};
    EXPECT_DEATH(render(value, true), "one line");
    const HttpResponse type{.content_type = "text/html\n"};
    EXPECT_DEATH(render(type, true), "one line");
    const HttpResponse name{.headers = {{"X: y\r\nZ", "a"}}};
    EXPECT_DEATH(render(name, true), "header names");
}

}  // namespace
}  // namespace pool
