#include "pool/app/payout_desk.h"

#include <utility>

#include "pool/base/log.h"
#include "pool/base/time.h"

namespace pool {
namespace {

constexpr std::size_t waiting_max = 64;
constexpr std::chrono::milliseconds pause{1000};

}  // namespace

PayoutDesk::PayoutDesk(Loop& rpc_loop, std::unique_ptr<payouts::Payouts> payouts)
    : rpc_loop_(rpc_loop),
      payouts_(std::move(payouts)),
      status_{.last = {}, .good_at = read_clock().wall},
      told_(std::make_shared<PayoutStatus>(status_)),
      thread_(waiting_max, [this] { return step(); })
{
}

std::chrono::milliseconds PayoutDesk::step()
{
    auto report = payouts_->step(read_clock());
    if (report) {
        if (!status_.trouble.empty()) log::info("payouts_ok");
        status_ = {std::move(*report), read_clock().wall, true, ""};
    } else if (status_.trouble != report.error().detail) {
        status_.trouble = report.error().detail;
        log::warn("payouts_waiting", {{"reason", status_.trouble}});
    }
    rpc_loop_.post([told = told_, status = status_] { *told = status; });
    const bool again = status_.trouble.empty() && status_.last.changed > 0;
    return again ? std::chrono::milliseconds{0} : pause;
}

void PayoutDesk::run(Work work, std::function<void(Result<std::string>)> done)
{
    const auto reply = std::make_shared<std::function<void(Result<std::string>)>>(std::move(done));
    const bool posted = thread_.post([this, work = std::move(work), reply] {
        auto result = std::make_shared<Result<std::string>>(work(*payouts_));
        rpc_loop_.post([reply, result] { (*reply)(std::move(*result)); });
    });
    if (!posted) (*reply)(fail(Error::Code::unavailable, "too much is asked of payouts at once"));
}

void NoPayouts::run(Work /*work*/, std::function<void(Result<std::string>)> done)
{
    done(
        fail(Error::Code::refused,
             "this server pays nobody: set payouts.wallet to the name of a wallet of its node, and "
             "start it again"));
}

}  // namespace pool
