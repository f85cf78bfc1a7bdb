#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/integration/rpc_running.h"

namespace rpc::testing {

/// As much of JSON Schema as the OpenAPI document uses; a word it does not know fails.
class Schema {
    using json = nlohmann::json;

public:
    explicit Schema(json document) : document_(std::move(document)) {}

    std::string fault(const json& schema, const json& value, const std::string& where) const
    {
        if (schema.contains("$ref")) {
            const std::string ref = schema["$ref"];
            return fault(document_.at(json::json_pointer{ref.substr(1)}), value, where);
        }
        for (const auto& [word, rule] : schema.items()) {
            const std::string found = judge(word, rule, schema, value, where);
            if (!found.empty()) return found;
        }
        return "";
    }
    /// Of an answer of the path as the document writes it.
    std::string fault_of_answer(const std::string& path, const std::string& answer) const
    {
        const json& responses = document_.at("paths").at(path).at("get").at("responses");
        if (!responses.contains(status_of(answer))) return path + ": status not in the document";
        json response = responses.at(status_of(answer));
        if (response.contains("$ref")) {
            const std::string ref = response["$ref"];
            response = document_.at(json::json_pointer{ref.substr(1)});
        }
        return fault(response.at("content").at("application/json").at("schema"),
                     json::parse(body_of(answer)), path);
    }
    const json& document() const { return document_; }

private:
    std::string judge(const std::string& word, const json& rule, const json& schema,
                      const json& value, const std::string& where) const
    {
        if (word == "type") {
            const std::vector<std::string> types =
                rule.is_array() ? rule.get<std::vector<std::string>>()
                                : std::vector<std::string>{rule.get<std::string>()};
            for (const std::string& type : types) {
                if (type == value.type_name()) return "";
                if (type == "integer" && value.is_number_integer()) return "";
            }
            return where + " is " + value.type_name() + ", not " + rule.dump();
        }
        if (word == "minimum") {
            return value.is_number() && value < rule ? where + " is below " + rule.dump() : "";
        }
        if (word == "required") {
            for (const std::string name : rule) {
                if (!value.contains(name)) return where + " lacks " + name;
            }
            return "";
        }
        if (word == "properties") {
            for (const auto& [name, each] : value.items()) {
                if (!rule.contains(name))
                    return where + " has " + name + ", which nobody described";
                const std::string found = fault(rule.at(name), each, where + "." + name);
                if (!found.empty()) return found;
            }
            return "";
        }
        if (word == "items") {
            for (const json& each : value) {
                const std::string found = fault(rule, each, where + "[]");
                if (!found.empty()) return found;
            }
            return "";
        }
        if (word == "oneOf") {
            std::size_t fitting = 0;
            std::string faults;
            for (const json& each : rule) {
                const std::string found = fault(each, value, where);
                if (found.empty()) ++fitting;
                if (!found.empty()) faults += "; " + found;
            }
            if (fitting == 1) return "";
            return where + " is " + std::to_string(fitting) + " of them" + faults;
        }
        if (word == "additionalProperties" || word == "description") {
            return word == "description" || !rule ? "" : where + ": only false is understood";
        }
        return where + ": the test does not know " + word + " of " + schema.dump();
    }

    json document_;
};

/// The document as a server hands it out.
inline Schema described(const Running& server)
{
    return Schema{nlohmann::json::parse(body_of(get(server.web(), "/api/v1/openapi.json")))};
}

}  // namespace rpc::testing
