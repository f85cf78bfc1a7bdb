#include "pool/app/account_lookup.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "payouts/mysql_account_books.h"

namespace pool {

AccountLookup::AccountLookup(std::size_t together, Ask ask)
    : together_(together), ask_(std::move(ask))
{
}

void AccountLookup::get(std::string name, Done done)
{
    if (waiting_.size() >= waiting_max) {
        return done(fail(Error::Code::unavailable, "too many questions at once; try again"));
    }
    waiting_.emplace_back(std::move(name), std::move(done));
    if (!asking_) ask_next();
}

// Not what has just been asked, even if somebody wants the same: what he is told is no older than
// his question.
void AccountLookup::ask_next()
{
    auto asked = std::make_shared<Waiting>();
    std::unordered_set<std::string> distinct;
    std::vector<std::string> names;
    while (!waiting_.empty() &&
           (distinct.size() < together_ || distinct.contains(waiting_.front().first))) {
        if (distinct.insert(waiting_.front().first).second) {
            names.push_back(waiting_.front().first);
        }
        asked->push_back(std::move(waiting_.front()));
        waiting_.pop_front();
    }
    asking_ = true;
    ask_(std::move(names), [this, alive = std::weak_ptr{alive_}, asked](const auto& answer) {
        if (alive.expired()) return;
        asking_ = false;
        if (!waiting_.empty()) ask_next();
        tell(*asked, answer);
    });
}

void AccountLookup::tell(Waiting& asked, const Result<Books>& answer)
{
    std::unordered_map<std::string_view, const payouts::AccountBooks*> found;
    if (answer) {
        for (const payouts::AccountBooks& each : *answer) found.emplace(each.name, &each);
    }
    for (const auto& [name, done] : asked) {
        const auto books = found.find(name);
        if (books != found.end()) {
            done(*books->second);
        } else {
            done(fail(answer ? payouts::no_account(name) : answer.error()));
        }
    }
}

}  // namespace pool
