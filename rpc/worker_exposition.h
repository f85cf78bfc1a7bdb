#pragma once

#include <string>
#include <vector>

#include "rpc/pool_view.h"

namespace rpc {

/// What these workers do, in Prometheus' text format. Not by way of Metric: ten thousand workers
/// are eighty thousand series.
std::string worker_exposition(const std::vector<WorkerLine>& lines);

}  // namespace rpc
