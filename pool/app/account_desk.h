#pragma once

#include <memory>
#include <string>

#include "payouts/account_book.h"
#include "pool/app/live.h"
#include "pool/runtime/loop.h"
#include "pool/runtime/task_thread.h"
#include "rpc/account_control.h"

namespace pool {

/// rpc::AccountControl over the books' accounts, on a thread of its own. Lives on the rpc loop.
class AccountDesk final : public rpc::AccountControl {
public:
    AccountDesk(Loop& rpc_loop, Live& live, std::unique_ptr<payouts::AccountBook> book);
    ~AccountDesk() override;

    void run(const std::string& by, Work work,
             std::function<void(Result<std::string>)> done) override;

private:
    void post(payouts::Occasion on, Work work, std::function<void(Result<std::string>)> done);

    Loop& rpc_loop_;
    Live& live_;
    std::unique_ptr<payouts::AccountBook> book_;
    TaskThread thread_;
};

}  // namespace pool
