#include "pool/share/redis_connection.h"

#include <chrono>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include <hiredis/async.h>

#include "pool/base/result.h"
#include "pool/runtime/host_name.h"

namespace pool {
namespace {

constexpr std::chrono::milliseconds connect_timeout{3000};
constexpr std::chrono::milliseconds answer_timeout{5000};

}  // namespace

struct RedisConnection::Impl {
    Loop& loop;
    RedisOptions options;
    Handlers handlers;

    redisAsyncContext* context = nullptr;
    bool up = false;
    FdEvents interest;
    Watch watch;
    Watch limit;
    std::string why;
    std::deque<std::function<void(const RedisReply&)>> waiting;
    bool looking_up = false;
    std::shared_ptr<const bool> alive = std::make_shared<const bool>(true);

    Impl(Loop& l, RedisOptions o, Handlers h)
        : loop(l), options(std::move(o)), handlers(std::move(h))
    {
    }

    void connect();
    void attach(redisAsyncContext* made);
    void log_in();
    void send(std::span<const std::string_view> words, std::function<void(const RedisReply&)> done);
    void set_interest(FdEvents wanted);
    void on_events(FdEvents events);
    void give_up(const std::string& reason);
    void restart_limit();
    void forget();

    static Impl* of(void* data) { return static_cast<Impl*>(data); }
    static void on_connect(const redisAsyncContext* context, int status) noexcept;
    static void on_reply(redisAsyncContext* context, void* reply, void*) noexcept;
    static void on_cleanup(void* data) noexcept;
    static void add_read(void* data) noexcept;
    static void delete_read(void* data) noexcept;
    static void add_write(void* data) noexcept;
    static void delete_write(void* data) noexcept;
};

// A host's address is asked for at each attempt: after a fail-over, or in a container that was made
// anew, the name stands for another one.
void RedisConnection::Impl::connect()
{
    if (context != nullptr || looking_up) return;
    why.clear();
    if (!options.socket.empty()) return attach(redisAsyncConnectUnix(options.socket.c_str()));
    looking_up = true;
    const std::weak_ptr<const bool> living = alive;
    look_up_host(loop, options.host, [this, living](const Result<std::string>& address) {
        if (living.expired() || !looking_up) return;
        looking_up = false;
        if (!address) return handlers.lost(address.error().detail);
        attach(redisAsyncConnect(address->c_str(), options.port));
    });
}

void RedisConnection::Impl::attach(redisAsyncContext* made)
{
    check(made != nullptr, "there is memory for a connection");
    if (made->err != 0) {
        const std::string reason = made->errstr;
        redisAsyncFree(made);
        return handlers.lost(reason);
    }
    context = made;
    context->data = this;
    context->ev.data = this;
    context->ev.addRead = &Impl::add_read;
    context->ev.delRead = &Impl::delete_read;
    context->ev.addWrite = &Impl::add_write;
    context->ev.delWrite = &Impl::delete_write;
    context->ev.cleanup = &Impl::on_cleanup;
    limit = loop.after(connect_timeout, [this] { give_up("no connection within 3 s"); });
    redisAsyncSetConnectCallback(context, &Impl::on_connect);
}

void RedisConnection::Impl::set_interest(FdEvents wanted)
{
    if (wanted.readable == interest.readable && wanted.writable == interest.writable) return;
    interest = wanted;
    // libuv takes a descriptor once: the old watch goes before the new one comes.
    watch.stop();
    if (!interest.readable && !interest.writable) return;
    watch = loop.watch_fd(context->c.fd, interest, [this](FdEvents events) { on_events(events); });
}

void RedisConnection::Impl::on_events(FdEvents events)
{
    // Each call may end in on_cleanup, after which there is no context.
    if (events.readable && context != nullptr) redisAsyncHandleRead(context);
    if (events.writable && context != nullptr) redisAsyncHandleWrite(context);
}

void RedisConnection::Impl::give_up(const std::string& reason)
{
    why = reason;
    if (context != nullptr) redisAsyncFree(context);
}

void RedisConnection::Impl::restart_limit()
{
    limit.stop();
    if (waiting.empty()) return;
    limit = loop.after(answer_timeout, [this] { give_up("no answer within 5 s"); });
}

void RedisConnection::Impl::forget()
{
    context = nullptr;
    up = false;
    interest = {};
    watch.stop();
    limit.stop();
    waiting.clear();
}

void RedisConnection::Impl::on_connect(const redisAsyncContext* context, int status) noexcept
{
    Impl* const impl = of(context->data);
    // A failed attempt goes on to on_cleanup by itself.
    if (impl == nullptr || status != REDIS_OK) return;
    impl->limit.stop();
    impl->log_in();
}

void RedisConnection::Impl::log_in()
{
    const auto begin = [this] {
        up = true;
        handlers.connected();
    };
    const std::vector<std::string_view> words = auth_words(options);
    if (words.empty()) return begin();
    send(words, [this, begin](const RedisReply& reply) {
        if (!reply.is_error()) return begin();
        give_up("it refuses redis.user and redis.password (" + reply.text + ")");
    });
}

void RedisConnection::Impl::send(std::span<const std::string_view> words,
                                 std::function<void(const RedisReply&)> done)
{
    std::vector<const char*> texts;
    std::vector<std::size_t> lengths;
    for (const std::string_view word : words) {
        texts.push_back(word.data());
        lengths.push_back(word.size());
    }
    waiting.push_back(std::move(done));
    redisAsyncCommandArgv(context, &Impl::on_reply, nullptr, static_cast<int>(texts.size()),
                          texts.data(), lengths.data());
    if (waiting.size() == 1) restart_limit();
}

void RedisConnection::Impl::on_reply(redisAsyncContext* context, void* reply, void*) noexcept
{
    Impl* const impl = of(context->data);
    // No reply means that the connection is going: on_cleanup follows.
    if (impl == nullptr || reply == nullptr) return;
    const auto done = std::move(impl->waiting.front());
    impl->waiting.pop_front();
    impl->restart_limit();
    done(copy_reply(static_cast<const redisReply*>(reply)));
}

void RedisConnection::Impl::on_cleanup(void* data) noexcept
{
    Impl* const impl = of(data);
    if (impl == nullptr) return;
    std::string reason = impl->why;
    if (reason.empty()) {
        const char* said = impl->context->c.errstr;
        reason = said[0] != '\0' ? said : "connection closed";
    }
    impl->forget();
    impl->handlers.lost(reason);
}

void RedisConnection::Impl::add_read(void* data) noexcept
{
    Impl* const impl = of(data);
    impl->set_interest({true, impl->interest.writable});
}

void RedisConnection::Impl::delete_read(void* data) noexcept
{
    Impl* const impl = of(data);
    impl->set_interest({false, impl->interest.writable});
}

void RedisConnection::Impl::add_write(void* data) noexcept
{
    Impl* const impl = of(data);
    impl->set_interest({impl->interest.readable, true});
}

void RedisConnection::Impl::delete_write(void* data) noexcept
{
    Impl* const impl = of(data);
    impl->set_interest({impl->interest.readable, false});
}

RedisConnection::RedisConnection(Loop& loop, RedisOptions options, Handlers handlers)
    : impl_(std::make_unique<Impl>(loop, std::move(options), std::move(handlers)))
{
}

RedisConnection::~RedisConnection() { close(); }

void RedisConnection::connect() { impl_->connect(); }

void RedisConnection::close()
{
    redisAsyncContext* const context = impl_->context;
    impl_->looking_up = false;
    if (context == nullptr) return;
    impl_->forget();
    // From inside a reply hiredis frees it later: it must not find us then.
    context->data = nullptr;
    context->ev = {};
    redisAsyncFree(context);
}

bool RedisConnection::connected() const { return impl_->up; }

void RedisConnection::command(std::span<const std::string_view> words,
                              std::function<void(const RedisReply&)> done)
{
    check(impl_->up, "commands are sent on a connection that is there");
    impl_->send(words, std::move(done));
}

}  // namespace pool
