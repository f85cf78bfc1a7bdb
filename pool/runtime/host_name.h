#pragma once

#include <functional>
#include <string>

#include "pool/base/result.h"
#include "pool/runtime/loop.h"

namespace pool {

/// Finds a host's numeric address without holding up the loop: `done` runs on it, later. Asked
/// anew each time, for a name may move. A Loop that dies does not call `done`.
/// Errors: unavailable, with a sentence that names the host.
void look_up_host(Loop& loop, const std::string& host,
                  std::function<void(Result<std::string>)> done);

}  // namespace pool
