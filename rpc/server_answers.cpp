#include "rpc/server_answers.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

namespace rpc {
namespace {

using pool::HttpRequest;
using pool::HttpResponse;

/// Names a body: FNV-1a, so that every server of a pool gives the same bytes the same name.
std::string etag(std::string_view body)
{
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : body) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
    std::array<char, 20> text{};
    std::snprintf(text.data(), text.size(), "\"%016llx\"", static_cast<unsigned long long>(hash));
    return text.data();
}

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view blanks = " \t";
    const std::size_t begin = std::min(text.find_first_not_of(blanks), text.size());
    return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

}  // namespace

// RFC 9110, 13.1.2. Proxies that compress make weak names of strong ones: they mean the same here.
bool holds_tag(std::string_view if_none_match, std::string_view tag)
{
    if (trimmed(if_none_match) == "*") return true;
    while (!if_none_match.empty()) {
        const std::size_t comma = std::min(if_none_match.find(','), if_none_match.size());
        std::string_view each = trimmed(if_none_match.substr(0, comma));
        if (each.starts_with("W/")) each.remove_prefix(2);
        if (each == tag) return true;
        if_none_match.remove_prefix(std::min(comma + 1, if_none_match.size()));
    }
    return false;
}

HttpResponse ok_response(std::string content_type, std::string body, std::string_view cache)
{
    HttpResponse response;
    response.content_type = std::move(content_type);
    response.body = std::move(body);
    response.headers.emplace_back("Cache-Control", cache);
    return response;
}

void open_to_pages(HttpResponse& response)
{
    response.headers.emplace_back("Access-Control-Allow-Origin", "*");
    response.headers.emplace_back("Access-Control-Expose-Headers",
                                  "ETag, Retry-After, WWW-Authenticate");
}

AnswerPtr name_answer(std::string body)
{
    std::string tag = etag(body);
    return std::make_shared<const RenderedAnswer>(
        RenderedAnswer{std::move(body), std::move(tag), {}});
}

HttpResponse api_ok(const RenderedAnswer& answer, std::string_view known_tag, Shown shown)
{
    const bool everybody = shown == Shown::to_everybody;
    HttpResponse response = ok_response("application/json", answer.body,
                                        everybody ? "public, max-age=5" : "private, no-cache");
    if (!everybody) response.headers.emplace_back("Vary", "Authorization");
    if (holds_tag(known_tag, answer.tag)) response.status = 304;  // render() leaves the body out
    response.headers.emplace_back("ETag", answer.tag);
    open_to_pages(response);
    return response;
}

namespace {

/// The same bytes for all who ask so.
HttpResponse rendered_once(const RenderedAnswer& answer, Shown shown)
{
    std::shared_ptr<const std::string>& whole = answer.whole.at(static_cast<std::size_t>(shown));
    if (whole == nullptr) {
        HttpResponse response = api_ok(answer, "", shown);
        add_security_headers(response);
        whole = std::make_shared<const std::string>(pool::render(response, true));
    }
    HttpResponse response;
    response.whole = whole;
    return response;
}

}  // namespace

Asked::Asked(const HttpRequest& request, std::string peer)
    : host(std::move(peer)),
      known_tag(request.header("if-none-match")),
      plainly(request.method == "GET" && request.keep_alive)
{
}

std::string event_text(std::string_view name, std::string_view json)
{
    return "event: " + std::string{name} + "\ndata: " + std::string{json} + "\n\n";
}

HttpResponse event_response(std::string events)
{
    HttpResponse response =
        ok_response(std::string{event_stream_type}, std::move(events), "no-store");
    open_to_pages(response);
    return response;
}

AnswerCache::Take reply(Asked asked, Shown shown, Respond respond)
{
    return [asked = std::move(asked), shown,
            respond = std::move(respond)](const pool::Result<AnswerPtr>& answer) {
        if (!answer) return respond(api_error(answer.error()));
        if (asked.plainly && !holds_tag(asked.known_tag, (*answer)->tag)) {
            return respond(rendered_once(**answer, shown));
        }
        respond(api_ok(**answer, asked.known_tag, shown));
    };
}

HttpResponse api_error(int status, std::string_view code, std::string_view message)
{
    HttpResponse response = error_response(status, code, message);
    open_to_pages(response);
    return response;
}

HttpResponse api_error(const pool::Error& error)
{
    if (error.code == pool::Error::Code::not_found || error.code == pool::Error::Code::invalid) {
        return api_error(404, "not_found", "nothing is known of it");
    }
    if (error.code == pool::Error::Code::limit) return too_many();
    HttpResponse response = api_error(503, "unavailable", "the pool cannot tell right now");
    response.headers.emplace_back("Retry-After", "5");
    return response;
}

HttpResponse too_many()
{
    HttpResponse response = api_error(429, "too_many_requests", "this address asks too often");
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

std::vector<std::string_view> segments(std::string_view path)
{
    std::vector<std::string_view> out;
    while (path.starts_with('/')) {
        path.remove_prefix(1);
        const std::size_t end = std::min(path.find('/'), path.size());
        out.push_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return out;
}

std::optional<std::uint32_t> whole_number(std::string_view text, std::uint32_t min,
                                          std::uint32_t max)
{
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    if (!whole || value < min || value > max) return std::nullopt;
    return value;
}

std::optional<std::uint32_t> query_number(const HttpRequest& request, std::string_view name,
                                          std::uint32_t min, std::uint32_t max,
                                          std::uint32_t absent)
{
    for (const auto& [key, text] : request.query) {
        if (key == name) return whole_number(text, min, max);
    }
    return absent;
}

std::string_view query_text(const HttpRequest& request, std::string_view name)
{
    for (const auto& [key, text] : request.query) {
        if (key == name) return text;
    }
    return {};
}

std::optional<HistorySpan> span_of(const HttpRequest& request, HistoryOf of)
{
    return history_span(query_text(request, "range"), query_text(request, "step"), of);
}

}  // namespace rpc
