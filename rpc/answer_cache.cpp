#include "rpc/answer_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace rpc {
namespace {

std::size_t size_of(const std::string& key, const RenderedAnswer& answer)
{
    return AnswerCache::entry_bytes + key.size() + 2 * answer.body.size() + answer.tag.size();
}

}  // namespace

AnswerCache::AnswerCache(Limits limits, Clock clock)
    : limits_(limits), clock_(std::move(clock)), open_(limits.questions)
{
}

void AnswerCache::get(const std::string& key, std::uint64_t generation, const std::string& host,
                      const Ask& ask, Take take)
{
    renew(generation);
    if (const auto place = places_.find(key); place != places_.end()) {
        const Entry& entry = *place->second;
        const pool::SteadyTime now = clock_();
        if (now < entry.until + limits_.renewal) {
            ++counts_.kept;
            // Held by this call: what is told may ask again, and so drop the entry.
            const AnswerPtr answer = entry.answer;
            if (now >= entry.until && !questions_.contains(key)) put(key, host, ask, {});
            return take(answer);
        }
        drop(place->second);
    }
    if (const auto open = questions_.find(key); open != questions_.end()) {
        ++counts_.joined;
        open->second->waiting.push_back(std::move(take));
        return;
    }
    put(key, host, ask, std::move(take));
}

/// take: may be empty, when nobody waits.
void AnswerCache::put(const std::string& key, const std::string& host, const Ask& ask, Take take)
{
    if (!open_.take(host)) {
        if (take) take(pool::fail(pool::Error::Code::limit, "it has asked enough for now"));
        return;
    }
    ++counts_.asked;
    const auto question = std::make_shared<Question>();
    question->host = host;
    if (take) question->waiting.push_back(std::move(take));
    questions_[key] = question;
    ask([this, alive = std::weak_ptr{life_}, key, question](const pool::Result<AnswerPtr>& answer) {
        if (!alive.expired()) answered(key, question, answer);
    });
}

// Questions that are on their way are still answered, but to nobody who asks from now on.
void AnswerCache::renew(std::uint64_t generation)
{
    if (std::exchange(generation_, generation) == generation) return;
    entries_.clear();
    places_.clear();
    questions_.clear();
    bytes_ = 0;
}

void AnswerCache::answered(const std::string& key, const std::shared_ptr<Question>& question,
                           const pool::Result<AnswerPtr>& answer)
{
    open_.give_back(question->host);
    const auto open = questions_.find(key);
    if (open != questions_.end() && open->second == question) {
        questions_.erase(open);
        if (answer) keep(key, *answer);
    }
    for (const Take& take : std::exchange(question->waiting, {})) take(answer);
}

void AnswerCache::keep(const std::string& key, AnswerPtr answer)
{
    const std::size_t size = size_of(key, *answer);
    if (size > limits_.bytes_max) return;
    const pool::SteadyTime now = clock_();
    if (const auto older = places_.find(key); older != places_.end()) drop(older->second);
    while (!entries_.empty() &&
           (bytes_ + size > limits_.bytes_max || entries_.front().until + limits_.renewal <= now)) {
        drop(entries_.begin());
    }
    bytes_ += size;
    entries_.push_back({key, std::move(answer), now + life()});
    places_[key] = std::prev(entries_.end());
}

std::chrono::milliseconds AnswerCache::life() const
{
    const std::size_t entries = entries_.size() + 1;
    const std::chrono::milliseconds suffices{entries * 1000 / limits_.renewals_per_second};
    return std::clamp(suffices, limits_.life, std::max(limits_.life, limits_.life_max));
}

void AnswerCache::drop(Entries::iterator entry)
{
    bytes_ -= size_of(entry->key, *entry->answer);
    places_.erase(entry->key);
    entries_.erase(entry);
}

}  // namespace rpc
