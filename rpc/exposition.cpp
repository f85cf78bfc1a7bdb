#include "rpc/exposition.h"

#include <map>
#include <sstream>
#include <utility>

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>
#include <prometheus/text_serializer.h>

namespace rpc {
namespace {

prometheus::MetricType type_of(MetricType type)
{
    switch (type) {
        case MetricType::counter:
            return prometheus::MetricType::Counter;
        case MetricType::gauge:
            return prometheus::MetricType::Gauge;
        case MetricType::histogram:
            return prometheus::MetricType::Histogram;
    }
    return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric series_of(const Metric& metric)
{
    prometheus::ClientMetric series;
    for (const auto& [name, value] : metric.labels) series.label.push_back({name, value});
    switch (metric.type) {
        case MetricType::counter:
            series.counter.value = metric.value;
            break;
        case MetricType::gauge:
            series.gauge.value = metric.value;
            break;
        case MetricType::histogram:
            series.histogram.sample_sum = metric.value;
            for (const MetricBucket& bucket : metric.buckets) {
                series.histogram.bucket.push_back({bucket.cumulative_count, bucket.upper_bound});
                series.histogram.sample_count = bucket.cumulative_count;
            }
            break;
    }
    return series;
}

}  // namespace

std::string exposition(const std::vector<Metric>& metrics)
{
    std::vector<prometheus::MetricFamily> families;
    std::map<std::string_view, std::size_t> places;
    for (const Metric& metric : metrics) {
        const auto [found, added] = places.emplace(metric.name, families.size());
        if (added) {
            prometheus::MetricFamily family;
            family.name = metric.name;
            family.help = metric.help;
            family.type = type_of(metric.type);
            families.push_back(std::move(family));
        }
        families[found->second].metric.push_back(series_of(metric));
    }
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, families);
    return std::move(out).str();
}

}  // namespace rpc
