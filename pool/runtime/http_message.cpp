#include "pool/runtime/http_message.h"

#include <algorithm>
#include <string_view>

namespace pool {

namespace {

std::string_view reason_of(int status)
{
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 411:
            return "Length Required";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return "Status";
    }
}

void append_header(std::string& out, std::string_view name, std::string_view value)
{
    const auto ends_line = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
    check(
        !name.empty() && std::none_of(name.begin(), name.end(),
                                      [&](char c) { return ends_line(c) || c == ':' || c == ' '; }),
        "header names are written in our source");
    check(std::none_of(value.begin(), value.end(), ends_line),
          "whoever sets a header has made sure that its value is one line");
    out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string_view HttpRequest::header(std::string_view lower_case_name) const
{
    for (const auto& [name, value] : headers) {
        if (name == lower_case_name) return value;
    }
    return {};
}

std::string render(const HttpResponse& response, bool keep_alive)
{
    check(response.status >= 200 && response.status <= 599, "we send final answers only");
    // RFC 9110, 6.4.1: these two never have a body, and 204 must not announce one.
    const bool bodiless = response.status == 204 || response.status == 304;
    std::string out;
    out.reserve(256 + response.body.size());
    out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    out.append(reason_of(response.status)).append("\r\n");
    if (!bodiless) {
        if (!response.content_type.empty()) {
            append_header(out, "Content-Type", response.content_type);
        }
        append_header(out, "Content-Length", std::to_string(response.body.size()));
    }
    append_header(out, "Connection", keep_alive ? "keep-alive" : "close");
    for (const auto& [name, value] : response.headers) append_header(out, name, value);
    out.append("\r\n");
    if (!bodiless) out.append(response.body);
    return out;
}

}  // namespace pool
