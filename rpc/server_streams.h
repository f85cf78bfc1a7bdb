#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "pool/runtime/http_message.h"
#include "rpc/server_site.h"

namespace rpc {

/// Those who listen to events. Each hears, round after round, what its own request would be
/// answered with now: so nobody hears what he may not see any more. Who asked alike hears one and
/// the same answer. One thread.
///
/// Each question is put in the name of one who listens: of the first, and where he has asked enough
/// for now, of the next. So nobody keeps the others from hearing.
///
/// Bounded: one question at a time, and no round begins before the last is over. A pool that
/// answers late costs rounds, not memory.
class EventStreams {
public:
    struct Listener {
        std::function<void(std::string_view events)> tell;
        /// It may not listen any more.
        std::function<void()> end;
    };

    /// ask: answers anew what a listener once asked for. One of 429 has it asked for another; one
    /// of 401, 403 or 404 ends those that it is for; another that is no event stream says nothing.
    explicit EventStreams(HttpHandler ask) : ask_(std::move(ask)) {}
    EventStreams(const EventStreams&) = delete;
    EventStreams& operator=(const EventStreams&) = delete;

    /// Of the request only the path and who asks are kept. Returns what remove() wants.
    std::uint64_t add(const pool::HttpRequest& request, const std::string& host, Listener listener);
    /// Also during tell() and end(). An unknown one is none.
    void remove(std::uint64_t id);
    std::size_t size() const { return topics_.size(); }
    /// Asks for all who listen, unless a round is under way.
    void round();

private:
    struct Present {
        std::string host;
        Listener listener;
    };
    struct Topic {
        pool::HttpRequest request;
        std::map<std::uint64_t, Present> listeners;  // the first one is here for the longest
    };
    struct Turn {
        std::string topic;
        std::uint64_t asked_for = 0;    // the last listener in whose name it was tried
        std::set<std::string> held_up;  // who has asked enough
    };

    void ask_next();
    void ask(Turn turn);
    void answered(const std::string& name, const pool::HttpResponse& response);

    HttpHandler ask_;
    std::map<std::string, Topic> by_name_;         // never without listeners
    std::map<std::uint64_t, std::string> topics_;  // of each listener
    std::deque<Turn> waiting_;                     // topics of this round
    bool asking_ = false;                          // a question is out
    bool turning_ = false;                         // in ask_next()
    std::uint64_t next_ = 1;
    std::shared_ptr<int> life_ = std::make_shared<int>();  // answers may come after the end
};

}  // namespace rpc
