#pragma once

#include <initializer_list>
#include <string_view>

#include "pool/base/log.h"

namespace pool::log {

/// A line of Level::info that no bar keeps back: it stands for what happened, outside of what it
/// tells of, and nobody may switch it off. Any thread.
void record(std::string_view event, std::initializer_list<Field> fields);

}  // namespace pool::log
