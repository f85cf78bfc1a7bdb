#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rpc/methods.h"
#include "rpc/pool_view.h"

/// A pool that is not there. Only the tests of rpc include it.
namespace rpc::testing {

using pool::Error;

// Tokens of the private account "hidden", by what they show, and one of another account.
inline const std::string both_token(40, '1');
inline const std::string hashrate_token(40, '2');
inline const std::string earnings_token(40, '3');
inline const std::string other_token(40, '4');

/// A pool of one block and one miner. Accounts "slow…" are answered when `waiting` is called.
class FakePool : public PoolView {
public:
    std::uint64_t generation() const override { return changes; }
    void pool_info(Done<PoolInfo> done) override
    {
        PoolInfo info;
        info.version = "0.1.0";
        info.chain = "regtest";
        info.uptime_s = 42;
        info.height = {812};
        info.retarget = Retarget{{2016}, -0.25};
        info.shares_accepted = 1000;
        info.blocks_found = 2;
        info.credited = {4'950'000'000};
        info.stratum_port = 3333;
        info.tls = true;
        info.v2_authority = "9auq";
        info.web_port = 8080;
        info.readiness = current();
        done(info);
    }
    void readiness(Done<Readiness> done) override { done(current()); }
    void terms(Done<TermsInfo> done) override
    {
        done(TermsInfo{100, "2.125", {100'000}, pool::UnixMillis{7'000}, "https://x/{txid}"});
    }
    void access(const std::string& account, const std::string& token, Done<Access> done) override
    {
        Access access;
        access.account = account;
        access.token_good = token == other_token;
        if (!account.starts_with("hidden")) {
            access.ground = Access::Ground::everybody;
            access.scopes = {true, true};
        } else if (const auto scopes = scopes_of(token);
                   account == "hidden" && scopes && !tokens_revoked) {
            access = {Access::Ground::token, account, *scopes, true};
        }
        done(access);
    }
    void pass(const std::string& token, Done<payouts::AccessSheet::Pass> done) override
    {
        const auto scopes = scopes_of(token);
        if (!scopes) return done(pool::fail(Error::Code::not_found, "no such token"));
        done(payouts::AccessSheet::Pass{"hidden", "an accountant", *scopes, {}});
    }
    void user(const std::string& name, Done<UserInfo> done) override
    {
        ++asked;
        if (name.starts_with("slow")) {
            UserInfo slow;
            slow.account = name;
            waiting = [before = std::move(waiting), done = std::move(done), slow] {
                if (before) before();
                done(slow);
            };
            return;
        }
        if (name != "miner" && name != "farm" && name != "hidden") {
            return done(pool::fail(Error::Code::not_found, "no account " + name));
        }
        UserInfo user;
        user.account = name;
        user.available = {4'950'000'000};
        WorkerInfo worker;
        worker.name = "rig";
        worker.rates.m1 = 8.76e-13;  // gone for long
        worker.rates.h1 = 9.36;
        worker.user_agent = "<script>alert(1)</script>";
        worker.last_share = pool::UnixMillis{1'700'000'400'500};
        worker.session_count = 1;
        worker.earlier = true;
        user.workers =
            std::make_shared<const std::vector<WorkerInfo>>(name == "farm" ? 10'000 : 1, worker);
        done(user);
    }
    void workers(std::size_t limit, const std::string& account,
                 Done<std::vector<WorkerLine>> done) override
    {
        WorkerInfo worker;
        worker.name = "rig";
        worker.user_agent = "\x1b[2J";
        worker.difficulty = 1;
        worker.best_share = 7.5;
        worker.rates.m1 = 4294967296.0 / 6;  // a sixth of a share a second
        worker.rates.m10 = 1;
        done(std::vector<WorkerLine>(std::min<std::size_t>(limit, 3),
                                     {account.empty() ? "miner" : account, worker}));
    }
    void workers_summary(Done<WorkersSummary> done) override
    {
        workers(3, "", [done = std::move(done)](const pool::Result<std::vector<WorkerLine>>& all) {
            WorkersSum sum;
            for (const WorkerLine& line : *all) sum.add(line.worker);
            done(sum.take());
        });
    }
    void worker(const std::string& account, const std::string& name, Done<WorkerInfo> done) override
    {
        if (account == "nobody" || name != "rig") return done(nobody());
        WorkerInfo worker;
        worker.name = name;
        worker.stale = 2;
        worker.rejected = 9;
        worker.duplicate = 3;
        worker.low_difficulty = 1;
        worker.version = 2;
        worker.time = 1;
        worker.session_count = 2;
        worker.sessions.resize(2);
        worker.sessions.front().last_share = pool::UnixMillis{1'700'000'400'500};
        worker.sessions.front().first_share = std::chrono::milliseconds{640};
        worker.sessions.front().first_share_mean = std::chrono::milliseconds{4200};
        done(worker);
    }
    void create_account(const std::string& name, const std::string& address,
                        Done<AccountInfo> done) override
    {
        if (name == "taken") return done(pool::fail(Error::Code::conflict, "that name is taken"));
        done(AccountInfo{name, address});
    }
    void history(const HistoryQuestion& question, Done<HistoryInfo> done) override
    {
        if (question.account == "nobody" || question.site == "none") return done(nobody());
        done(HistoryInfo{question.span.step_s,
                         {{1'700'000'400, 1.5e12, 3, 1}, {1'700'001'000, 0, 0, 0}}});
    }
    void sites(const std::string& account, Done<std::vector<SiteInfo>> done) override
    {
        if (account == "nobody") return done(nobody());
        done(std::vector<SiteInfo>{{"main", 1.5e12, 3, 1}, {"brest", 0, 0, 1}});
    }
    void earnings(const std::string& account, std::uint32_t limit,
                  const std::optional<BlockCursor>& after,
                  Done<std::vector<EarningInfo>> done) override
    {
        if (account == "nobody") return done(nobody());
        std::vector<EarningInfo> earnings;
        for (std::uint32_t height = after ? after->height.value - 1 : 812;
             height > 809 && earnings.size() < limit; --height) {
            EarningInfo& earning = earnings.emplace_back();
            earning.height = {height};
            earning.hash = std::string(64, 'a');
            earning.state = "immature";
            earning.net = {990};
        }
        done(std::move(earnings));
    }
    void payouts(std::uint32_t limit, std::optional<std::uint64_t> before,
                 Done<std::vector<PayoutInfo>> done) override
    {
        PayoutInfo payout{before.value_or(8) - 1,
                          "broadcast",
                          {1'700'000'000'000},
                          std::string(64, 'a'),
                          {50'000},
                          pool::Sats{210},
                          3};
        if (before) {
            payout.state = "approved";
            payout.txid.clear();
            payout.fee.reset();
        }
        done(std::vector<PayoutInfo>(std::min(limit, 2U), payout));
    }
    void payouts_to_follow(std::uint32_t limit, Done<std::vector<PayoutInfo>> done) override
    {
        payouts(limit, {}, std::move(done));
    }
    void payouts_of(const std::string& account, std::uint32_t limit,
                    const std::optional<PaidCursor>& after,
                    Done<std::vector<PaidInfo>> done) override
    {
        if (account == "nobody") return done(nobody());
        std::vector<PaidInfo> out;
        PaidInfo paid{{}, 0, "bcrt1", {20'000}, {}};
        for (const PaidCursor place : {PaidCursor{7, 1}, PaidCursor{7, 4}, PaidCursor{5, 6}}) {
            if ((after && place.line <= after->line) || out.size() == limit) continue;
            paid.payout.id = place.payout;
            paid.line = place.line;
            out.push_back(paid);
        }
        done(std::move(out));
    }
    void window(const std::string& account, Done<WindowInfo> done) override
    {
        if (account == "nobody") return done(nobody());
        done(WindowInfo{0.25, 1, {1000}, {750}, 100});
    }
    void block_answers(const std::string&, Done<std::vector<BlockAnswerInfo>> done) override
    {
        const pool::UnixMillis at{1'700'000'000'000};
        done(std::vector<BlockAnswerInfo>{
            {"local", at, "accepted", "", 7},
            {"north", at, "unanswered", "http://10.0.0.5:8332/ refused the connection", 0},
            {"east", at, "unanswered", "prev-blk-not-found", 2},
            {"south", at, "unanswered", "time-too-new", 2},
            {"west", at, "rejected", "high-hash", 3}});
    }
    void block(const std::string& hash, Done<BlockInfo> done) override
    {
        if (hash != std::string(64, 'a')) return done(nobody());
        BlockInfo block;
        block.height = {812};
        block.hash = hash;
        block.finder = "hidden";
        block.worker = "secret-rig";
        done(block);
    }
    void blocks(std::uint32_t limit, const std::optional<BlockCursor>& after,
                Done<std::vector<BlockInfo>> done) override
    {
        BlockInfo block;
        block.height = {after ? after->height.value - (after->hash.empty() ? 1 : 0) : 812};
        block.hash = std::string(64, after && !after->hash.empty() ? 'b' : 'a');
        block.reward = {5'000'000'123};
        block.subsidy = {5'000'000'000};
        block.coinbase = std::string(64, 'c');
        block.state = "immature";
        block.finder = "miner";
        block.worker = "rig";
        block.finder_public = true;
        std::vector<BlockInfo> blocks(limit < 3 ? limit : 1, block);
        if (blocks.size() > 1) {
            blocks.back().finder = "hidden";
            blocks.back().worker = "secret-rig";
            blocks.back().finder_public = false;
        }
        done(std::move(blocks));
    }
    void ledger(std::uint32_t, const std::string&, Done<std::vector<LedgerLine>> done) override
    {
        done(pool::fail(Error::Code::unavailable, "MySQL at 10.0.0.5 does not answer"));
    }
    void retire_producer(const std::string& name, Done<std::string> done) override { done(name); }
    void accept_gap(const std::string&, const std::string&, Done<std::uint64_t> done) override
    {
        done(7);
    }
    void verify_ledger(Done<LedgerVerdict> done) override
    {
        LedgerVerdict verdict;
        if (ledger_broken) verdict.difference = "slot 7 is not what was sealed";
        done(std::move(verdict));
    }
    void operator_info(Done<OperatorInfo> done) override
    {
        OperatorInfo info;
        info.readiness = current();
        info.readiness.dependencies.push_back({"payouts", false, "held by bob: a strange transfer",
                                               "payouts_held", "bob: a strange transfer"});
        LoopInfo core;
        core.name = "core";
        core.lag_s = 0.002;
        LoopInfo stratum;
        stratum.name = "a-0";
        stratum.stratum = true;
        stratum.connections = 7;
        info.loops = {core, stratum};
        info.nodes.emplace_back().name = "node1";
        info.nodes.back().template_age_ms = 1200;
        info.ledger_known = true;
        info.bans = 1;
        info.banned = {{"192.0.2.0/24", std::chrono::seconds{60}}};
        done(info);
    }
    void share_log(std::size_t, Done<std::vector<ShareLogLine>> done) override
    {
        done(std::vector<ShareLogLine>{});
    }
    void schema(Done<SchemaInfo> done) override { done(SchemaInfo{}); }
    void metrics(Done<std::vector<Metric>> done) override
    {
        ++asked;
        if (metrics_wait) {
            waiting = [done = std::move(done)] { done(std::vector<Metric>{}); };
            return;
        }
        done(std::vector<Metric>{{.name = "zubr_template_height",
                                  .help = "Height of the template.",
                                  .type = MetricType::gauge,
                                  .labels = {},
                                  .value = 813}});
    }
    void stop() override { stopped = true; }

    std::atomic<bool> ready{true};
    std::atomic<bool> ledger_broken{false};
    std::atomic<bool> stopped{false};
    std::atomic<bool> metrics_wait{false};  // for `waiting`
    std::atomic<int> asked{0};
    std::atomic<std::uint64_t> changes{0};
    std::atomic<bool> tokens_revoked{false};
    std::function<void()> waiting;  // touched on the loop only

private:
    static std::optional<payouts::TokenScopes> scopes_of(const std::string& token)
    {
        if (token == both_token) return payouts::TokenScopes{true, true};
        if (token == hashrate_token) return payouts::TokenScopes{true, false};
        if (token == earnings_token) return payouts::TokenScopes{false, true};
        return std::nullopt;
    }
    static tl::unexpected<Error> nobody()
    {
        return pool::fail(Error::Code::not_found, "no account nobody");
    }
    Readiness current() const
    {
        const bool is = ready;
        return {is, {{"node", true, "ok"}, {"mysql", is, is ? "ok" : "away at 10.0.0.5"}}};
    }
};

}  // namespace rpc::testing
