#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <llhttp.h>

#include "pool/runtime/http_line_scan.h"
#include "pool/runtime/http_message.h"
#include "pool/runtime/http_target.h"

namespace pool {

namespace {

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text)
{
    std::string out{text};
    std::transform(out.begin(), out.end(), out.begin(), to_lower);
    return out;
}

void trim_end(std::string& text)
{
    // npos + 1 is 0.
    text.resize(text.find_last_not_of(" \t") + 1);
}

}  // namespace

struct HttpParser::Impl {
    // tail: behind the last chunk, where trailers would be.
    enum class Phase : std::uint8_t { head, body, tail, closed, failed };

    explicit Impl(HttpLimits its_limits);
    Result<std::vector<HttpRequest>> feed(std::string_view bytes);

    // One run of llhttp, which our callbacks pause at the end of each head and each message.
    std::size_t step(std::string_view bytes, bool& paused);
    void fail_with(Error::Code code, std::string detail);
    void check_head();
    std::size_t count(std::string_view header_name) const;

    static Impl& of(llhttp_t* parser) { return *static_cast<Impl*>(parser->data); }
    static const llhttp_settings_t* settings();
    static int on_message_begin(llhttp_t* parser) noexcept;
    static int on_url(llhttp_t* parser, const char* at, std::size_t length) noexcept;
    static int on_header_field(llhttp_t* parser, const char* at, std::size_t length) noexcept;
    static int on_header_value(llhttp_t* parser, const char* at, std::size_t length) noexcept;
    static int on_header_value_complete(llhttp_t* parser) noexcept;
    static int on_headers_complete(llhttp_t* parser) noexcept;
    static int on_chunk_extension(llhttp_t* parser, const char* at, std::size_t length) noexcept;
    static int on_chunk_header(llhttp_t* parser) noexcept;
    static int on_body(llhttp_t* parser, const char* at, std::size_t length) noexcept;
    static int on_message_complete(llhttp_t* parser) noexcept;

    HttpLimits limits;
    llhttp_t llhttp{};
    Phase phase = Phase::head;
    std::size_t head_bytes = 0;  // of this head so far
    HttpLineScan lines;
    Error error;

    HttpRequest request;  // in the making
    std::string target;
    std::string name;
    std::string value;
    std::vector<HttpRequest> finished;
};

HttpParser::Impl::Impl(HttpLimits its_limits) : limits(its_limits)
{
    llhttp_init(&llhttp, HTTP_REQUEST, settings());
    llhttp.data = this;
}

Result<std::vector<HttpRequest>> HttpParser::Impl::feed(std::string_view bytes)
{
    bool paused = false;
    while (phase != Phase::failed && phase != Phase::closed && (paused || !bytes.empty())) {
        const bool in_head = phase == Phase::head;
        const bool in_lines = in_head || phase == Phase::tail;
        std::string_view slice = bytes;
        if (in_head) slice = slice.substr(0, limits.head_max - head_bytes);
        if (in_head && slice.empty() && !bytes.empty()) {
            fail_with(Error::Code::limit,
                      "request head over " + std::to_string(limits.head_max) + " bytes");
            break;
        }
        const std::size_t used = step(slice, paused);
        if (in_head) head_bytes += used;
        if (in_lines && !lines.take(slice.substr(0, used))) {
            fail_with(Error::Code::invalid, "bare CR or LF, NUL or folded line in the head");
        }
        bytes.remove_prefix(used);
    }
    if (phase == Phase::failed) return fail(error);
    return std::exchange(finished, {});
}

std::size_t HttpParser::Impl::step(std::string_view bytes, bool& paused)
{
    const llhttp_errno_t outcome = llhttp_execute(&llhttp, bytes.data(), bytes.size());
    paused = outcome == HPE_PAUSED;
    if (outcome == HPE_OK) return bytes.size();
    if (!paused) {
        const char* const reason = llhttp_get_error_reason(&llhttp);
        fail_with(Error::Code::invalid, reason != nullptr ? reason : llhttp_errno_name(outcome));
        return bytes.size();
    }
    const char* const stop = llhttp_get_error_pos(&llhttp);
    llhttp_resume(&llhttp);
    return static_cast<std::size_t>(stop - bytes.data());
}

// Keeps the first error: llhttp's own would only say that a callback refused.
void HttpParser::Impl::fail_with(Error::Code code, std::string detail)
{
    if (phase != Phase::failed) error = {code, std::move(detail)};
    phase = Phase::failed;
}

std::size_t HttpParser::Impl::count(std::string_view header_name) const
{
    const auto same = [&](const auto& header) { return header.first == header_name; };
    const auto found = std::count_if(request.headers.begin(), request.headers.end(), same);
    return static_cast<std::size_t>(found);
}

