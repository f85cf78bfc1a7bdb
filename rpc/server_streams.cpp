#include "rpc/server_streams.h"

#include <utility>
#include <vector>

namespace rpc {
namespace {

bool refuses(int status) { return status == 401 || status == 403 || status == 404; }

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
        topic.host = host;
    }
    const std::uint64_t id = next_++;
    topic.listeners.emplace(id, std::move(listener));
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
    for (const auto& [name, topic] : by_name_) waiting_.push_back(name);
    ask_next();
}

// A loop, not a recursion: answers may come during the call, one question after the other.
void EventStreams::ask_next()
{
    if (turning_) return;
    turning_ = true;
    while (!asking_ && !waiting_.empty()) {
        const std::string name = std::move(waiting_.front());
        waiting_.pop_front();
        const auto topic = by_name_.find(name);
        if (topic == by_name_.end()) continue;
        asking_ = true;
        // A copy: who listens may be gone, and the topic with him, before the answer is there.
        const Topic asked{topic->second.request, topic->second.host, {}};
        ask_(asked.request, asked.host,
             [this, alive = std::weak_ptr{life_}, name](const pool::HttpResponse& response) {
                 if (alive.expired()) return;
                 asking_ = false;
                 answered(name, response);
                 ask_next();
             });
    }
    turning_ = false;
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
        const Listener held = listener->second;
        if (events) {
            held.tell(response.body);
        } else {
            held.end();
        }
    }
}

}  // namespace rpc
