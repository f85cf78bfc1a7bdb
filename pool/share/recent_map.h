#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <utility>

namespace pool {

/// A map of those entries that were asked for last: all of the newest third of `most`, and never
/// more than `most`. The others are forgotten, a few at a time. For one thread.
template <typename Key, typename Value>
class RecentMap {
public:
    /// forgotten: is told of each key that is, and may not call back. Empty: nobody is.
    explicit RecentMap(std::size_t most, std::function<void(const Key&)> forgotten = {})
        : part_(std::max<std::size_t>(most / 3, 1)), forgotten_(std::move(forgotten))
    {
    }

    /// Null: there is none, or it was forgotten. Good until the next call.
    template <typename Like>
    Value* find(const Like& key)
    {
        if (const auto at = newest_.find(key); at != newest_.end()) return &at->second;
        const auto at = older_.find(key);
        if (at == older_.end()) return nullptr;
        auto entry = older_.extract(at);
        make_room();
        return &newest_.insert(std::move(entry)).position->second;
    }
    /// key: one that find() does not find.
    Value& add(Key key, Value value)
    {
        make_room();
        return newest_.emplace(std::move(key), std::move(value)).first->second;
    }
    std::size_t size() const { return newest_.size() + older_.size() + leaving_.size(); }

private:
    using Entries = std::map<Key, Value, std::less<>>;

    // Two go for each that comes: whatever leaves is gone before more has to.
    void make_room()
    {
        for (int gone = 0; gone < 2 && !leaving_.empty(); ++gone) {
            if (forgotten_) forgotten_(leaving_.begin()->first);
            leaving_.erase(leaving_.begin());
        }
        if (newest_.size() < part_) return;
        leaving_ = std::exchange(older_, std::exchange(newest_, {}));
    }

    std::size_t part_;
    std::function<void(const Key&)> forgotten_;
    Entries newest_;
    Entries older_;
    Entries leaving_;
};

}  // namespace pool
