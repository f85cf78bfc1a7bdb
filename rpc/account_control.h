#pragma once

#include <functional>
#include <string>

#include "payouts/account_book.h"
#include "pool/base/result.h"

namespace rpc {

/// The book of accounts' settings, for methods. pool/app implements it on a thread of its own.
class AccountControl {
public:
    /// Asks or changes the book and gives the answer as JSON.
    using Work =
        std::function<pool::Result<std::string>(payouts::AccountBook&, const payouts::Occasion&)>;

    virtual ~AccountControl() = default;

    /// Called on the rpc loop; `work` runs elsewhere, with the present time and tip; `done` comes
    /// once, on the rpc loop. by: who calls. Errors besides: unavailable, when too much waits.
    virtual void run(const std::string& by, Work work,
                     std::function<void(pool::Result<std::string>)> done) = 0;
};

}  // namespace rpc
