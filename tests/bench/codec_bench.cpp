// Lines of a miner, read.
#include "stratum/v1/codec.h"

#include <string>

#include <benchmark/benchmark.h>

#include "pool/base/json.h"
#include "tests/bench/cycles.h"

namespace bench {
namespace {

void read_submit(benchmark::State& state)
{
    const std::string line =
        R"({"id":4711,"method":"mining.submit","params":["bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4.rig01",)"
        R"("0000018f3a5c1b2e","00000000deadbeef","655e1a2b","1a2b3c4d","00c0a000"]})";
    pool::JsonDocument document;
    Stopwatch watch{state};
    for (auto _ : state) {
        auto request = stratum::v1::read_request(line, document);
        benchmark::DoNotOptimize(request);
    }
    watch.stop(static_cast<double>(state.iterations()));
}
BENCHMARK(read_submit);

}  // namespace
}  // namespace bench
