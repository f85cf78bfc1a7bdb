#pragma once

#include <functional>
#include <string>

#include "payouts/payout_service.h"
#include "pool/base/result.h"

namespace rpc {

/// Payouts, for methods. pool/app implements it on the payouts' own thread.
class PayoutControl {
public:
    /// Asks or changes payouts and gives the answer as JSON.
    using Work = std::function<pool::Result<std::string>(payouts::Payouts&)>;

    virtual ~PayoutControl() = default;

    /// Called on the rpc loop; `work` runs elsewhere; `done` comes once, on the rpc loop. Errors
    /// besides those of `work`: unavailable, when too much waits.
    virtual void run(Work work, std::function<void(pool::Result<std::string>)> done) = 0;
};

}  // namespace rpc
