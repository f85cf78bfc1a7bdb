#include "tests/support/solve.h"

#include <span>

#include <gtest/gtest.h>

#include "pool/bitcoin/target.h"
#include "pool/crypto/scan.h"
#include "pool/crypto/sha256.h"
#include "pool/work/job.h"

namespace tests {
namespace {

struct Unsolved {
    std::shared_ptr<const pool::Job> job;
    pool::Header header;
    pool::Bytes coinbase;
};

Unsolved prepare(const std::shared_ptr<const pool::BlockTemplate>& source, std::uint32_t number)
{
    const pool::CoinbasePlan plan{.pay_to = {0x51}, .tag = "/test/", .extranonce_bytes = 4};
    const auto job = pool::make_job(pool::JobId{1}, source, plan, true);
    if (!job) {
        ADD_FAILURE() << job.error().detail;
        return {};
    }
    pool::ByteWriter coinbase;
    coinbase.raw((*job)->coinbase_prefix);
    coinbase.u32(number);
    coinbase.raw((*job)->coinbase_suffix);
    const pool::TxId txid{pool::sha256d(coinbase.bytes())};
    const pool::Header header{.version = (*job)->version,
                              .previous = (*job)->previous,
                              .merkle_root = pool::merkle_root(txid, (*job)->branch),
                              .time = (*job)->time_start,
                              .bits = (*job)->bits,
                              .nonce = 0};
    return {*job, header, coinbase.take()};
}

SolvedBlock finish(const Unsolved& work)
{
    const pool::HeaderBytes bytes = pool::serialise(work.header);
    return {pool::hash_of(work.header), bytes, work.coinbase,
            pool::block_of(*work.job, bytes, work.coinbase)};
}

}  // namespace

SolvedBlock solve(const std::shared_ptr<const pool::BlockTemplate>& source, std::uint32_t number)
{
    Unsolved work = prepare(source, number);
    if (work.job == nullptr) return {};
    const pool::HeaderBytes bytes = pool::serialise(work.header);
    const auto nonce = pool::scan_nonces(std::span{bytes}.first<pool::header_bytes_before_nonce>(),
                                         0, std::uint64_t{1} << 32, work.job->network_target);
    EXPECT_TRUE(nonce.has_value());
    work.header.nonce = nonce.value_or(0);
    return finish(work);
}

SolvedBlock solve_badly(const std::shared_ptr<const pool::BlockTemplate>& source)
{
    Unsolved work = prepare(source, 0);
    if (work.job == nullptr) return {};
    while (pool::meets(pool::hash_of(work.header).bytes, work.job->network_target)) {
        ++work.header.nonce;
    }
    return finish(work);
}

}  // namespace tests
