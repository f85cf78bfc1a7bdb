#pragma once

#include <optional>
#include <string_view>

#include "pool/base/bytes.h"

namespace stratum::v2 {

/// The worker's name that extension 0x0002 puts behind a SubmitSharesExtended: at most 32 bytes of
/// anything. The field's head is read in either byte order: the specification's example and the
/// reference implementation differ.
/// rest: what follows the message's last field. Other fields are stepped over.
std::optional<std::string_view> read_worker_name(pool::ByteSpan rest);

}  // namespace stratum::v2
