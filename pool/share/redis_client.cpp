#include "pool/share/redis_client.h"

#include <signal.h>
#include <string>
#include <sys/time.h>
#include <thread>
#include <utility>
#include <vector>

#include <hiredis/hiredis.h>

#include "pool/base/log.h"

namespace pool {
namespace {

constexpr timeval connect_timeout{3, 0};
constexpr timeval command_timeout{5, 0};

std::string place_of(const RedisOptions& options)
{
    if (!options.socket.empty()) return options.socket;
    return options.host + ":" + std::to_string(options.port);
}

bool is_loading(const RedisReply& reply)
{
    return reply.is_error() && reply.text.starts_with("LOADING");
}

/// A setting by CONFIG GET; empty when the server does not tell (some hosted ones do not).
Result<std::string> setting(RedisClient& redis, std::string_view name)
{
    auto reply = redis.command({"CONFIG", "GET", name});
    if (!reply) return fail(reply.error());
    if (is_loading(*reply)) {
        return fail(Error::Code::unavailable, "Redis is loading its data: " + reply->text);
    }
    const RedisReply* value = reply->field(name);
    return value == nullptr ? std::string{} : value->text;
}

}  // namespace

struct RedisClient::Context {
    redisContext* raw = nullptr;
    ~Context()
    {
        if (raw != nullptr) redisFree(raw);
    }
};

RedisClient::RedisClient(RedisOptions options) : options_(std::move(options)) {}
RedisClient::RedisClient(RedisClient&&) noexcept = default;
RedisClient& RedisClient::operator=(RedisClient&&) noexcept = default;
RedisClient::~RedisClient() = default;

Result<void> RedisClient::connect()
{
    // hiredis writes without MSG_NOSIGNAL: a Redis that goes away must not end the process.
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);

    auto context = std::make_unique<Context>();
    context->raw =
        options_.socket.empty()
            ? redisConnectWithTimeout(options_.host.c_str(), options_.port, connect_timeout)
            : redisConnectUnixWithTimeout(options_.socket.c_str(), connect_timeout);
    if (context->raw == nullptr || context->raw->err != 0) {
        const char* why = context->raw == nullptr ? "out of memory" : context->raw->errstr;
        return fail(Error::Code::unavailable, "can't reach Redis at " + place_of(options_) + ": " +
                                                  why + "; start it, or correct [redis]");
    }
    if (redisSetTimeout(context->raw, command_timeout) != REDIS_OK) {
        return fail(Error::Code::unavailable, "can't set a timeout for Redis");
    }
    context_ = std::move(context);
    return log_in();
}

Result<void> RedisClient::log_in()
{
    const std::vector<std::string_view> words = auth_words(options_);
    if (words.empty()) return {};
    const auto reply = send(words);
    if (!reply) return fail(reply.error());
    if (!reply->is_error()) return {};
    context_.reset();
    return fail(Error::Code::unavailable, "Redis at " + place_of(options_) +
                                              " refuses redis.user and redis.password (" +
                                              reply->text + ")");
}

Result<RedisReply> RedisClient::command(std::initializer_list<std::string_view> words)
{
    if (!context_) {
        if (auto connected = connect(); !connected) return fail(connected.error());
    }
    return send({words.begin(), words.size()});
}

Result<RedisReply> RedisClient::send(std::span<const std::string_view> words)
{
    std::vector<const char*> texts;
    std::vector<std::size_t> lengths;
    for (const std::string_view word : words) {
        texts.push_back(word.data());
        lengths.push_back(word.size());
    }
    void* raw = redisCommandArgv(context_->raw, static_cast<int>(texts.size()), texts.data(),
                                 lengths.data());
    if (raw == nullptr) {
        const std::string why = context_->raw->errstr;
        context_.reset();
        return fail(Error::Code::unavailable, "lost Redis at " + place_of(options_) + ": " + why);
    }
    auto* const reply = static_cast<redisReply*>(raw);
    RedisReply out = copy_reply(reply);
    freeReplyObject(reply);
    return out;
}

Result<std::uint64_t> last_stream_seq(RedisClient& redis, std::string_view producer)
{
    const auto reply = redis.command({"XINFO", "STREAM", stream_key(redis.options(), producer)});
    if (!reply) return fail(reply.error());
    return last_seq_of_stream(*reply);
}

Result<void> wait_until_loaded(RedisClient& redis, std::chrono::milliseconds patience)
{
    constexpr std::chrono::milliseconds between{100};
    const auto until = std::chrono::steady_clock::now() + patience;
    for (bool told = false;; told = true) {
        const auto reply = redis.command({"PING"});
        if (!reply) return fail(reply.error());
        if (reply->is_error() && reply->text.starts_with("NOAUTH")) {
            return fail(Error::Code::unavailable, "Redis at " + place_of(redis.options()) +
                                                      " wants a password: set redis.password");
        }
        if (!is_loading(*reply)) return {};
        if (std::chrono::steady_clock::now() >= until) {
            return fail(Error::Code::unavailable, "Redis at " + place_of(redis.options()) +
                                                      " is loading its data: start zubrd again "
                                                      "when it is through");
        }
        if (!told) log::info("redis_is_loading", {{"at", place_of(redis.options())}});
        std::this_thread::sleep_for(between);
    }
}

Result<void> check_redis_persistence(RedisClient& redis)
{
    const auto appendonly = setting(redis, "appendonly");
    if (!appendonly) return fail(appendonly.error());
    if (*appendonly == "no") {
        return fail(Error::Code::refused,
                    "Redis at " + place_of(redis.options()) +
                        " keeps shares in memory only: set `appendonly yes` in its redis.conf (or "
                        "redis-cli config set appendonly yes), or redis.require_persistence = "
                        "false here");
    }
    const auto policy = setting(redis, "maxmemory-policy");
    if (!policy) return fail(policy.error());
    if (!policy->empty() && *policy != "noeviction") {
        return fail(Error::Code::refused, "Redis at " + place_of(redis.options()) +
                                              " may throw shares away (maxmemory-policy " +
                                              *policy + "): set it to noeviction");
    }
    if (appendonly->empty() || policy->empty()) {
        log::warn(
            "redis_settings_unknown",
            {{"at", place_of(redis.options())},
             {"reason", "it does not answer CONFIG GET"},
             {"todo", "see to it that it has appendonly yes and maxmemory-policy noeviction"}});
    }
    const auto memory = setting(redis, "maxmemory");
    if (!memory) return fail(memory.error());
    if (*memory == "0") {
        log::warn("redis_memory_unbounded",
                  {{"at", place_of(redis.options())},
                   {"todo",
                    "set its maxmemory (docs/operations.md, \"Redis and MySQL\"): without one it "
                    "takes all that the machine has"}});
    }
    return {};
}

}  // namespace pool
