#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/support/payouts_fixture.h"

namespace tests {

/// One node for all; each test has a wallet and books of its own.
class Payouts : public testing::Test {
public:
    static void SetUpTestSuite() { shared_node = node_with_money().release(); }
    static void TearDownTestSuite()
    {
        delete shared_node;
        shared_node = nullptr;
    }

protected:
    static NodeFixture& node() { return *shared_node; }
    static std::string own_name()
    {
        return testing::UnitTest::GetInstance()->current_test_info()->name();
    }
    static inline NodeFixture* shared_node = nullptr;
};

/// Payouts whose keys are in another wallet than the one that the pool asks.
struct Offline {
    Offline(PayoutsFixture& pool, const std::string& name, payouts::PayoutOptions options)
        : watcher(pool.node(), name + "-watch", ", true, true"), signer(pool.wallet().open())
    {
        watcher.watch(pool.wallet());
        options.offline = true;
        auto opened = payouts::Payouts::open(options, watcher.open());
        EXPECT_TRUE(opened.has_value()) << (opened ? "" : opened.error().detail);
        if (opened) payouts = std::move(*opened);
    }

    /// The signer's people sign what waits. "" when it was taken.
    std::string sign(std::uint64_t id) const
    {
        const auto psbt = payouts->export_psbt(id);
        if (!psbt) return psbt.error().detail;
        const auto done = payouts->import_psbt(id, signer->sign(*psbt).value_or(""));
        return done ? "" : done.error().detail;
    }

    WalletFixture watcher;
    std::unique_ptr<pool::Wallet> signer;
    std::unique_ptr<payouts::Payouts> payouts;
};

/// Steps payouts as time goes by, so that looks at the wallet become due.
class Clock {
public:
    explicit Clock(payouts::Payouts& payouts) : payouts_(payouts) {}

    payouts::PayoutReport step_after(std::chrono::minutes later)
    {
        now_.steady += later;
        for (int round = 0; round < 100; ++round) {
            const auto report = payouts_.step(now_);
            EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().detail);
            if (!report) return {};
            if (report->changed == 0) return *report;
        }
        ADD_FAILURE() << "payouts do not come to rest";
        return {};
    }
    pool::Now now() const { return now_; }

private:
    payouts::Payouts& payouts_;
    pool::Now now_ = pool::read_clock();
};

/// By themselves, and not by a person.
inline bool held(payouts::Payouts& payouts, const std::string& why = "")
{
    const auto hold = payouts.hold();
    EXPECT_TRUE(hold.has_value()) << (hold ? "" : hold.error().detail);
    return hold && hold->stopped && hold->by == "zubrd" &&
           hold->reason.find(why) != std::string::npos;
}

}  // namespace tests
