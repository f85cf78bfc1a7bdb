#include "tests/fuzz/one_loop.h"

#include <algorithm>
#include <utility>

#include "pool/base/bytes.h"
#include "pool/base/result.h"
#include "pool/bitcoin/target.h"
#include "pool/share/record.h"

namespace tests::fuzz {
namespace {

stratum::ShardOptions options_with(std::shared_ptr<const stratum::v2::Identity> identity)
{
    stratum::ShardOptions options = OneLoop::default_options();
    options.identity = std::move(identity);
    return options;
}

std::shared_ptr<const stratum::AccountDirectory> one_account()
{
    return std::make_shared<const stratum::AccountDirectory>(
        stratum::AccountDirectory{{"user", {1}}});
}

bool is_accepted(const pool::ShareRecord& record) { return record.kind != pool::RecordKind::stale; }

}  // namespace

stratum::ShardOptions OneLoop::default_options()
{
    stratum::ShardOptions options;
    options.session.chain = pool::Chain::regtest;
    options.session.resume = true;
    // Any hash meets 2^-32: what proves work is reached by bytes alone.
    options.session.difficulty = {.min = {-32}, .max = {-32}, .start = {-32}, .vary = false};
    options.prefixes = stratum::prefix_range(7, 0, 1);
    options.seed = 1;
    options.declare_jobs = true;
    return options;
}

OneLoop::OneLoop(std::shared_ptr<const stratum::v2::Identity> identity)
    : OneLoop(options_with(std::move(identity)))
{
}

OneLoop::OneLoop(stratum::ShardOptions options)
    : shard(std::move(options), log, one_account(), [](const auto&) {})
{
    new_job(true);
}

void OneLoop::new_job(bool new_tip)
{
    if (new_tip) ++tip_;
    auto job = std::make_shared<pool::Job>();
    job->id = {0x6a0000 + ++jobs_made_};
    job->height = {900'000};
    job->previous.bytes.fill(tip_);
    job->version = 0x20000000;
    job->rolling_mask = pool::rolling_mask_v1;
    job->bits = {0x1d00ffff};
    job->network_target = pool::difficulty_one_target();
    job->time_min = {pool::to_seconds(now.wall).seconds - 3600};
    job->time_start = pool::to_seconds(now.wall);
    job->coinbase_prefix = pool::from_hex(
                               "020000000100000000000000000000000000000000000000000000"
                               "00000000000000000000ffffffff1003a0bb0d")
                               .value_or(pool::Bytes{});
    job->coinbase_suffix =
        pool::from_hex("ffffffff0100f2052a01000000016a00000000").value_or(pool::Bytes{});
    job->coinbase_suffix.back() = static_cast<std::uint8_t>(jobs_made_);
    job->extranonce_bytes = 12;
    job->reward = {5'000'000'000};
    shard.on_job(std::move(job), now);
    end_turn();
}

void OneLoop::say(pool::SessionId id, std::string_view bytes)
{
    shard.on_bytes(id, pool::as_bytes(bytes), now);
    end_turn();
}

void OneLoop::second_passes()
{
    now.steady += std::chrono::seconds{1};
    now.wall.value += 1000;
    shard.on_tick(now);
    end_turn();
}

void OneLoop::end_turn()
{
    shard.flush(now);
    stratum::Effects effects;
    shard.take_effects(effects, now);
    for (const auto& write : effects.writes) {
        Heard& one = heard[write.session.value];
        pool::check(!one.ended, "nothing is said after the end");
        one.written += write.bytes;
        one.most_in_a_turn = std::max(one.most_in_a_turn, write.bytes.size());
        written += write.bytes;
    }
    for (const auto& close : effects.closes) {
        ended = close.reason;
        heard[close.session.value].ended = close.reason;
    }
}

std::size_t OneLoop::logged() const
{
    return static_cast<std::size_t>(
        std::count_if(log.shares.begin(), log.shares.end(), is_accepted));
}

std::size_t OneLoop::answered_as_accepted() const
{
    return shard.metrics().of(pool::Judgement::accepted).value();
}

std::size_t OneLoop::logged_under(std::string_view prefix_hex) const
{
    const auto prefix = pool::from_hex(prefix_hex).value_or(pool::Bytes{});
    if (prefix.empty()) return 0;
    return static_cast<std::size_t>(
        std::count_if(log.shares.begin(), log.shares.end(), [&prefix](const auto& record) {
            return is_accepted(record) &&
                   std::equal(prefix.begin(), prefix.end(), record.extranonce.begin());
        }));
}

}  // namespace tests::fuzz
