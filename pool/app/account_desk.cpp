#include "pool/app/account_desk.h"

#include <utility>

#include "pool/base/time.h"

namespace pool {
namespace {

constexpr std::size_t waiting_max = 256;

}  // namespace

AccountDesk::AccountDesk(Loop& rpc_loop, Live& live, std::unique_ptr<payouts::AccountBook> book)
    : rpc_loop_(rpc_loop), live_(live), book_(std::move(book)), thread_(waiting_max, {})
{
    thread_.start();
}

AccountDesk::~AccountDesk() { thread_.stop(); }

void AccountDesk::run(const std::string& by, Work work,
                      std::function<void(Result<std::string>)> done)
{
    live_.get(
        [this, by, work = std::move(work), done = std::move(done)](const Live::StatePtr& state) {
            post({by, read_clock().wall, state->work.height}, work, done);
        });
}

void AccountDesk::post(payouts::Occasion on, Work work,
                       std::function<void(Result<std::string>)> done)
{
    const auto reply = std::make_shared<std::function<void(Result<std::string>)>>(std::move(done));
    const bool posted = thread_.post([this, on = std::move(on), work = std::move(work), reply] {
        auto result = std::make_shared<Result<std::string>>(work(*book_, on));
        rpc_loop_.post([reply, result] { (*reply)(std::move(*result)); });
    });
    if (!posted) (*reply)(fail(Error::Code::unavailable, "too many changes of accounts at once"));
}

}  // namespace pool
