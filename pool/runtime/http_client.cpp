#include "pool/runtime/http_client.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <curl/curl.h>

namespace pool {

namespace {

using Done = std::function<void(Result<HttpAnswer>)>;

// A dead host should be known long before the deadline of a long poll.
constexpr std::chrono::milliseconds connect_deadline{10'000};
constexpr std::size_t spare_handles_max = 16;
constexpr long kept_connections_max = 32;

/// For error sentences: user name, password and query stay out of logs.
std::string without_secrets(std::string_view url)
{
    url = url.substr(0, url.find_first_of("?#"));
    const std::size_t scheme = url.find("://");
    const std::size_t authority = scheme == std::string_view::npos ? 0 : scheme + 3;
    const std::size_t authority_end = std::min(url.find('/', authority), url.size());
    const std::size_t at = url.substr(0, authority_end).rfind('@');
    if (at == std::string_view::npos || at < authority) return std::string{url};
    return std::string{url.substr(0, authority)} + std::string{url.substr(at + 1)};
}

struct FreeHeaders {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Headers = std::unique_ptr<curl_slist, FreeHeaders>;

struct Flight {
    HttpCall call;
    Done done;
    std::string body;
    bool over_limit = false;
    Headers headers{};
};

struct Landed {
    Done done;
    Result<HttpAnswer> answer;
};

std::size_t on_answer_bytes(char* bytes, std::size_t, std::size_t count, void* user) noexcept
{
    Flight& flight = *static_cast<Flight*>(user);
    if (count > flight.call.answer_max - flight.body.size()) {
        flight.over_limit = true;
        return CURL_WRITEFUNC_ERROR;
    }
    flight.body.append(bytes, count);
    return count;
}

long at_least_1_ms(std::chrono::milliseconds span)
{
    // To libcurl 0 means "no deadline".
    return static_cast<long>(std::max<std::chrono::milliseconds::rep>(span.count(), 1));
}

void add_header(Headers& headers, const std::string& line)
{
    check(line.find_first_of("\r\n") == std::string::npos, "a header is one line");
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
}

void prepare(CURL* easy, Flight& flight)
{
    const HttpCall& call = flight.call;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, &flight);
    curl_easy_setopt(easy, CURLOPT_URL, call.url.c_str());
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, call.https ? "http,https" : "http");
    if (!call.unix_socket.empty()) {
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, call.unix_socket.c_str());
    }
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    // Names are looked up by threads of libcurl's: what gives up does not wait for them.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, at_least_1_ms(call.deadline));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     at_least_1_ms(std::min(call.deadline, connect_deadline)));
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_answer_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &flight);
    const std::string& body = call.shared_body ? *call.shared_body : call.body;
    if (!body.empty()) {
        add_header(flight.headers, "Content-Type: application/json");
        // Without it libcurl waits up to a second for a "100 Continue" before it sends a block.
        add_header(flight.headers, "Expect:");
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());  // not copied: flight's
    }
    for (const std::string& line : call.headers) add_header(flight.headers, line);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, flight.headers.get());
    if (!call.user.empty()) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
        curl_easy_setopt(easy, CURLOPT_USERNAME, call.user.c_str());
        curl_easy_setopt(easy, CURLOPT_PASSWORD, call.password.c_str());
    }
}

Result<HttpAnswer> outcome(CURL* easy, CURLcode code, Flight& flight)
{
    const HttpCall& call = flight.call;
    const std::string url = without_secrets(call.url);
    if (flight.over_limit) {
        return fail(Error::Code::limit,
                    url + " answered with more than " + std::to_string(call.answer_max) + " bytes");
    }
    switch (code) {
        case CURLE_OK: {
            long status = 0;
            curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
            return HttpAnswer{static_cast<int>(status), std::move(flight.body)};
        }
        case CURLE_OPERATION_TIMEDOUT:
            return fail(
                Error::Code::unavailable,
                url + " did not answer within " + std::to_string(call.deadline.count()) + " ms");
        case CURLE_COULDNT_CONNECT: {
            long system_error = 0;
            curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &system_error);
            return fail(Error::Code::unavailable,
                        url + (system_error == ECONNREFUSED ? " refused the connection"
                                                            : " cannot be reached"));
        }
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
            return fail(Error::Code::invalid, url + " is no http:// address");
        default:
            return fail(Error::Code::unavailable, url + ": " + curl_easy_strerror(code));
    }
}

}  // namespace

struct HttpClient::Impl {
    struct Core;
    std::shared_ptr<Core> core;  // shared with the running callback, which may drop the client
};

struct HttpClient::Impl::Core {
    explicit Core(Loop& its_loop) : loop(its_loop) {}

    void open();
    void close();
    void start(HttpCall call, Done done);
    void act(curl_socket_t socket, int events);
    Landed land(CURL* easy, CURLcode code);
    CURL* take_handle();
    void give_back(CURL* easy);
    static int on_socket(CURL*, curl_socket_t socket, int what, void* user, void*) noexcept;
    static int on_timer(CURLM*, long delay_ms, void* user) noexcept;

