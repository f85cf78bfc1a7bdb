#pragma once

#include "rpc/cli/call.h"

namespace rpc::cli {

/// `-top`: the pool and its strongest workers, drawn anew every two seconds until Ctrl-C. When
/// stdout is no terminal: once, as many workers as there are. Returns the exit code.
int show_top(const Server& server);

}  // namespace rpc::cli
