#pragma once

#include "pool/app/config.h"
#include "pool/app/work_desk.h"
#include "pool/base/time.h"

namespace pool {

/// How the configuration wants work to be made. first_job begins where no earlier life can have
/// come to; chain_head is still to be set.
WorkDeskOptions work_options(const Config& config, UnixMillis now);

}  // namespace pool
