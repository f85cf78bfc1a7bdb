#include "rpc/cli/call.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "pool/base/json.h"
#include "pool/runtime/http_client.h"
#include "pool/runtime/loop.h"
#include "rpc/auth.h"
#include "rpc/cookie.h"
#include "rpc/method.h"

namespace rpc::cli {
namespace {

using pool::Error;
using pool::fail;

constexpr std::chrono::milliseconds pause_between_attempts{500};
// libcurl's number of milliseconds may have 32 bits.
constexpr std::chrono::hours for_ever{24 * 20};

pool::Result<Outcome> read_answer(const pool::HttpAnswer& answer)
{
    if (answer.status == 401) {
        return fail(Error::Code::refused, "zubrd does not know this user, password or cookie");
    }
    if (answer.status == 403) {
        return fail(Error::Code::refused, "zubrd takes no calls from this address (admin.allow)");
    }
    if (answer.status == 429) {
        return fail(Error::Code::refused, "too many wrong passwords from here: wait two seconds");
    }
    const auto json = nlohmann::ordered_json::parse(answer.body, nullptr, false);
    if (answer.status != 200 || !json.is_object()) {
        return fail(Error::Code::invalid, "what answers there is no zubrd (HTTP status " +
                                              std::to_string(answer.status) + ")");
    }
    if (json.contains("error")) return Outcome{"", json["error"].dump()};
    if (!json.contains("result")) return fail(Error::Code::invalid, "the answer has no result");
    return Outcome{json["result"].dump(), ""};
}

// Asked until it is answered: what the caller wants may have been done though no answer came, and
// is sent once.
constexpr const char* question_of_waiting =
    R"({"jsonrpc":"2.0","id":0,"method":"uptime","params":[]})";

/// Is it worth asking again: nobody there yet, or somebody who is still starting?
bool not_there_yet(const pool::Result<Outcome>& outcome)
{
    if (!outcome) {
        return outcome.error().code == Error::Code::unavailable ||
               outcome.error().code == Error::Code::not_found;
    }
    if (outcome->error.empty()) return false;
    const auto error = nlohmann::json::parse(outcome->error, nullptr, false);
    return error.value("code", 0) == static_cast<int>(ErrorCode::not_ready);
}

/// One run of a call, and of the questions before it.
class Caller {
public:
    Caller(const Server& server, std::string request)
        : server_(server),
          waiting_(server.wait),
          request_(std::move(request)),
          http_(std::make_unique<pool::HttpClient>(loop_))
    {
    }

    pool::Result<Outcome> run()
    {
        loop_.post([this] { attempt(); });
        loop_.run();
        http_.reset();
        return std::move(outcome_);
    }

private:
    void attempt()
    {
        pool::HttpCall call;
        call.url = "http://" + to_string(server_.endpoint) + "/";
        call.unix_socket = server_.socket;
        call.body = waiting_ ? question_of_waiting : request_;
        call.user = server_.user;
        call.password = server_.password;
        call.deadline = server_.patience.count() == 0 ? std::chrono::milliseconds{for_ever}
                                                      : std::chrono::milliseconds{server_.patience};
        if (server_.user.empty()) {
            pool::Result<std::string> secret = read_cookie(server_.cookie_file);
            if (!secret) return finish(fail(std::move(secret.error())));
            call.user = cookie_user;
            call.password = std::move(*secret);
        }
        http_->call(std::move(call), [this](pool::Result<pool::HttpAnswer> answer) {
            if (!answer) return finish(fail(std::move(answer.error())));
            finish(read_answer(*answer));
        });
    }

    // On a connection of its own: one that was used before and is closed without an answer is what
    // libcurl would send a request on again.
    void send_once()
    {
        http_ = std::make_unique<pool::HttpClient>(loop_);
        attempt();
    }

    void finish(pool::Result<Outcome> outcome)
    {
        if (waiting_ && not_there_yet(outcome)) {
            pause_ = loop_.after(pause_between_attempts, [this] { attempt(); });
            return;
        }
        // A refusal, of a wrong password say, is what the call would meet as well.
        if (std::exchange(waiting_, false) && outcome) return loop_.post([this] { send_once(); });
        outcome_ = std::move(outcome);
        loop_.stop();
    }

    const Server& server_;
    bool waiting_;
    std::string request_;
    pool::Loop loop_;
    std::unique_ptr<pool::HttpClient> http_;
    pool::Watch pause_;
    // The loop ends with another only.
    pool::Result<Outcome> outcome_ = pool::fail(pool::Error::Code::unavailable, "no answer");
};

}  // namespace

pool::Result<Outcome> call(const Server& server, const std::string& request)
{
    return Caller{server, request}.run();
}

}  // namespace rpc::cli
