#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pool/runtime/http_message.h"
#include "rpc/answer_cache.h"
#include "rpc/pool_view.h"
#include "rpc/server_site.h"

/// What all answers of the web listener have in common. Nothing that a request holds comes back.
namespace rpc {

/// Who may keep an answer: anybody for five seconds, or only who asked, and not without asking
/// anew.
enum class Shown : std::uint8_t { to_everybody, to_bearer };

pool::HttpResponse ok_response(std::string content_type, std::string body, std::string_view cache);

/// Pages of any origin may read it, and the headers of it that the API's answers have.
void open_to_pages(pool::HttpResponse& response);

/// Of a stream: an event of that name. json: in one line.
std::string event_text(std::string_view name, std::string_view json);
/// A stream that begins with these events.
pool::HttpResponse event_response(std::string events);

AnswerPtr name_answer(std::string body);
/// Is the answer of this name among those that If-None-Match has: a list, weak names too, or "*"?
bool holds_tag(std::string_view if_none_match, std::string_view tag);
/// Everybody may read the API from their own page. known_tag: what If-None-Match holds.
pool::HttpResponse api_ok(const RenderedAnswer& answer, std::string_view known_tag, Shown shown);
pool::HttpResponse api_error(int status, std::string_view code, std::string_view message);
/// An error of the view, without its detail: that is a sentence for operators.
pool::HttpResponse api_error(const pool::Error& error);
pool::HttpResponse too_many();

/// "/a/b/c" -> a, b, c; what is between the slashes may be empty.
std::vector<std::string_view> segments(std::string_view path);

std::optional<std::uint32_t> whole_number(std::string_view text, std::uint32_t min,
                                          std::uint32_t max);
/// The number that parameter `name` of the query holds: `absent` without it, nothing for what is
/// no number of min to max.
std::optional<std::uint32_t> query_number(const pool::HttpRequest& request, std::string_view name,
                                          std::uint32_t min, std::uint32_t max,
                                          std::uint32_t absent);
std::string_view query_text(const pool::HttpRequest& request, std::string_view name);
/// Of `range` and `step`: see history_span().
std::optional<HistorySpan> span_of(const pool::HttpRequest& request, HistoryOf of);

/// Who has asked, and how, as far as the form of an answer depends on it.
struct Asked {
    Asked(const pool::HttpRequest& request, std::string peer);
    std::string host;       ///< the peer's address
    std::string known_tag;  ///< of If-None-Match
    bool plainly = false;   ///< by GET, and the connection stays: what most do
};
/// Passes an answer on to who asked, and its error.
AnswerCache::Take reply(Asked asked, Shown shown, Respond respond);

/// What a PoolView is asked with: passes its answer on as JSON, and its error.
template <typename T, typename Render>
PoolView::Done<T> rendered(AnswerCache::Take take, Render render)
{
    return [take = std::move(take), render = std::move(render)](pool::Result<T> result) {
        if (!result) return take(pool::fail(std::move(result.error())));
        take(name_answer(render(*result)));
    };
}

}  // namespace rpc
