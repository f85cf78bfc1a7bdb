#pragma once

#include <string_view>

#include "pool/app/config_table.h"

namespace pool {

/// "30s" or "2h" for a key in seconds, "64KiB" for one in bytes: the number that the key wants, by
/// the unit that its name ends with. What is no such text, or no whole number of that unit, comes
/// back as it is. Pure.
ConfigValue in_unit_of(std::string_view key, const ConfigValue& value);

}  // namespace pool
