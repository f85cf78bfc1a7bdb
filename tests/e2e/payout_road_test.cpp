// From shares to a payment that is final: three accounts mine at known rates, blocks are found, one
// is orphaned, two people pay. Minutes long, for shares are paid by whole minutes: `./dev test
// road` and `./dev test chaos` run it, and so does CI.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/json_rpc.h"
#include "tests/support/pool_fixture.h"

namespace tests {
namespace {

using nlohmann::json;
using std::chrono::seconds;

const std::string people =
    "rpcauth = [\n"
    "  \"ann:salt$c94bf6153bec2014f62b526ab25ec079b1311d39608d8493455af0b0d9aba8bf:accountant\",\n"
    "  \"bob:salt$d2b98ddf1e088dd84c158519fbae5fee9f6c1c4da46f34a4d2f3fb39a5fd394f:approver\",\n"
    "]\n";

class PayoutRoad : public testing::Test {
protected:
    PayoutRoad()
    {
        EXPECT_TRUE(the_node.call("createwallet", "[\"pool\"]").has_value());
        std::string address = the_node.call("getnewaddress").value_or("");
        if (address.size() > 2) address = address.substr(1, address.size() - 2);
        the_pool = std::make_unique<PoolFixture>(
            the_node, PoolOptions{.start_difficulty = 0,
                                  .sets = {"pool.payout_address=" + address, "payouts.wallet=pool",
                                           "payouts.account_max_sat=0", "payouts.batch_max_sat=0",
                                           "payouts.day_max_sat=0"},
                                  .more = people});
        the_pool->start();
    }

    pool::Result<std::string> as(const std::string& who, const std::string& method,
                                 const std::string& params = "[]")
    {
        const std::string file = (the_pool->directory() / who).string();
        std::ofstream{file} << who << ":" << who << "-secret";
        return json_rpc(the_pool->admin_url(), file, method, params);
    }

    json ask(const std::string& who, const std::string& method, const std::string& params = "[]")
    {
        const auto answer = as(who, method, params);
        EXPECT_TRUE(answer.has_value()) << method << ": " << (answer ? "" : answer.error().detail);
        return answer ? json::parse(*answer) : json::object();
    }

    std::string sql(const std::string& text) { return the_pool->database().scalar(text); }

    /// Every credit against the reference in Python, to the satoshi; what it says when they differ.
    std::string differs_from_reference()
    {
        const std::string file = (the_pool->directory() / "books.json").string();
        std::ofstream{file}
            << "{\"slots\":"
            << sql("select json_arrayagg(json_array(slot_id, account_id, cast(score as char))) "
                   "from slot_account")
            << ",\"blocks\":"
            << sql("select json_arrayagg(json_array(hex(f.hash), f.found_slot, f.reward_sat, "
                   "f.fee_bps)) from block_found f where exists (select 1 from block_credit c "
                   "where c.block_hash = f.hash)")
            << ",\"credits\":"
            << sql("select json_arrayagg(json_array(hex(block_hash), account_id, gross_sat, "
                   "fee_sat, net_sat)) from block_credit where epoch = 1")
            << "}";
        Process check{{"/usr/bin/env", "python3",
                       std::string{ZUBR_TESTS_DIR} + "/golden/check_credits.py", file},
                      the_pool->directory() / "reference.log"};
        const auto code = check.wait(seconds{60});
        return code == 0 ? "" : "reference: " + check.output();
    }

    std::int64_t received(const std::string& address)
    {
        const auto found =
            the_node.call("scantxoutset", "[\"start\", [\"addr(" + address + ")\"]]");
        if (!found) return -1;
        return std::llround(json::parse(*found).at("total_amount").get<double>() * 1e8);
    }

    std::int64_t ledger(const std::string& account)
    {
        return std::strtoll(sql("select coalesce(sum(cast(b.debits_sat as signed) - "
                                "cast(b.credits_sat as signed)), 0) from ledger_balance b join "
                                "ledger_account a on a.id = b.account_id where a.code = '" +
                                account + "'")
                                .c_str(),
                            nullptr, 10);
    }

    /// What the node says of its wallet, and what the ledger's own rows say, with nothing of
    /// zubrd's between them.
    void expect_wallet_as_ledger()
    {
        const auto told = the_node.call("getbalances");
        ASSERT_TRUE(told.has_value()) << told.error().detail;
        const json mine = json::parse(*told).at("mine");
        const auto sats = [&mine](const char* part) {
            return std::llround(mine.at(part).get<double>() * 1e8);
        };
        EXPECT_EQ(sats("trusted"), ledger("asset:wallet")) << mine.dump();
        EXPECT_EQ(sats("immature"), ledger("asset:coinbase_immature")) << mine.dump();
        EXPECT_EQ(sats("untrusted_pending"), 0) << mine.dump();
    }

    /// All that the account has earned by blocks that have matured.
    std::int64_t earned(const std::string& account)
    {
        return std::strtoll(sql("select coalesce(sum(c.net_sat), 0) from block_credit c join "
                                "block_found f on f.hash = c.block_hash and f.epoch = c.epoch and "
                                "f.books = 'matured' join account a on a.id = c.account_id where "
                                "a.name = '" +
                                account + "'")
                                .c_str(),
                            nullptr, 10);
    }

    NodeFixture the_node{"regtest", {"-disablewallet=0", "-fallbackfee=0.00001"}};
    std::unique_ptr<PoolFixture> the_pool;

