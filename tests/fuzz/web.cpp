#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pool/base/json.h"
#include "pool/base/result.h"
#include "pool/runtime/http_message.h"
#include "rpc/server_web.h"
#include "tests/fuzz/targets.h"
#include "tests/integration/rpc_fake_pool.h"

namespace tests::fuzz {
namespace {

// "*" is filled with what the input says.
constexpr std::array<std::string_view, 33> routes{"/api/v1/pool",
                                                  "/api/v1/pool/history",
                                                  "/api/v1/network",
                                                  "/api/v1/terms",
                                                  "/api/v1/luck",
                                                  "/api/v1/events",
                                                  "/api/v1/blocks",
                                                  "/api/v1/blocks/*",
                                                  "/api/v1/payouts",
                                                  "/api/v1/watch",
                                                  "/api/v1/openapi.json",
                                                  "/api/v1/users/*",
                                                  "/api/v1/users/*/events",
                                                  "/api/v1/users/*/window",
                                                  "/api/v1/users/miner/history",
                                                  "/api/v1/users/miner/workers",
                                                  "/api/v1/users/miner/workers/*",
                                                  "/api/v1/users/miner/workers/rig/history",
                                                  "/api/v1/users/miner/sites",
                                                  "/api/v1/users/miner/sites/*/history",
                                                  "/api/v1/users/miner/earnings",
                                                  "/api/v1/users/miner/payouts",
                                                  "/api/v1/*",
                                                  "/api/client/*",
                                                  "/api/client/miner/chart",
                                                  "/api/client/miner/*",
                                                  "/api/info/*",
                                                  "/api/*",
                                                  "/users/*",
                                                  "/pool/*",
                                                  "/connect.svg",
                                                  "/lang/*",
                                                  "/*"};

// Nothing of ours says so: where it comes back, the input does.
constexpr std::string_view mark = "x9q7";

std::string_view next_line(std::string_view& text)
{
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

/// As HttpParser hands it over: decoded, without NUL.
std::string decoded(std::string_view text)
{
    std::string out{text};
    std::erase(out, '\0');
    return out;
}

pool::HttpRequest request_of(Input input)
{
    const bool marked = (input[1] & 1) != 0;
    std::string_view text{reinterpret_cast<const char*>(input.data()) + 2, input.size() - 2};
    pool::HttpRequest request;
    request.keep_alive = false;  // else some answers come rendered
    request.method = (input[1] & 2) != 0 ? "HEAD" : "GET";
    request.path = routes.at(input[0] % routes.size());
    const std::string filling = decoded(next_line(text)) + std::string{marked ? mark : ""};
    if (const std::size_t at = request.path.find('*'); at != std::string::npos) {
        request.path.replace(at, 1, filling);
    }
    if ((input[1] & 4) != 0) {
        request.headers.emplace_back("authorization", "Bearer " + rpc::testing::both_token);
    }
    while (!text.empty()) {
        const std::string line = decoded(next_line(text));
        const std::size_t equals = std::min(line.find('='), line.size());
        std::string value = line.substr(std::min(equals + 1, line.size()));
        if (marked) value += mark;
        request.query.emplace_back(line.substr(0, equals), std::move(value));
    }
    return request;
}

bool is_json(std::string_view body)
{
    pool::JsonDocument document;
    return document.parse(body, {std::size_t{8} << 20, 64, 1 << 20}).has_value();
}

void check_refusal(const pool::HttpResponse& response)
{
    pool::check(response.status >= 400 && response.status < 500, "whoever asked is to blame");
    pool::check(response.content_type == "application/json", "a refusal is no page");
    pool::check(response.body.find(mark) == std::string::npos, "nor repeats what was asked");
    pool::check(response.body.find('<') == std::string::npos, "nor holds markup");
    pool::JsonDocument document;
    const auto refusal = document.parse(response.body, {4096, 8, 64});
    pool::check(refusal.has_value(), "a refusal is JSON");
    const auto message = refusal->find("error").find("message").string();
    pool::check(message && !message->empty(), "and says why");
}

void check_answer(const pool::HttpRequest& request, const pool::HttpResponse& response)
{
    for (const auto& [name, value] : response.headers) {
        pool::check((name + value).find_first_of("\r\n") == std::string::npos,
                    "headers are lines of their own");
        pool::check(value.find(mark) == std::string::npos, "and not the asker's");
    }
    if (response.status != 200) return check_refusal(response);
    const bool api = request.path.starts_with("/api/") || request.path.starts_with("/users/");
    if (!api) return;
    const bool events = response.content_type == rpc::event_stream_type;
    const std::string_view type{response.content_type};
    pool::check(events || type.starts_with("application/json"), "the API has no pages");
    if (!events) pool::check(is_json(response.body), "its answers are JSON");
}

}  // namespace

void web(Input input)
{
    if (input.size() < 2) return;
    rpc::testing::FakePool pool;
    rpc::WebEdge edge{pool, {}, [](std::vector<rpc::Metric>&) {}};
    const pool::HttpRequest request = request_of(input);
    std::optional<pool::HttpResponse> answer;
    int answers = 0;
    edge.handle(request, "192.0.2.7", [&](pool::HttpResponse response) {
        ++answers;
        answer = std::move(response);
    });
    if (pool.waiting) std::exchange(pool.waiting, nullptr)();  // an account that is slow
    pool::check(answers == 1, "who asks is answered once");
    check_answer(request, *answer);
}

}  // namespace tests::fuzz
