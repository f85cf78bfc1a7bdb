#include "rpc/worker_exposition.h"

#include <string>

#include <gtest/gtest.h>

namespace rpc {
namespace {

TEST(WorkerExposition, GivesEachWorkerItsSeriesUnderOneHeadAName)
{
    WorkerInfo worker;
    worker.name = "hall-7";
    worker.rates.m5 = 1.5e15;
    worker.rates.h1 = 1e15;
    worker.accepted = 7;
    worker.stale = 2;
    worker.rejected = 1;
    worker.session_count = 1;
    worker.difficulty = 65536;
    worker.last_share = pool::UnixMillis{1'800'000'000'500};
    WorkerInfo silent;
    silent.name = "hall-8";
    const std::string shown = worker_exposition({{"farm", worker}, {"ann", silent}});
    EXPECT_EQ(shown.substr(0, shown.find("# HELP zubr_worker_shares_total")),
              "# HELP zubr_worker_hashrate_hps Of a worker, by averaging window\n"
              "# TYPE zubr_worker_hashrate_hps gauge\n"
              "zubr_worker_hashrate_hps{account=\"farm\",worker=\"hall-7\",window=\"5m\"} "
              "1500000000000000\n"
              "zubr_worker_hashrate_hps{account=\"farm\",worker=\"hall-7\",window=\"1h\"} "
              "1000000000000000\n"
              "zubr_worker_hashrate_hps{account=\"ann\",worker=\"hall-8\",window=\"5m\"} 0\n"
              "zubr_worker_hashrate_hps{account=\"ann\",worker=\"hall-8\",window=\"1h\"} 0\n");
    for (const char* const line :
         {"# TYPE zubr_worker_shares_total counter",
          "zubr_worker_shares_total{account=\"farm\",worker=\"hall-7\",result=\"accepted\"} 7",
          "zubr_worker_shares_total{account=\"farm\",worker=\"hall-7\",result=\"stale\"} 2",
          "zubr_worker_shares_total{account=\"farm\",worker=\"hall-7\",result=\"rejected\"} 1",
          "zubr_worker_connections{account=\"farm\",worker=\"hall-7\"} 1",
          "zubr_worker_difficulty{account=\"farm\",worker=\"hall-7\"} 65536",
          "zubr_worker_last_share_timestamp_seconds{account=\"farm\",worker=\"hall-7\"} "
          "1800000000.5",
          "zubr_worker_last_share_timestamp_seconds{account=\"ann\",worker=\"hall-8\"} 0"}) {
        EXPECT_NE(shown.find(std::string{"\n"} + line + "\n"), std::string::npos) << line;
    }
}

TEST(WorkerExposition, LetsNoNameEndItsLabel)
{
    WorkerInfo worker;
    worker.name = "a\"} 1\nb\\";
    const std::string shown = worker_exposition({{"farm", worker}});
    EXPECT_NE(shown.find(R"(worker="a\"} 1\nb\\"} 0)"), std::string::npos) << shown;
}

}  // namespace
}  // namespace rpc
