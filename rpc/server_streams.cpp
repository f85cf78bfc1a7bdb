#include "rpc/server_streams.h"

#include <utility>
#include <vector>

namespace rpc {
namespace {

bool refuses(int status) { return status == 401 || status == 403 || status == 404; }

constexpr int too_many_status = 429;

}  // namespace

std::uint64_t EventStreams::add(const pool::HttpRequest& request, const std::string& host,
                                Listener listener)
{
    const std::string_view authorization = request.header("authorization");
    const std::string name = request.path + "\n" + std::string{authorization};
    Topic& topic = by_name_[name];
    if (topic.listeners.empty()) {
        topic.request.method = "GET";
        topic.request.path = request.path;
        if (!authorization.empty()) {
            topic.request.headers.emplace_back("authorization", authorization);
        }
    }
    const std::uint64_t id = next_++;
    topic.listeners.emplace(id, Present{host, std::move(listener)});
    topics_.emplace(id, name);
    return id;
}

void EventStreams::remove(std::uint64_t id)
{
    const auto name = topics_.find(id);
    if (name == topics_.end()) return;
    const auto topic = by_name_.find(name->second);
    topic->second.listeners.erase(id);
    if (topic->second.listeners.empty()) by_name_.erase(topic);
    topics_.erase(name);
}

void EventStreams::round()
{
    if (asking_ || turning_ || !waiting_.empty()) return;
    for (const auto& [name, topic] : by_name_) waiting_.push_back({name, 0, {}});
    ask_next();
}

// A loop, not a recursion: answers may come during the call, one question after the other.
void EventStreams::ask_next()
{
    if (turning_) return;
    turning_ = true;
    while (!asking_ && !waiting_.empty()) {
        Turn turn = std::move(waiting_.front());
        waiting_.pop_front();
        ask(std::move(turn));
    }
    turning_ = false;
}

// In the name of the next who has not been tried: nothing where there is none.
void EventStreams::ask(Turn turn)
{
    const auto topic = by_name_.find(turn.topic);
    if (topic == by_name_.end()) return;
    const auto& listeners = topic->second.listeners;
    auto next = listeners.upper_bound(turn.asked_for);
    while (next != listeners.end() && turn.held_up.contains(next->second.host)) ++next;
    if (next == listeners.end()) return;
    turn.asked_for = next->first;
    asking_ = true;
    // Copies: who listens may be gone, and the topic with him, before the answer is there.
    const pool::HttpRequest request = topic->second.request;
    const std::string host = next->second.host;
    ask_(request, host,
         [this, alive = std::weak_ptr{life_}, turn = std::move(turn),
          host](const pool::HttpResponse& response) mutable {
             if (alive.expired()) return;
             asking_ = false;
             if (response.status == too_many_status) {
                 turn.held_up.insert(host);
                 waiting_.push_front(std::move(turn));
             } else {
                 answered(turn.topic, response);
             }
             ask_next();
         });
}

// Each listener is looked for anew: telling one may remove it, and others.
void EventStreams::answered(const std::string& name, const pool::HttpResponse& response)
{
    const bool events = response.status == 200 && response.content_type == event_stream_type;
    if (!events && !refuses(response.status)) return;
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) return;
    std::vector<std::uint64_t> ids;
    for (const auto& [id, listener] : found->second.listeners) ids.push_back(id);
    for (const std::uint64_t id : ids) {
        const auto topic = by_name_.find(name);
        if (topic == by_name_.end()) return;
        const auto listener = topic->second.listeners.find(id);
        if (listener == topic->second.listeners.end()) continue;
        const Listener held = listener->second.listener;
        if (events) {
            held.tell(response.body);
        } else {
            held.end();
        }
    }
}

}  // namespace rpc
