#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "payouts/ledger.h"
#include "pool/base/result.h"

namespace pool {

/// The books of accounts, each asked for by somebody: those that are wanted while a question is on
/// its way go together in the next one, so that ten thousand that are looked at cost MySQL little
/// more than a hundred questions. Lives on the rpc loop.
class AccountLookup {
public:
    using Books = std::vector<payouts::AccountBooks>;
    /// Gives those that there are, later or during the call, once.
    using Ask =
        std::function<void(std::vector<std::string> names, std::function<void(Result<Books>)>)>;
    using Done = std::function<void(const Result<payouts::AccountBooks>&)>;
    static constexpr std::size_t waiting_max = 16'384;

    /// together: at most so many names a question.
    AccountLookup(std::size_t together, Ask ask);
    AccountLookup(const AccountLookup&) = delete;
    AccountLookup& operator=(const AccountLookup&) = delete;

    /// Errors: not_found; unavailable, also when too many wait; as whoever is asked answers.
    void get(std::string name, Done done);

private:
    using Waiting = std::deque<std::pair<std::string, Done>>;
    void ask_next();
    static void tell(Waiting& asked, const Result<Books>& answer);

    std::size_t together_;
    Ask ask_;
    Waiting waiting_;
    bool asking_ = false;
    std::shared_ptr<int> alive_ = std::make_shared<int>();  // answers may come after the end
};

}  // namespace pool
