// What a pool asks of a block that a miner has put together itself: each rule by itself.
#include "stratum/v2/custom_job.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "pool/bitcoin/block.h"
#include "pool/bitcoin/coinbase.h"
#include "pool/bitcoin/transaction.h"
#include "pool/crypto/sha256.h"
#include "pool/share/check.h"
#include "stratum/v2/wire_job.h"

namespace tests {
namespace {

using namespace stratum::v2;  // NOLINT(google-build-using-namespace): all of it, here
using pool::Sats;
using pool::TxOutput;

constexpr pool::UnixTime now{1'750'000'000};
constexpr std::int64_t subsidy = 312'500'000;

// A job of ours as the work desk makes them: the template pays some fees on top of the subsidy.
std::shared_ptr<const pool::Job> own_job()
{
    auto source = std::make_shared<pool::BlockTemplate>();
    source->height = {900'000};
    source->previous.bytes.fill(1);
    source->version = 0x20000000;
    source->bits = {0x1703a30c};
    source->time_min = {now.seconds - 3600};
    source->time_now = now;
    source->reward = Sats{subsidy + 5'000'000};
    source->fees = Sats{5'000'000};
    pool::CoinbasePlan plan{.pay_to = {0x00, 0x14, 7, 7, 7}, .tag = "/zubr/"};
    plan.chain_head.fill(9);
    return pool::make_job({77}, source, plan, true).value_or(nullptr);
}

// Everything that a custom job is made of, owned; a good one until it is spoilt.
struct Wish {
    std::shared_ptr<const pool::Job> own = own_job();
    MiningToken token{.issued = now, .serial = 42, .account = {}, .chain_head = {}};
    SetCustomJob call;
    pool::Bytes prefix = pool::bip34_height({900'000});
    std::vector<TxOutput> outputs;

    Wish()
    {
        token.chain_head = terms_of(*own).chain_head;
        outputs = pool::parse_outputs(required_outputs(terms_of(*own), token.serial))
                      .value_or(std::vector<TxOutput>{});
        outputs.at(0).value = Sats{subsidy + 7};
        call.version = 0x20000000;
        call.previous = own->previous.bytes;
        call.min_time = own->time_min.seconds;
        call.bits = own->bits.value;
        call.coinbase_version = 2;
        call.coinbase_sequence = 0xffffffff;
        call.merkle_path.values = {pool::Digest{1}, pool::Digest{2}};
    }
    tl::expected<pool::Job, CustomFault> made()
    {
        const pool::Bytes serialised = pool::serialise(outputs);
        return made_of(serialised);
    }
    tl::expected<pool::Job, CustomFault> made_of(const pool::Bytes& bytes)
    {
        call.coinbase_prefix = {prefix};
        call.coinbase_outputs = {bytes};
        return make_custom_job(call, token, *own, now);
    }
    std::string_view fault()
    {
        const auto job = made();
        return job ? "none" : code_of(job.error());
    }
};

TEST(CustomJob, IsWhatItsDeclaratorHashes)
{
    Wish wish;
    const auto job = wish.made();
    ASSERT_TRUE(job.has_value());
    EXPECT_TRUE(job->declared);
    EXPECT_EQ(job->reward, Sats{subsidy + 7});
    EXPECT_EQ(job->height, pool::Height{900'000});

    pool::Transaction coinbase{.version = 2, .inputs = {}, .outputs = wish.outputs, .lock_time = 0};
    pool::TxInput input;
    input.previous_index = 0xffffffff;
    input.script = wish.prefix;
    pool::Extranonce extranonce;
    extranonce.prefix_length = 4;
    extranonce.length = 12;
    for (std::uint8_t i = 0; i < 12; ++i) extranonce.bytes[i] = i;
    input.script.insert(input.script.end(), extranonce.bytes.begin(),
                        extranonce.bytes.begin() + 12);
    coinbase.inputs.push_back(input);
    EXPECT_EQ(pool::coinbase_of(*job, extranonce),
              pool::serialise(coinbase, pool::WitnessForm::without));
    ASSERT_EQ(job->branch.size(), 2U);
    EXPECT_EQ(job->branch[1].bytes, pool::Digest{2});
}

TEST(CustomJob, MayHaveItsOutputsInAnyOrderAndMoreThatHoldNothing)
{
    Wish wish;
    std::swap(wish.outputs[0], wish.outputs[2]);
    wish.outputs.push_back({Sats{0}, {0x6a, 1, 1}});
    EXPECT_EQ(wish.fault(), "none");
}

TEST(CustomJob, MayBeFinalInEveryWayThatBitcoinKnows)
{
    Wish wish;  // as Bitcoin Core 30 makes coinbases
    wish.call.coinbase_sequence = 0xfffffffe;
    wish.call.coinbase_locktime = 899'999;
    EXPECT_EQ(wish.fault(), "none");
    wish.call.coinbase_locktime = wish.own->time_min.seconds - 2;
    EXPECT_EQ(wish.fault(), "none");
    wish.call.coinbase_locktime = 0xffffffff;
    wish.call.coinbase_sequence = 0xffffffff;
    EXPECT_EQ(wish.fault(), "none");
}

TEST(CustomJob, IsRefusedForEachThingThatIsWrongWithItByItsName)
{
    struct Case {
        std::string_view what;
        std::function<void(Wish&)> spoil;
        std::string_view fault;
    };
    const std::vector<Case> cases{
        {"a version without BIP 9's bits", [](Wish& w) { w.call.version = 4; }, "invalid-version"},
        {"another tip", [](Wish& w) { w.call.previous[31] = 5; }, "stale-chain-tip"},
        {"an easier target", [](Wish& w) { w.call.bits = 0x1d00ffff; }, "invalid-nbits"},
        {"a time before the median", [](Wish& w) { w.call.min_time -= 1; }, "invalid-min-ntime"},
        {"a time two hours ahead",
         [](Wish& w) { w.call.min_time = now.seconds + pool::time_ahead_max_seconds + 1; },
         "invalid-min-ntime"},
        {"coinbase version 0", [](Wish& w) { w.call.coinbase_version = 0; },
         "invalid-coinbase-tx-version"},
        {"coinbase version 3", [](Wish& w) { w.call.coinbase_version = 3; },
         "invalid-coinbase-tx-version"},
        {"another height", [](Wish& w) { w.prefix = pool::bip34_height({900'001}); },
         "invalid-coinbase-prefix"},
        {"no height", [](Wish& w) { w.prefix.clear(); }, "invalid-coinbase-prefix"},
        {"no room for the extranonce", [](Wish& w) { w.prefix.resize(89); },
         "invalid-coinbase-prefix"},
        {"a lock that is not over yet",
         [](Wish& w) {
             w.call.coinbase_sequence = 0xfffffffe;
             w.call.coinbase_locktime = 900'000;
         },
         "invalid-coinbase-tx-locktime"},
        {"a lock until a time to come",
         [](Wish& w) {
             w.call.coinbase_sequence = 0;
             w.call.coinbase_locktime = w.own->time_min.seconds;
         },
         "invalid-coinbase-tx-locktime"},
        {"nothing for the pool", [](Wish& w) { w.outputs[0].value = Sats{0}; },
         "invalid-coinbase-tx-outputs"},
        {"less than the subsidy", [](Wish& w) { w.outputs[0].value = Sats{subsidy - 1}; },
         "invalid-coinbase-tx-outputs"},
        {"another payout", [](Wish& w) { w.outputs[0].script.back() ^= 1; },
         "invalid-coinbase-tx-outputs"},
        {"a payout to somebody else beside",
         [](Wish& w) { w.outputs.push_back({Sats{1}, {0x51}}); }, "invalid-coinbase-tx-outputs"},
        {"no head of the slot chain", [](Wish& w) { w.outputs.erase(w.outputs.begin() + 1); },
         "invalid-coinbase-tx-outputs"},
        {"another head", [](Wish& w) { w.outputs[1].script.back() ^= 1; },
         "invalid-coinbase-tx-outputs"},
        {"two heads", [](Wish& w) { w.outputs.push_back(w.outputs[1]); },
         "invalid-coinbase-tx-outputs"},
        {"no serial", [](Wish& w) { w.outputs.pop_back(); }, "invalid-coinbase-tx-outputs"},
        {"the serial of another token", [](Wish& w) { w.token.serial = 43; },
         "invalid-coinbase-tx-outputs"},
        {"the serial of another token beside its own",
         [](Wish& w) {
             w.outputs.push_back(w.outputs[2]);
             w.outputs[2].script.back() ^= 1;
         },
         "invalid-coinbase-tx-outputs"},
        {"a sum that no money has",
         [](Wish& w) { w.outputs.push_back({Sats{2'100'000'000'000'000}, w.outputs[0].script}); },
         "invalid-coinbase-tx-outputs"},
        {"a negative value", [](Wish& w) { w.outputs.push_back({Sats{-1}, {0x51}}); },
         "invalid-coinbase-tx-outputs"},
        {"more outputs than a coinbase needs",
         [](Wish& w) { w.outputs.push_back({Sats{0}, pool::Script(1000)}); },
         "invalid-coinbase-tx-outputs"},
        {"a path deeper than any block's", [](Wish& w) { w.call.merkle_path.values.resize(17); },
         "invalid-merkle-path"},
    };
    EXPECT_EQ(Wish{}.fault(), "none");
    for (const Case& each : cases) {
        Wish wish;
        each.spoil(wish);
        EXPECT_EQ(wish.fault(), each.fault) << each.what;
    }
    Wish longest;
    longest.prefix.resize(88);
    longest.call.merkle_path.values.resize(16);
    EXPECT_EQ(longest.fault(), "none");
}

TEST(CustomJob, WhoseOutputsDoNotEndWhereTheyShouldIsRefused)
{
    Wish wish;
    pool::Bytes bytes = pool::serialise(wish.outputs);
    bytes.push_back(0);
    EXPECT_FALSE(wish.made_of(bytes).has_value());
    for (std::size_t length = 0; length + 1 < bytes.size(); ++length) {
        ASSERT_FALSE(wish.made_of({bytes.begin(), bytes.begin() + static_cast<long>(length)}));
    }
}

TEST(CustomJob, KeepsTheVersionBitsThatTheChainRequires)
{
    Wish wish;
    auto own = std::make_shared<pool::Job>(*wish.own);
    own->rolling_mask = pool::rolling_mask_v1 & ~0x00002000U;
    wish.own = own;
    EXPECT_EQ(wish.fault(), "invalid-version");
    wish.call.version |= 0x00002000U;
    const auto job = wish.made();
    ASSERT_TRUE(job.has_value());
    EXPECT_EQ(rolling_mask_of(*job), rolling_mask_v2 & ~0x00002000U);
}

}  // namespace
}  // namespace tests