// What llhttp leaves to its user.
void HttpParser::Impl::check_head()
{
    const auto refuse = [this](const char* why) { fail_with(Error::Code::invalid, why); };
    const bool http_1_1 = llhttp.http_major == 1 && llhttp.http_minor == 1;
    const bool http_1_0 = llhttp.http_major == 1 && llhttp.http_minor == 0;
    if (!http_1_1 && !http_1_0) return refuse("HTTP/1.0 and HTTP/1.1 only");
    if (llhttp.method == HTTP_CONNECT) return refuse("this is no proxy");
    // RFC 9112, 3.2
    if (count("host") > 1 || (http_1_1 && count("host") == 0)) {
        return refuse("one Host header, please");
    }
    if (count("transfer-encoding") > 0) {
        // RFC 9112, 6.1 and 6.3: anything else frames the body in a way another reader may not see.
        const bool plain = count("transfer-encoding") == 1 && http_1_1 &&
                           lower(request.header("transfer-encoding")) == "chunked";
        if (!plain || count("content-length") > 0) return refuse("unclear body length");
    } else if (count("content-length") > 1) {
        return refuse("more than one Content-Length");
    } else if (count("content-length") == 1 && llhttp.content_length > limits.body_max) {
        return fail_with(Error::Code::limit,
                         "body over " + std::to_string(limits.body_max) + " bytes");
    }
    if (!read_target(target, request)) refuse("malformed request target");
}

const llhttp_settings_t* HttpParser::Impl::settings()
{
    static const llhttp_settings_t callbacks = [] {
        llhttp_settings_t out{};
        llhttp_settings_init(&out);
        out.on_message_begin = &Impl::on_message_begin;
        out.on_url = &Impl::on_url;
        out.on_header_field = &Impl::on_header_field;
        out.on_header_value = &Impl::on_header_value;
        out.on_header_value_complete = &Impl::on_header_value_complete;
        out.on_headers_complete = &Impl::on_headers_complete;
        out.on_chunk_extension_name = &Impl::on_chunk_extension;
        out.on_chunk_header = &Impl::on_chunk_header;
        out.on_body = &Impl::on_body;
        out.on_message_complete = &Impl::on_message_complete;
        return out;
    }();
    return &callbacks;
}

int HttpParser::Impl::on_message_begin(llhttp_t* parser) noexcept
{
    Impl& self = of(parser);
    self.request = {};
    self.target.clear();
    self.name.clear();
    self.value.clear();
    return HPE_OK;
}

int HttpParser::Impl::on_url(llhttp_t* parser, const char* at, std::size_t length) noexcept
{
    of(parser).target.append(at, length);
    return HPE_OK;
}

int HttpParser::Impl::on_header_field(llhttp_t* parser, const char* at, std::size_t length) noexcept
{
    Impl& self = of(parser);
    if (self.phase != Phase::head) {
        self.fail_with(Error::Code::invalid, "trailers are not accepted");
        return HPE_USER;
    }
    self.name.append(at, length);
    return HPE_OK;
}

int HttpParser::Impl::on_header_value(llhttp_t* parser, const char* at, std::size_t length) noexcept
{
    of(parser).value.append(at, length);
    return HPE_OK;
}

int HttpParser::Impl::on_header_value_complete(llhttp_t* parser) noexcept
{
    Impl& self = of(parser);
    if (self.name.empty()) {
        self.fail_with(Error::Code::invalid, "header without a name");
        return -1;
    }
    trim_end(self.value);
    self.request.headers.emplace_back(lower(self.name), std::exchange(self.value, {}));
    self.name.clear();
    return HPE_OK;
}

int HttpParser::Impl::on_headers_complete(llhttp_t* parser) noexcept
{
    Impl& self = of(parser);
    self.check_head();
    if (self.phase == Phase::failed) return -1;
    self.request.method =
        llhttp_method_name(static_cast<llhttp_method_t>(llhttp_get_method(parser)));
    // We speak nothing to upgrade to: a server may ignore the wish and answer as usual.
    parser->upgrade = 0;
    self.phase = Phase::body;
    return HPE_PAUSED;
}

int HttpParser::Impl::on_chunk_extension(llhttp_t* parser, const char*, std::size_t) noexcept
{
    of(parser).fail_with(Error::Code::invalid, "chunk extensions are not accepted");
    return HPE_USER;
}

int HttpParser::Impl::on_chunk_header(llhttp_t* parser) noexcept
{
    if (parser->content_length != 0) return HPE_OK;
    of(parser).phase = Phase::tail;
    return HPE_PAUSED;
}

int HttpParser::Impl::on_body(llhttp_t* parser, const char* at, std::size_t length) noexcept
{
    Impl& self = of(parser);
    if (length > self.limits.body_max - self.request.body.size()) {
        self.fail_with(Error::Code::limit,
                       "body over " + std::to_string(self.limits.body_max) + " bytes");
        return HPE_USER;
    }
    self.request.body.append(at, length);
    return HPE_OK;
}

int HttpParser::Impl::on_message_complete(llhttp_t* parser) noexcept
{
    Impl& self = of(parser);
    self.request.keep_alive = llhttp_should_keep_alive(parser) != 0;
    // After a request that closes nothing more is read, whatever follows it.
    self.phase = self.request.keep_alive ? Phase::head : Phase::closed;
    self.head_bytes = 0;
    self.finished.push_back(std::exchange(self.request, {}));
    return HPE_PAUSED;
}

HttpParser::HttpParser(HttpLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
HttpParser::~HttpParser() = default;
HttpParser::HttpParser(HttpParser&&) noexcept = default;
HttpParser& HttpParser::operator=(HttpParser&&) noexcept = default;

Result<std::vector<HttpRequest>> HttpParser::feed(std::string_view bytes)
{
    return impl_->feed(bytes);
}

}  // namespace pool
