#pragma once

#include <optional>
#include <string>

#include "pool/base/json.h"
#include "pool/base/result.h"

namespace tests {

/// One blocking call of a JSON-RPC server (a node, zubrd): the text of `result`, or the error.
pool::Result<std::string> json_rpc(const std::string& url, const std::string& cookie_file,
                                   const std::string& method, const std::string& params_json);

/// One blocking GET: status and body.
struct Page {
    int status = 0;
    std::string body;
};
/// header: one line more of the request.
Page http_get(const std::string& url, const std::string& header = "");

/// A member of a JSON object as a number, e.g. number_in(getpoolinfo, "blocks_found").
std::optional<double> number_in(const std::string& object_json, const std::string& key);

}  // namespace tests
