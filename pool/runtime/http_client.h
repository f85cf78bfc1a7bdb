#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pool/base/result.h"
#include "pool/runtime/loop.h"

namespace pool {

struct HttpCall {
    std::string url{};
    bool https = false;         ///< the URL may be an https:// one; certificates are checked
    std::string unix_socket{};  ///< connects to this path, whatever host the URL names
    std::string body{};         ///< POSTed as application/json; GET when empty
    std::shared_ptr<const std::string> shared_body{};  ///< instead: one text for several calls
    std::string user{};                                ///< basic authentication when not empty
    std::string password{};
    std::vector<std::string> headers{};  ///< "Name: value", besides the usual ones
    std::chrono::milliseconds deadline{30'000};
    std::size_t answer_max = std::size_t{64} << 20;
};

struct HttpAnswer {
    int status = 0;
    std::string body;
};

/// libcurl's multi interface on our loop: keep-alive connections, deadlines, many calls at once.
/// Belongs to the loop's thread. Dropping it drops all calls without their callbacks.
class HttpClient {
public:
    explicit HttpClient(Loop& loop);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    /// `done` is called once, from the loop, never from inside call().
    /// Any status is an answer. Errors, in sentences that name the URL without user, password and
    /// query: unavailable (refused, reset, deadline passed: says which), limit (answer_max),
    /// invalid (no http:// URL, or https:// where it may be).
    void call(HttpCall call, std::function<void(Result<HttpAnswer>)> done);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pool
