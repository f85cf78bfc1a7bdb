#include "rpc/events_told.h"

#include "pool/base/json.h"

namespace rpc {
namespace {

using pool::Error;
using pool::fail;
using pool::JsonValue;
using pool::Result;

// A few hundred of each at most, with room for names of states to come.
constexpr pool::JsonLimits limits{std::size_t{1} << 20, 8, 20'000};

}  // namespace

std::string to_text(const EventsTold& told)
{
    std::string out;
    pool::JsonWriter json{out};
    json.begin_object();
    if (const auto& blocks = told.blocks) {
        json.key("blocks").begin_object();
        for (const auto& [hash, state] : *blocks) json.key(hash).string(state);
        json.end_object();
    }
    if (const auto& payouts = told.payouts) {
        json.key("payouts").begin_array();
        for (const auto& [id, state] : *payouts) {
            json.begin_object().key("payout").unsigned_integer(id);
            json.key("state").string(state).end_object();
        }
        json.end_array();
    }
    json.end_object();
    return out + "\n";
}

Result<EventsTold> events_told_from(std::string_view text)
{
    pool::JsonDocument document;
    const auto root = document.parse(text, limits);
    if (!root) return fail(root.error());
    if (root->type() != JsonValue::Type::object) return fail(Error::Code::invalid, "no object");
    EventsTold told;
    if (const JsonValue blocks = root->find("blocks"); blocks.exists()) {
        auto& states = told.blocks.emplace();
        for (const JsonValue& block : blocks) {
            const auto state = block.string();
            if (!state) return fail(Error::Code::invalid, "a block without a state");
            states.emplace(block.key(), *state);
        }
    }
    if (const JsonValue payouts = root->find("payouts"); payouts.exists()) {
        auto& states = told.payouts.emplace();
        for (const JsonValue& payout : payouts) {
            const auto id = payout.find("payout").uint64();
            const auto state = payout.find("state").string();
            if (!id || !state) return fail(Error::Code::invalid, "a payout without a state");
            states.emplace(*id, *state);
        }
    }
    return told;
}

}  // namespace rpc
