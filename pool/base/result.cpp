#include "pool/base/result.h"

#include <cstdio>
#include <cstdlib>
#include <source_location>
#include <string_view>

namespace pool {

// Plain stdio on purpose: this must work when the logger itself is what is broken.
void end_of_bug(std::string_view why, std::source_location where)
{
    std::fprintf(stderr, "bug at %s:%u in %s: this did not hold: %.*s\n", where.file_name(),
                 static_cast<unsigned>(where.line()), where.function_name(),
                 static_cast<int>(why.size()), why.data());
    std::abort();
}

}  // namespace pool
