#pragma once

#include "pool/app/books_status.h"
#include "pool/app/live.h"
#include "pool/base/time.h"
#include "rpc/operator_info.h"

namespace pool {

/// May miners be sent here, and if not, what is in the way? Pure.
rpc::Readiness readiness_of(const LiveState& state, const BooksStatus& books, SteadyTime now);

}  // namespace pool
