#pragma once

#include <cstdint>

#include "pool/app/books_status.h"
#include "pool/app/live.h"
#include "pool/base/time.h"
#include "rpc/operator_info.h"

namespace pool {

/// May miners be sent here, and if not, what is in the way? Pure.
rpc::Readiness readiness_of(const LiveState& state, const BooksStatus& books, Now now);

/// Age in ms of the oldest share that MySQL does not have, be it in Redis or in a journal still.
/// Pure.
std::uint64_t books_lag_ms(const LiveState& state, const BooksStatus& books, Now now);

}  // namespace pool
