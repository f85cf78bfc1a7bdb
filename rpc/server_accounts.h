#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rpc/access.h"
#include "rpc/answer_cache.h"
#include "rpc/pool_view.h"
#include "rpc/rate_limit.h"
#include "rpc/server_answers.h"
#include "rpc/server_site.h"

namespace rpc {

inline constexpr std::size_t worker_length_max = 64;  ///< of a worker's name in a path

/// All that the web listener tells of one account, and to whom: an address to everybody, a named
/// account to the bearers of its tokens. Whoever may not see an account is not told whether there
/// is one. A token is looked for in memory, by its digest: a good one is taken however many wrong
/// ones the same address (a proxy's, perhaps) shows, and whoever shows many of those is told to
/// wait.
class AccountEdge {
public:
    AccountEdge(PoolView& view, AnswerCache& answers) : view_(view), answers_(answers) {}

    /// path: "api", "v1", "users", ACCOUNT, …
    void user(const pool::HttpRequest& request, const std::vector<std::string_view>& path,
              const std::string& host, Respond respond);
    /// Asks for an answer about an account, once it is known what the asker may see of it.
    using Put = std::function<void(const Access&, AnswerCache::Take)>;
    /// What `put` tells of the account's rates and workers, for other interfaces. key: whatever
    /// the answer depends on besides the account.
    void rates(const pool::HttpRequest& request, std::string_view account, const std::string& host,
               const std::string& key, Put put, Respond respond);
    /// What the request's own token is good for.
    void watch(const pool::HttpRequest& request, const std::string& host, Respond respond);

private:
    /// What to answer whoever may read `need`: a refusal, or what `put` asks for. Answers depend on
    /// the account, on what the asker may see of it, and on `key`.
    struct Question {
        Need need = Need::anything;
        std::string key{};
        std::string_view refusal{};
        std::string_view event{};  ///< the answer is an event of this name, and the stream goes on
        Put put{};
    };
    Question question(const pool::HttpRequest& request, const std::vector<std::string_view>& path);
    Question history(const pool::HttpRequest& request, HistoryQuestion of);
    Question sites();
    Question workers(const pool::HttpRequest& request);
    Question payouts(const pool::HttpRequest& request);
    Question earnings(const pool::HttpRequest& request);
    void ask(const pool::HttpRequest& request, std::string_view account, const std::string& host,
             Question question, Respond respond);
    void put(const Question& question, const Access& access, const Asked& asked, Respond respond);
    /// Counts a wrong token. True when this address has shown enough of them.
    bool guesses(const std::string& host);

    static constexpr double wrong_tokens_per_second = 2;

    PoolView& view_;
    AnswerCache& answers_;
    std::shared_ptr<int> life_ = std::make_shared<int>();  // answers may come after the end
    RateLimits wrong_tokens_{wrong_tokens_per_second};
};

}  // namespace rpc
