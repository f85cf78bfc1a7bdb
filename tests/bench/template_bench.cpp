// From a node's answer to the line that miners get: a template of 4,000 transactions, 2.7 MB of
// JSON.
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include <benchmark/benchmark.h>

#include "pool/base/json.h"
#include "pool/node/gbt.h"
#include "pool/work/job.h"
#include "stratum/v1/render.h"

namespace bench {
namespace {

constexpr std::size_t transactions = 4'000;

std::string hex(std::mt19937_64& random, std::size_t bytes)
{
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text(2 * bytes, '0');
    for (char& digit : text) digit = digits[random() % digits.size()];
    return text;
}

std::string answer()
{
    std::mt19937_64 random{5};
    std::string text =
        R"({"version":536870912,"rules":["csv","!segwit","taproot"],"vbavailable":{},)"
        R"("vbrequired":0,"coinbaseaux":{},"coinbasevalue":312900000,"height":900001,)"
        R"("previousblockhash":")" +
        hex(random, 32) + R"(","transactions":[)";
    for (std::size_t i = 0; i < transactions; ++i) {
        if (i > 0) text += ',';
        text += R"({"data":")" + hex(random, 222) + R"(","txid":")" + hex(random, 32) +
                R"(","hash":")" + hex(random, 32) +
                R"(","depends":[],"fee":100,"sigops":4,"weight":561})";
    }
    return text +
           R"(],"target":"7fffff0000000000000000000000000000000000000000000000000000000000",)"
           R"("bits":"207fffff","mintime":1296688603,"curtime":1700000000,)"
           R"("weightlimit":4000000,"sigoplimit":80000,)"
           R"("default_witness_commitment":"6a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c690689799962b48bebd836974e8cf9"})";
}

void full_job(benchmark::State& state)
{
    const std::string text = answer();
    const pool::JsonLimits limits{.bytes_max = std::size_t{64} << 20,
                                  .values_max = std::size_t{1} << 20};
    pool::JsonDocument json;
    std::uint64_t id = 0;
    for (auto _ : state) {
        const auto value = json.parse(text, limits);
        if (!value) return state.SkipWithError("not parsed");
        auto source = pool::parse_template(*value);
        if (!source) return state.SkipWithError(source.error().detail.c_str());
        const auto job = pool::make_job(
            pool::JobId{++id}, std::make_shared<const pool::BlockTemplate>(std::move(*source)),
            {.pay_to = pool::Script(22, 0), .tag = "/zubr/"}, false);
        if (!job) return state.SkipWithError(job.error().detail.c_str());
        benchmark::DoNotOptimize(stratum::v1::render_notify(**job));
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(full_job)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bench