    Loop& loop;
    CURLM* multi = nullptr;
    Watch timer;
    std::unordered_map<curl_socket_t, Watch> sockets;
    std::unordered_map<CURL*, std::unique_ptr<Flight>> flights;
    std::vector<CURL*> spare;
    bool dropped = false;
    std::weak_ptr<Core> self;
};

void HttpClient::Impl::Core::open()
{
    // Once a process, before the first handle; libcurl keeps it till the end.
    static const bool curl_is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    check(curl_is_ready, "libcurl starts");
    multi = curl_multi_init();
    check(multi != nullptr, "there is memory");
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Core::on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Core::on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, kept_connections_max);
}

void HttpClient::Impl::Core::close()
{
    dropped = true;
    sockets.clear();
    timer.stop();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, nullptr);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, nullptr);
    for (const auto& [easy, flight] : flights) {
        curl_multi_remove_handle(multi, easy);
        curl_easy_cleanup(easy);
    }
    for (CURL* easy : spare) curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
    // What the callbacks of the calls hold may be the last to hold something of ours.
    std::exchange(flights, {}).clear();
}

void HttpClient::Impl::Core::start(HttpCall call, Done done)
{
    auto flight = std::make_unique<Flight>(Flight{std::move(call), std::move(done), {}});
    CURL* const easy = take_handle();
    prepare(easy, *flight);
    flights[easy] = std::move(flight);
    // Runs nothing yet but on_timer, which asks the loop for a turn.
    const CURLMcode added = curl_multi_add_handle(multi, easy);
    check(added == CURLM_OK, "a fresh handle can be added");
}

CURL* HttpClient::Impl::Core::take_handle()
{
    if (!spare.empty()) {
        CURL* const easy = spare.back();
        spare.pop_back();
        return easy;
    }
    CURL* const easy = curl_easy_init();
    check(easy != nullptr, "there is memory");
    return easy;
}

void HttpClient::Impl::Core::give_back(CURL* easy)
{
    if (spare.size() >= spare_handles_max) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);  // the connection stays, in multi
    spare.push_back(easy);
}

Landed HttpClient::Impl::Core::land(CURL* easy, CURLcode code)
{
    const auto entry = flights.find(easy);
    const std::unique_ptr<Flight> flight = std::move(entry->second);
    flights.erase(entry);
    Landed landed{std::move(flight->done), outcome(easy, code, *flight)};
    curl_multi_remove_handle(multi, easy);
    give_back(easy);
    return landed;
}

void HttpClient::Impl::Core::act(curl_socket_t socket, int events)
{
    int running = 0;
    curl_multi_socket_action(multi, socket, events, &running);
    std::vector<Landed> landed;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode code = message->data.result;
        landed.push_back(land(message->easy_handle, code));
    }
    // Only now, with libcurl at rest: a callback may start calls or drop the client.
    for (Landed& one : landed) {
        if (dropped) return;
        one.done(std::move(one.answer));
    }
}

int HttpClient::Impl::Core::on_socket(CURL*, curl_socket_t socket, int what, void* user,
                                      void*) noexcept
{
    Core& core = *static_cast<Core*>(user);
    core.sockets.erase(socket);
    if (what == CURL_POLL_REMOVE) return 0;
    const FdEvents interest{.readable = (what & CURL_POLL_IN) != 0,
                            .writable = (what & CURL_POLL_OUT) != 0};
    core.sockets[socket] =
        core.loop.watch_fd(socket, interest, [weak = core.self, socket](FdEvents events) {
            const auto held = weak.lock();
            if (!held) return;
            held->act(socket, (events.readable ? CURL_CSELECT_IN : 0) |
                                  (events.writable ? CURL_CSELECT_OUT : 0));
        });
    return 0;
}

int HttpClient::Impl::Core::on_timer(CURLM*, long delay_ms, void* user) noexcept
{
    Core& core = *static_cast<Core*>(user);
    core.timer.stop();
    if (delay_ms < 0) return 0;
    core.timer = core.loop.after(std::chrono::milliseconds{delay_ms}, [weak = core.self] {
        if (const auto held = weak.lock()) held->act(CURL_SOCKET_TIMEOUT, 0);
    });
    return 0;
}

HttpClient::HttpClient(Loop& loop) : impl_(std::make_unique<Impl>())
{
    impl_->core = std::make_shared<Impl::Core>(loop);
    impl_->core->self = impl_->core;
    impl_->core->open();
}

HttpClient::~HttpClient() { impl_->core->close(); }

void HttpClient::call(HttpCall call, std::function<void(Result<HttpAnswer>)> done)
{
    impl_->core->start(std::move(call), std::move(done));
}

}  // namespace pool
