#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pool/base/json.h"
#include "pool/base/types.h"
#include "rpc/views.h"

namespace rpc {

/// A JsonWriter with the members of our answers.
class Members {
public:
    explicit Members(std::string& out) : json_(out) { json_.begin_object(); }
    void text(std::string_view key, std::string_view value) { json_.key(key).string(value); }
    void count(std::string_view key, std::uint64_t value)
    {
        json_.key(key).unsigned_integer(value);
    }
    void flag(std::string_view key, bool value) { json_.key(key).boolean(value); }
    void sats(std::string_view key, pool::Sats value) { json_.key(key).integer(value.value); }
    void number(std::string_view key, double value) { json_.key(key).raw(number_json(value)); }
    void raw(std::string_view key, std::string_view json) { json_.key(key).raw(json); }
    void end() { json_.end_object(); }

private:
    pool::JsonWriter json_;
};

/// values: a vector, or a part of one.
template <typename List, typename Render>
std::string list_json(const List& values, Render render)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_array();
    for (const auto& value : values) json.raw(render(value));
    json.end_array();
    return out;
}

}  // namespace rpc
