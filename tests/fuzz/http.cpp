#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pool/base/json.h"
#include "pool/base/result.h"
#include "pool/runtime/http_message.h"
#include "rpc/router.h"
#include "tests/fuzz/targets.h"

namespace tests::fuzz {
namespace {

constexpr pool::JsonLimits generous{std::size_t{8} << 20, 64, 1 << 20};

bool same(const pool::HttpRequest& a, const pool::HttpRequest& b)
{
    return a.method == b.method && a.path == b.path && a.query == b.query &&
           a.headers == b.headers && a.body == b.body && a.keep_alive == b.keep_alive;
}

using Requests = std::vector<pool::HttpRequest>;

// Nothing after an error.
std::optional<Requests> parse(std::string_view stream, std::size_t piece)
{
    pool::HttpParser parser{{.head_max = 2048, .body_max = 4096}};
    Requests all;
    while (!stream.empty()) {
        const std::string_view part = stream.substr(0, piece);
        stream.remove_prefix(part.size());
        auto requests = parser.feed(part);
        if (!requests) return std::nullopt;
        std::move(requests->begin(), requests->end(), std::back_inserter(all));
    }
    return all;
}

void check_requests(const Requests& requests)
{
    for (const pool::HttpRequest& request : requests) {
        pool::check(request.path.starts_with('/'), "a path begins at the root");
        pool::check(request.body.size() <= 4096, "a body within its bound");
        for (const auto& [name, value] : request.headers) {
            const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
            pool::check(std::none_of(name.begin(), name.end(), upper), "names in lower case");
            pool::check(value.find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos,
                        "a value is one line");
        }
    }
}

rpc::Method adding()
{
    rpc::Method method;
    method.name = "add";
    method.params = {{.name = "a", .type = rpc::ParamType::integer, .max = 100, .doc = "one"},
                     {.name = "who", .required = false, .length_max = 8, .doc = "whom"},
                     {.name = "flag",
                      .type = rpc::ParamType::boolean,
                      .required = false,
                      .default_value = true,
                      .doc = "whether"}};
    method.doc = "Adds.";
    method.handler = [](const rpc::Caller&, const rpc::Arguments& given, const rpc::Reply& reply) {
        pool::check(given.integer(0) <= 100, "parameters are checked before");
        const auto who = given.optional_text(1);
        pool::check(!who || who->size() <= 8, "texts likewise");
        reply(std::to_string(given.integer(0)));
    };
    return method;
}

void check_call(std::string_view text)
{
    rpc::Router router;
    router.add(adding());
    std::size_t answers = 0;
    std::optional<std::string> answer;
    router.call(text, {"boss", rpc::Role::admin}, [&](std::optional<std::string> reply) {
        ++answers;
        answer = std::move(reply);
    });
    pool::check(answers == 1, "a call is answered once");
    pool::check(router.counts().active == 0, "and is over then");
    if (!answer) return;
    pool::JsonDocument document;
    const auto reply = document.parse(*answer, generous);
    pool::check(reply.has_value(), "an answer is JSON");
    const bool batch = reply->type() == pool::JsonValue::Type::array;
    pool::check(!batch || (reply->size() > 0 && reply->size() <= rpc::Router::batch_max),
                "of as many as asked, and not of none");
    const pool::JsonValue one = batch ? reply->at(0) : *reply;
    pool::check(one.find("result").exists() != one.find("error").exists(), "a result or an error");
}

}  // namespace

void http(Input input)
{
    if (input.empty()) return;
    const std::string_view stream{reinterpret_cast<const char*>(input.data()) + 1,
                                  input.size() - 1};
    check_call(stream);
    const auto whole = parse(stream, stream.size() + 1);
    const auto cut = parse(stream, piece_bytes(input[0], stream.size() + 1));
    if (cut) check_requests(*cut);
    if (!whole) return;
    pool::check(cut.has_value(), "what is good at once is good in pieces");
    pool::check(std::equal(whole->begin(), whole->end(), cut->begin(), cut->end(), same),
                "requests do not depend on how the stream is cut");
    for (const pool::HttpRequest& request : *whole) check_call(request.body);
}

}  // namespace tests::fuzz
