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
      thread_(waiting_max, [this] { return step(); })
{
}

std::chrono::milliseconds PayoutDesk::step()
{
    const auto report = payouts_->step(read_clock());
    if (report) {
        difference_.set(report->funds.difference.value);
        above_max_.set(report->funds.above_max ? 1 : 0);
        if (!trouble_.empty()) log::info("payouts_ok");
        trouble_.clear();
        return report->changed > 0 ? std::chrono::milliseconds{0} : pause;
    }
    if (trouble_ != report.error().detail) {
        trouble_ = report.error().detail;
        log::warn("payouts_waiting", {{"reason", trouble_}});
    }
    return pause;
}

void PayoutDesk::add_metrics(std::vector<rpc::Metric>& metrics) const
{
    rpc::Metric& difference = metrics.emplace_back();
    difference.name = "zubr_books_wallet_difference_sats";
    difference.help = "What the books say beyond what the wallet has, found by two looks in a row";
    difference.value = static_cast<double>(difference_.value());
    rpc::Metric& above = metrics.emplace_back();
    above.name = "zubr_hot_wallet_above_max";
    above.help = "1 while the wallet holds more than payouts.hot_wallet_max_sat";
    above.value = static_cast<double>(above_max_.value());
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
