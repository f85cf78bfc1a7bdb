#include "rpc/exposition.h"

#include <limits>

#include <gtest/gtest.h>

namespace rpc {
namespace {

TEST(Exposition, GroupsSeriesOfOneNameUnderOneHead)
{
    const std::vector<Metric> metrics{
        {.name = "zubr_shares_total",
         .help = "Shares.",
         .type = MetricType::counter,
         .labels = {{"result", "accepted"}},
         .value = 9007199254740991.0},
        {.name = "zubr_height", .help = "Tip.", .type = MetricType::gauge, .value = 812},
        {.name = "zubr_shares_total",
         .help = "Shares.",
         .type = MetricType::counter,
         .labels = {{"result", "rejected"}, {"reason", "stale"}},
         .value = 2},
    };
    EXPECT_EQ(exposition(metrics),
              "# HELP zubr_shares_total Shares.\n"
              "# TYPE zubr_shares_total counter\n"
              "zubr_shares_total{result=\"accepted\"} 9007199254740991\n"
              "zubr_shares_total{result=\"rejected\",reason=\"stale\"} 2\n"
              "# HELP zubr_height Tip.\n"
              "# TYPE zubr_height gauge\n"
              "zubr_height 812\n");
}

TEST(Exposition, EscapesLabels)
{
    const std::vector<Metric> metrics{{.name = "zubr_x",
                                       .help = "X.",
                                       .type = MetricType::gauge,
                                       .labels = {{"name", "a\"b\\c\nzubr_y 1"}},
                                       .value = 1}};
    EXPECT_EQ(exposition(metrics),
              "# HELP zubr_x X.\n# TYPE zubr_x gauge\n"
              "zubr_x{name=\"a\\\"b\\\\c\\nzubr_y 1\"} 1\n");
}

TEST(Exposition, WritesHistogramsWithTheirLastBucketAsCount)
{
    const std::vector<Metric> metrics{
        {.name = "zubr_seconds",
         .help = "S.",
         .type = MetricType::histogram,
         .value = 1.5,
         .buckets = {{1, 3}, {std::numeric_limits<double>::infinity(), 4}}}};
    EXPECT_EQ(exposition(metrics),
              "# HELP zubr_seconds S.\n# TYPE zubr_seconds histogram\n"
              "zubr_seconds_count 4\nzubr_seconds_sum 1.5\n"
              "zubr_seconds_bucket{le=\"1\"} 3\nzubr_seconds_bucket{le=\"+Inf\"} 4\n");
}

}  // namespace
}  // namespace rpc