    void mine_until_credited();
    void orphan_one();
    void pay();
};

void PayoutRoad::mine_until_credited()
{
    std::vector<std::unique_ptr<Process>> miners;
    for (unsigned i = 1; i <= 3; ++i) {
        miners.push_back(the_pool->miner(test_address("regtest", i) + ".rig",
                                         {"--max-shares-per-second", std::to_string(i)},
                                         "miner-" + std::to_string(i) + ".log"));
    }
    const auto shares = [this](unsigned i) {
        return std::strtod(sql("select shares from account_total t join account a on a.id = "
                               "t.account_id where a.name = '" +
                               test_address("regtest", i) + "'")
                               .c_str(),
                           nullptr);
    };
    constexpr double shares_that_show_a_rate = 12;
    ASSERT_TRUE(eventually(seconds{240}, [this, &shares] {
        // Several, for one is orphaned below; those of the first minute are the reserve's.
        return shares(1) >= shares_that_show_a_rate &&
               sql("select count(distinct account_id) = 3 and count(distinct block_hash) > 3 "
                   "from block_credit where account_id > 0") == "1";
    })) << the_pool->log();
    for (const auto& miner : miners) {
        miner->signal(SIGTERM);
        EXPECT_EQ(miner->wait(seconds{10}), 0) << miner->output();
    }
    EXPECT_NEAR(shares(2) / shares(1), 2.0, 0.5);
    EXPECT_NEAR(shares(3) / shares(1), 3.0, 0.75);
}

void PayoutRoad::orphan_one()
{
    const std::string height = sql("select max(height) from block_found where books = 'accrued'");
    const std::string block = the_node.call("getblockhash", "[" + height + "]").value_or("");
    ASSERT_TRUE(the_node.call("invalidateblock", "[" + block + "]").has_value());
    the_node.generate(8);
    ASSERT_TRUE(eventually(seconds{60}, [&] {
        return sql("select concat(state, books, epoch) from block_found where hash = "
                   "reverse(unhex('" +
                   block.substr(1, 64) + "'))") == "orphanednothing2";
    })) << the_pool->log();
    the_node.generate(101);
    ASSERT_TRUE(eventually(seconds{120}, [this] {
        return sql("select count(*) from block_found where books = 'accrued' or (place = "
                   "'in_chain' and books = 'nothing')") == "0";
    })) << the_pool->log();
}

void PayoutRoad::pay()
{
    EXPECT_EQ(ask("ann", "comparebooks").value("difference_sat", -1), 0)
        << ask("ann", "comparebooks").dump();
    for (const std::string method : {"createpayout", "approvepayout"}) {
        const auto refused = the_pool->rpc(method, method == "createpayout" ? "[]" : "[1, \"00\"]");
        ASSERT_FALSE(refused.has_value()) << "by the cookie";
    }
    EXPECT_FALSE(as("bob", "createpayout").has_value());
    const json dry = ask("ann", "createpayout", "[true]");
    EXPECT_EQ(dry.at("items").size(), 3U) << dry.dump();
    const json batch = ask("ann", "createpayout", "[false, \"e2e\"]");
    const std::string id = batch.at("payout").dump();
    const std::string approval = "[" + id + ", \"" + batch.value("digest", "") + "\"]";
    EXPECT_FALSE(as("ann", "approvepayout", approval).has_value());
    ask("bob", "approvepayout", approval);
    const auto state = [&] { return ask("ann", "getpayout", "[" + id + "]").value("state", ""); };
    ASSERT_TRUE(eventually(seconds{30}, [&] { return state() == "broadcast"; }))
        << ask("ann", "getpayout", "[" + id + "]").dump() << the_pool->log();
    EXPECT_EQ(ask("ann", "comparebooks").value("difference_sat", -1), 0);
    the_node.generate(6);
    ASSERT_TRUE(eventually(seconds{30}, [&] { return state() == "confirmed"; })) << the_pool->log();
    for (const json& item : batch.at("items")) {
        const std::string address = item.value("address", "");
        EXPECT_EQ(received(address), item.value("amount_sat", std::int64_t{}));
        EXPECT_EQ(received(address), earned(address)) << "all of it, and no more";
    }
}

// Registered by hand, for the default suites leave it out.
class FromSharesToAPayment final : public PayoutRoad {
public:
    void TestBody() override
    {
        mine_until_credited();
        if (HasFatalFailure()) return;
        orphan_one();
        if (HasFatalFailure()) return;
        EXPECT_EQ(differs_from_reference(), "");
        pay();
        if (HasFatalFailure()) return;
        const json verdict = ask("ann", "verifyledger");
        EXPECT_EQ(verdict.value("difference_sat", -1), 0) << verdict.dump();
        EXPECT_TRUE(verdict.value("good", false)) << verdict.dump();
        EXPECT_EQ(verdict.value("blocks_unproven", -1), 0) << verdict.dump();
        const json funds = ask("ann", "comparebooks");
        EXPECT_EQ(funds.value("difference_sat", -1), 0) << funds.dump();
        EXPECT_EQ(funds.value("books_immature_sat", -1), 0);
        expect_wallet_as_ledger();
        EXPECT_EQ(the_pool->stop(), 0) << the_pool->log();
    }
};

[[maybe_unused]] const bool registered =
    (std::getenv("ZUBR_PAYOUT_ROAD") != nullptr || std::getenv("ZUBR_CHAOS_BLOCKS") != nullptr) &&
    testing::RegisterTest("ChaosPayoutRoad", "FromSharesToAPaymentThatIsFinal", nullptr, nullptr,
                          __FILE__, __LINE__,
                          []() -> PayoutRoad* { return new FromSharesToAPayment; }) != nullptr;

}  // namespace
}  // namespace tests
