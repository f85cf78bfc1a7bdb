#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pool/base/result.h"

namespace pool {

struct HttpRequest {
    std::string method;  ///< "GET"
    std::string path;    ///< percent-decoded, without the query; always starts with '/'
    std::vector<std::pair<std::string, std::string>> query;    ///< decoded, in order
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string body;
    bool keep_alive = true;

    std::string_view header(std::string_view lower_case_name) const;  ///< "" when absent
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::string body{};
    std::vector<std::pair<std::string, std::string>> headers{};  ///< beyond the usual ones
    /// Instead of all of the above: rendered before, keep_alive, for who asked by GET. render()
    /// knows nothing of it.
    std::shared_ptr<const std::string> whole{};
};

/// Status line, Content-Type, Content-Length, Connection, the given headers, body.
/// Header values with CR or LF are a bug (checked).
std::string render(const HttpResponse& response, bool keep_alive);

struct HttpLimits {
    std::size_t head_max = std::size_t{16} << 10;  ///< request line and headers together
    std::size_t body_max = std::size_t{256} << 10;
};

/// HTTP/1.0 and 1.1 requests out of a byte stream, over llhttp in its strict mode. Pure: no socket.
///
/// Stricter than the protocol asks, so that nobody before us can read the same bytes as other
/// requests: no folded headers, no bare CR or LF, one Host, no encoding but one `chunked`, no chunk
/// extensions, no trailers, targets start with '/'. Wishes to upgrade are ignored.
class HttpParser {
public:
    explicit HttpParser(HttpLimits limits = {});
    ~HttpParser();
    HttpParser(HttpParser&&) noexcept;
    HttpParser& operator=(HttpParser&&) noexcept;

    /// Whole requests that `bytes` completed, in order. After one without keep_alive the rest of
    /// the stream is ignored.
    /// Errors (they win over requests before them in `bytes`): invalid (answer 400 and close),
    /// limit (413 and close). After one, feed no more.
    Result<std::vector<HttpRequest>> feed(std::string_view bytes);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace pool
