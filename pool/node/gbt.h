#pragma once

#include "pool/base/json.h"
#include "pool/base/result.h"
#include "pool/base/types.h"
#include "pool/work/template.h"

namespace pool {

/// Reads the `result` of getblocktemplate (BIP 22, 23, 9, 145).
///
/// Every field that a job is made of is checked: presence, type, range, and `target` against
/// `bits`. Refused loudly: a rule marked '!' that we do not know (we could build an invalid
/// block), and a signet whose challenge is not OP_TRUE (we cannot sign for it).
/// Errors: invalid, naming the field. Pure.
Result<BlockTemplate> parse_template(const JsonValue& result);

}  // namespace pool
