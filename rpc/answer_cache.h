#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "pool/base/result.h"
#include "pool/base/time.h"
#include "rpc/address_counts.h"

namespace rpc {

/// An answer, and its name for If-None-Match.
struct RenderedAnswer {
    std::string body;
    std::string tag;
    /// With its head, as it goes out to everybody and to the bearer of a token: made when it is
    /// first wanted so, and then the same bytes for all. One thread.
    mutable std::array<std::shared_ptr<const std::string>, 2> whole{};
};
using AnswerPtr = std::shared_ptr<const RenderedAnswer>;

/// Rendered answers that many ask for, each kept for a moment. Whoever asks soon after gets it
/// once more while a newer one is fetched: nobody waits for what somebody else will have in a
/// moment. Who asks while the first one is being fetched gets that one. Errors are told to all who
/// wait and are not kept.
///
/// It knows nothing of who may see what: whoever asks has been judged before, and whatever the
/// answer depends on stands in its key. One thread. Bounded by Limits, the oldest go first; who
/// waits is bounded by the connections. What one network may ask at once is bounded, too: whoever
/// invents questions holds up himself, and others' are asked in turn.
class AnswerCache {
public:
    struct Limits {
        /// Of bodies, once with their heads, tags and keys, and what an entry takes beside them:
        /// for the answers of 15,000 accounts.
        std::size_t bytes_max = std::size_t{32} << 20;
        /// At the least; with more answers than life and renewals_per_second allow, so much longer
        /// that these suffice, up to life_max, which is what answers say of themselves (max-age).
        std::chrono::milliseconds life{1000};
        std::chrono::milliseconds life_max{4000};
        std::size_t renewals_per_second = 2000;
        std::chrono::milliseconds renewal{1000};  ///< after its life, while it is asked for anew
        AddressCounts::Limits questions{.of_network = 8, .of_prefix = 32};  ///< without an answer
    };
    struct Counts {
        std::uint64_t kept = 0;    ///< answers given out of memory
        std::uint64_t joined = 0;  ///< answers of a question that somebody had asked already
        std::uint64_t asked = 0;
    };
    /// What an entry takes beside its texts: two heads, nodes, their places.
    static constexpr std::size_t entry_bytes = 1024;
    using Clock = std::function<pool::SteadyTime()>;
    using Take = std::function<void(pool::Result<AnswerPtr>)>;
    /// Asks whoever knows; what it is given is called once, during the call or later.
    using Ask = std::function<void(Take)>;

    AnswerCache(Limits limits, Clock clock);
    AnswerCache(const AnswerCache&) = delete;
    AnswerCache& operator=(const AnswerCache&) = delete;

    /// generation: of what answers are made from. Those of another one are neither given nor kept,
    /// and nobody joins a question that was put before it changed.
    /// host: who asks. Errors: limit, when there are enough questions of that network already; as
    /// whoever is asked answers.
    void get(const std::string& key, std::uint64_t generation, const std::string& host,
             const Ask& ask, Take take);

    const Counts& counts() const { return counts_; }
    std::size_t size() const { return entries_.size(); }
    std::size_t bytes() const { return bytes_; }

private:
    struct Entry {
        std::string key;
        AnswerPtr answer;
        pool::SteadyTime until;
    };
    struct Question {
        std::string host;
        std::vector<Take> waiting;
    };
    using Entries = std::list<Entry>;

    void renew(std::uint64_t generation);
    void put(const std::string& key, const std::string& host, const Ask& ask, Take take);
    void answered(const std::string& key, const std::shared_ptr<Question>& question,
                  const pool::Result<AnswerPtr>& answer);
    void keep(const std::string& key, AnswerPtr answer);
    std::chrono::milliseconds life() const;
    void drop(Entries::iterator entry);

    Limits limits_;
    Clock clock_;
    Counts counts_;
    std::uint64_t generation_ = 0;
    std::size_t bytes_ = 0;
    Entries entries_;  // in the order of their age
    std::unordered_map<std::string, Entries::iterator> places_;
    std::unordered_map<std::string, std::shared_ptr<Question>> questions_;
    AddressCounts open_;  // questions, those of another generation too
    std::shared_ptr<int> life_ = std::make_shared<int>();  // answers may come after the end
};

}  // namespace rpc
