#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

/// What the texts of zubr-cli are put together from. Only they include it.
namespace rpc::cli {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

/// Of what is no JSON a value that is_discarded().
Json parse(const std::string& text);
/// Without what a terminal would act upon; line ends only where `lines`.
std::string safe(std::string text, bool lines);
/// indent: -1 for one line.
std::string dump(const Json& value, int indent);
std::string cell(const Json& value);
/// 0 when it is no number, or not there.
double number(const Json& object, const char* key);
/// "-" when it is not there.
std::string member(const Json& object, const char* key);
/// Columns as wide as their widest cell; numbers to the right.
std::string aligned(const std::vector<Row>& rows, const std::vector<bool>& to_right);

}  // namespace rpc::cli
